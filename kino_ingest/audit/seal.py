"""Sealing: entries of the audit that wait get their place in the hash chain.

One sealer at a time, under an advisory lock that ends with its transaction.
"""

from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kino_core.database import Database, ReadSession, WriteSession
from kino_core.events import Event, Source, canonical_json
from kino_ingest.audit.chain import BEGINNING, AuditKey, link
from kino_ingest.landing import land
from kino_ingest.sql import read_sql

MOST_AT_ONCE = 1_000
LOCK = 0x6B61_7564_6974
"""Key of the advisory lock under which the chain grows or is cut."""
EVERY_MINUTES = 5
"""How often the log is told: nobody can cut off more of the end unnoticed."""
ANCHORED = "audit_sealed"
"""The type of the event that tells a seal to the landing log."""
LATE = timedelta(minutes=5)
"""Entries that wait longer than this show that nobody seals."""


@dataclass(frozen=True)
class Unsealed:
    """How many entries wait for their seal, and since when the oldest does."""

    entries: int
    since: datetime | None
    late: bool


def seal_next(database: Database, *, most: int = MOST_AT_ONCE) -> int:
    """Seal the oldest entries that wait and return how many they were; 0 while somebody else seals."""
    with database.write() as session:
        return seal_waiting(session, most) if lock_chain(session) else 0


def seal_waiting(session: WriteSession, most: int = MOST_AT_ONCE) -> int:
    """Do the same in a transaction that holds the chain's lock."""
    position, sealed = _last(session)
    taken = session.exec_driver_sql(read_sql("audit_take"), {"most": most}).mappings().all()
    if not taken:
        return 0
    hashes = []
    for entry in taken:
        sealed = link(sealed, entry)
        hashes.append(sealed)
    session.exec_driver_sql(
        read_sql("audit_seal"),
        {
            "positions": list(range(position + 1, position + 1 + len(taken))),
            "ids": [entry["id"] for entry in taken],
            "occurred_at": [entry["occurred_at"] for entry in taken],
            "hashes": hashes,
        },
    )
    return len(taken)


def anchor(database: Database, key: AuditKey, *, now: datetime | None = None) -> int | None:
    """Tell the newest seal to the landing log, signed, when five minutes with new ones are over; return its position.

    Whoever cuts off the end of the chain after that, or writes it anew, contradicts the log.
    """
    now = now or datetime.now(UTC)
    with database.write() as session:
        if not lock_chain(session):
            return None
        position, sealed = _last(session)
        since = session.exec_driver_sql(read_sql("audit_unanchored")).scalar()
        begun = now.replace(minute=now.minute - now.minute % EVERY_MINUTES, second=0, microsecond=0)
        if since is None or since >= begun:
            return None
        facts = {"position": position, "hash": sealed.hex()}
        signature = b64encode(key.sign(facts)).decode()
        tell(session, ANCHORED, f"audit-sealed/{position}", facts | {"key": key.id, "signature": signature})
        session.exec_driver_sql(
            "INSERT INTO kino.audit_anchor (position, anchored_at) VALUES (%(position)s, %(now)s)",
            {"position": position, "now": now},
        )
        return position


def unsealed(session: ReadSession | WriteSession) -> Unsealed:
    """Return what waits for its seal."""
    row = session.exec_driver_sql(
        "SELECT count(*) AS entries, min(occurred_at) AS since, coalesce(min(occurred_at) < now() - %(late)s, false)"
        " AS late FROM kino.audit_unsealed",
        {"late": LATE},
    ).one()
    return Unsealed(row.entries, row.since, row.late)


def lock_chain(session: WriteSession, *, wait: bool = False) -> bool:
    """Return whether this transaction alone may change the chain now; with `wait` it always may, once it is free."""
    if wait:
        session.exec_driver_sql("SELECT pg_advisory_xact_lock(%(key)s)", {"key": LOCK})
        return True
    return bool(session.exec_driver_sql("SELECT pg_try_advisory_xact_lock(%(key)s)", {"key": LOCK}).scalar())


def tell(session: WriteSession, kind: str, event_id: str, body: dict[str, object]) -> None:
    """Append an event about the audit to the landing log."""
    event = Event(
        source=Source.KINO,
        event_id=event_id,
        type=kind,
        occurred_at=datetime.now(UTC),
        body=body,
        raw=canonical_json(body),
    )
    land(session, [event])


def _last(session: WriteSession) -> tuple[int, bytes]:
    row = session.exec_driver_sql(
        "SELECT position, hash FROM kino.audit_seal ORDER BY position DESC LIMIT 1"
    ).one_or_none()
    return (row.position, bytes(row.hash)) if row else (0, BEGINNING)
