"""Monthly partitions: made ahead of need, and mended where a month was missing.

A missing month loses nothing, its rows lie in the default partition; it only makes that one large.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import psycopg
from sqlalchemy.exc import OperationalError

from kino_core.database import Database, WriteSession
from kino_ingest.sql import read_sql

OLDEST_ACTIVITY = timedelta(days=5 * 366)
NEWEST_ACTIVITY = timedelta(days=92)
LOCK_TIMEOUT_MS = 1_000
_MOVES = {"landing.event": "partition_move_event", "kino.agent_activity": "partition_move_activity"}


def keep_partitions(database: Database) -> int:
    """Make this month's and the next three partitions, move strays out of the default ones; return how many moved.

    Safe to repeat and to run beside everything else.
    """
    with database.read() as session:
        strays = session.exec_driver_sql(read_sql("partition_default_months")).all()
    for stray in strays:
        with database.write() as session:
            _wait_at_most(session)
            for statement in read_sql(_MOVES[stray.parent]).split(";\n"):
                if statement.strip():
                    session.exec_driver_sql(statement, {"month": stray.month})
    with database.write() as session:
        _wait_at_most(session)
        session.exec_driver_sql(read_sql("partition_ahead"))
        rescued = session.exec_driver_sql(read_sql("partition_audit")).scalar_one()
    return len(strays) + int(rescued)


def ensure_activity_months(session: WriteSession, moments: Iterable[datetime]) -> None:
    """Make the partitions that activities at these times belong in, as far as that is quick.

    Where a reader keeps the table busy, the default partition takes the rows.
    """
    now = datetime.now(UTC)
    months = {
        date(moment.year, moment.month, 1)
        for moment in moments
        if now - OLDEST_ACTIVITY <= moment <= now + NEWEST_ACTIVITY
    }
    if not months:
        return
    missing = list(session.exec_driver_sql(read_sql("partition_missing"), {"months": sorted(months)}).scalars())
    if not missing:
        return
    try:
        with session.begin_nested():
            _wait_at_most(session)
            # From the outset, since two workers that both look first and then want to change wait for each other.
            session.exec_driver_sql("LOCK TABLE ONLY kino.agent_activity IN ACCESS EXCLUSIVE MODE")
            session.exec_driver_sql(read_sql("partition_activity"), {"months": missing})
            session.exec_driver_sql("SET LOCAL lock_timeout = 0")
    except OperationalError as error:
        if not lock_refused(error):
            raise


def lock_refused(error: BaseException | None) -> bool:
    """Return whether the reason for `error` is a table that others kept busy."""
    busy = psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected
    return isinstance(error, OperationalError) and isinstance(error.orig, busy)


def _wait_at_most(session: WriteSession) -> None:
    session.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
