"""Retention: whole months of the audit go after a year, and the chain can be verified all the same.

The seals stay. What went is told to the landing log and signed, so that nobody else can take a month out and say so.
"""

import hashlib
from base64 import b64encode
from datetime import UTC, datetime

from kino_core.database import Database, WriteSession
from kino_ingest.audit.chain import AuditKey
from kino_ingest.audit.seal import lock_chain, tell
from kino_ingest.audit.verify import cut_facts, cut_part
from kino_ingest.sql import read_sql

LOCK_TIMEOUT_MS = 1_000
DROPPED = "audit_month_dropped"
"""The type of the event that tells a cut to the landing log."""


def drop_old_months(database: Database, key: AuditKey) -> list[str]:
    """Drop the audit's partitions that ended more than a year ago, as far as all in them is sealed; return their names.

    A table that others keep busy, and one with entries that wait for their seal, has another turn later.
    """
    with database.read() as session:
        old = session.exec_driver_sql(read_sql("audit_old_partitions")).all()
    dropped = []
    for partition in old:
        with database.write() as session:
            session.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
            if lock_chain(session) and _drop(session, key, partition.name, partition.starts, partition.ends):
                dropped.append(partition.name)
    return dropped


def _drop(session: WriteSession, key: AuditKey, name: str, starts: datetime, ends: datetime) -> bool:
    span = {"starts": starts, "ends": ends}
    if session.exec_driver_sql(read_sql("audit_waiting_in"), span).scalar():
        return False
    digest, entries = hashlib.sha256(), 0
    for row in session.exec_driver_sql(read_sql("audit_seals_in"), span):
        digest.update(cut_part(row.position, bytes(row.hash)))
        entries += 1
    starts, ends = starts.astimezone(UTC), ends.astimezone(UTC)
    facts = cut_facts(starts, ends, entries, digest.digest())
    signature = key.sign(facts)
    session.exec_driver_sql(
        read_sql("audit_cut"),
        span | {"entries": entries, "digest": digest.digest(), "key_id": key.id, "signature": signature},
    )
    signed = facts | {"key": key.id, "signature": b64encode(signature).decode()}
    tell(session, DROPPED, f"audit-dropped/{name}", signed)
    # The name comes from the catalog of PostgreSQL, quoted by it.
    session.exec_driver_sql(f"DROP TABLE {name}")
    return True
