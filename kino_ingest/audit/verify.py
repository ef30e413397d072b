"""Verifying: the whole chain from its beginning, against the entries, the landing log and the signatures.

Read in pages, so that memory does not grow with the audit; only anchors and cuts, a few a day, are held whole.
"""

import hashlib
import uuid
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from kino_core.database import Database
from kino_core.errors import KinoError
from kino_ingest.audit.chain import BEGINNING, AuditKey
from kino_ingest.audit.redaction import Place, is_as_left, redactions_of
from kino_ingest.audit.seal import ANCHORED, Unsealed, unsealed
from kino_ingest.sql import read_sql

PAGE = 2_000


class Misfit(StrEnum):
    """What does not fit."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REWRITTEN = "rewritten"
    CUT_OFF = "cut_off"
    FORGED = "forged"
    UNSEALED = "unsealed"


SENTENCES = {
    Misfit.CHANGED: "The entry is not what was sealed, or what an erasure left of it, or stands in another's place.",
    Misfit.REMOVED: "The entry or its seal was taken out.",
    Misfit.INSERTED: "The entry was put in without Kino.",
    Misfit.REWRITTEN: "The chain was written anew: the landing log was told another hash.",
    Misfit.CUT_OFF: "The end of the chain is missing: the landing log was told of more entries.",
    Misfit.FORGED: "A signature is not by this Kino's key.",
    Misfit.UNSEALED: "The entry waits for its seal for too long. Does the worker run?",
}


TABLES = (
    "kino.audit",
    "kino.audit_seal",
    "kino.audit_unsealed",
    "kino.audit_anchor",
    "kino.audit_cut",
    "kino.audit_redaction",
    "landing.event",
)
"""What is read to verify the audit."""


class AuditMissing(KinoError):
    """Tables of the audit are not there."""

    code = "AUDIT_MISSING"


@dataclass(frozen=True)
class Found:
    """The first thing that does not fit: at which place in the chain, and which entry, where they are known."""

    misfit: Misfit
    position: int | None
    audit_id: int | None
    occurred_at: datetime | None

    @property
    def sentence(self) -> str:
        """Say it to a person."""
        return SENTENCES[self.misfit]


@dataclass(frozen=True)
class Verdict:
    """What the chain is like; `found` is None when all is in order.

    Of the sealed entries `dropped` were old enough to go, and `redacted` are what so many `erasures` made of them.
    """

    sealed: int
    dropped: int
    redacted: int
    erasures: int
    anchors: int
    waiting: Unsealed
    found: Found | None


@dataclass(frozen=True)
class _Anchor:
    position: int
    hash: bytes


@dataclass
class _Cut:
    starts: datetime
    ends: datetime
    entries: int
    digest: bytes
    seen: int = 0
    running: Any = field(default_factory=hashlib.sha256)


class _Walk:
    """Goes along the chain; `found` is the first thing that did not fit."""

    def __init__(self, key: AuditKey, anchors: Mapping[int, _Anchor], cuts: list[_Cut]) -> None:
        self.position = 0
        self.dropped = 0
        self.redacted = 0
        self.erasures: set[uuid.UUID] = set()
        self._key = key
        self._hash = BEGINNING
        self._anchors = anchors
        self._cuts = cuts

    def step(self, row: Mapping[Any, Any]) -> Found | None:
        """Go on to the next seal and say what is wrong with it."""
        expected, self.position = self.position + 1, row["position"]
        if self.position != expected:
            return Found(Misfit.REMOVED, expected, None, None)
        sealed = bytes(row["hash"])
        misfit = self._misfit(row, Place(self.position, sealed, self._hash))
        told = self._anchors.get(self.position)
        if misfit is None and told is not None and told.hash != sealed:
            misfit = Misfit.REWRITTEN
        self._hash = sealed
        return Found(misfit, self.position, row["id"], row["occurred_at"]) if misfit else None

    def end(self) -> Found | None:
        """Say what is missing once the last seal was read."""
        beyond = [each for each in self._anchors if each > self.position]
        if beyond:
            return Found(Misfit.CUT_OFF, self.position + 1, None, None)
        for cut in self._cuts:
            if (cut.seen, cut.running.digest()) != (cut.entries, cut.digest):
                return Found(Misfit.REMOVED, None, None, cut.starts)
        return None

    def _misfit(self, row: Mapping[Any, Any], place: Place) -> Misfit | None:
        redactions = redactions_of(row)
        if not all(each.is_by(self._key, place) for each in redactions):
            return Misfit.FORGED
        if row["action"] is None:
            return None if self._is_cut(row, bytes(row["hash"])) else Misfit.REMOVED
        if redactions:
            self.redacted += 1
            self.erasures.update(each.redaction.erasure_id for each in redactions)
        return None if is_as_left(row, place, redactions) else Misfit.CHANGED

    def _is_cut(self, row: Mapping[Any, Any], sealed: bytes) -> bool:
        for cut in self._cuts:
            if cut.starts <= row["occurred_at"] < cut.ends:
                cut.seen += 1
                cut.running.update(cut_part(self.position, sealed))
                self.dropped += 1
                return True
        return False


def verify_audit(database: Database, key: AuditKey) -> Verdict:
    """Walk the whole chain and return what it is like; stops at the first thing that does not fit.

    Raises AuditMissing.
    """
    _check_tables(database)
    anchors, forged = _anchors(database, key)
    cuts, forged_cut = _cuts(database, key)
    walk = _Walk(key, anchors, cuts)
    found = forged or forged_cut
    pages = _pages(database) if found is None else ()
    for row in pages:
        found = walk.step(row)
        if found is not None:
            break
    with database.read() as session:
        waiting = unsealed(session)
        stray = session.exec_driver_sql(read_sql("audit_stray")).one_or_none()
        oldest = session.exec_driver_sql(
            "SELECT audit_id, occurred_at FROM kino.audit_unsealed ORDER BY occurred_at LIMIT 1"
        ).one_or_none()
    found = found or walk.end()
    if found is None and stray is not None:
        found = Found(Misfit.INSERTED, None, stray.id, stray.occurred_at)
    if found is None and waiting.late and oldest is not None:
        found = Found(Misfit.UNSEALED, None, oldest.audit_id, oldest.occurred_at)
    return Verdict(walk.position, walk.dropped, walk.redacted, len(walk.erasures), len(anchors), waiting, found)


def cut_part(position: int, sealed: bytes) -> bytes:
    """Return what one seal adds to the digest of the month that is cut off."""
    return position.to_bytes(8, "big") + sealed


def cut_facts(starts: datetime, ends: datetime, entries: int, digest: bytes) -> dict[str, Any]:
    """Return what is signed of a cut."""
    return {"starts": starts.isoformat(), "ends": ends.isoformat(), "entries": entries, "digest": digest.hex()}


def _check_tables(database: Database) -> None:
    with database.read() as session:
        found = session.exec_driver_sql(
            "SELECT name FROM unnest(%(names)s::text[]) WITH ORDINALITY AS wanted (name, place)"
            " WHERE to_regclass(name) IS NULL ORDER BY place",
            {"names": list(TABLES)},
        )
        missing = list(found.scalars())
    if missing:
        raise AuditMissing(
            f"The audit cannot be verified: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not in the"
            " database. Where it was never migrated, run `kino migrate`; else somebody took it out: restore a backup."
        )


def _pages(database: Database) -> Iterator[Mapping[Any, Any]]:
    position = 0
    while True:
        with database.read() as session:
            statement, values = read_sql("audit_page"), {"after": position, "most": PAGE}
            page = session.exec_driver_sql(statement, values).mappings().all()
        if not page:
            return
        yield from page
        position = page[-1]["position"]


def _anchors(database: Database, key: AuditKey) -> tuple[dict[int, _Anchor], Found | None]:
    with database.read() as session:
        rows = session.exec_driver_sql(
            "SELECT occurred_at, body FROM landing.event WHERE source = 'kino' AND type = %(type)s ORDER BY id",
            {"type": ANCHORED},
        ).all()
    anchors: dict[int, _Anchor] = {}
    for row in rows:
        facts = {"position": row.body.get("position"), "hash": row.body.get("hash")}
        # Another home has another key; what it signed is held against the chain all the same.
        if row.body.get("key") == key.id and not key.signed(facts, b64decode(row.body["signature"])):
            return anchors, Found(Misfit.FORGED, facts["position"], None, row.occurred_at)
        anchors[int(row.body["position"])] = _Anchor(int(row.body["position"]), bytes.fromhex(row.body["hash"]))
    return anchors, None


def _cuts(database: Database, key: AuditKey) -> tuple[list[_Cut], Found | None]:
    with database.read() as session:
        rows = session.exec_driver_sql(
            "SELECT starts, ends, entries, digest, key_id, signature FROM kino.audit_cut ORDER BY starts"
        ).all()
    cuts: list[_Cut] = []
    for row in rows:
        facts = cut_facts(row.starts, row.ends, row.entries, bytes(row.digest))
        # Without its signature a cut is what anybody could say who took entries out.
        if row.key_id != key.id or not key.signed(facts, bytes(row.signature)):
            return cuts, Found(Misfit.FORGED, None, None, row.starts)
        cuts.append(_Cut(row.starts, row.ends, row.entries, bytes(row.digest)))
    return cuts, None
