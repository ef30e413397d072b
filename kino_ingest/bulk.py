"""Many events at once, for the batch door and for backfills: one statement a chunk, and nobody pays for a neighbour."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import DBAPIError

from kino_core.database import Database
from kino_core.events import Event
from kino_ingest.committer import RefusedRow, is_rows_fault
from kino_ingest.landing import Outcome, land

MOST_CHUNK_EVENTS = 1_000
MOST_CHUNK_BYTES = 4 * 1024 * 1024

log = structlog.get_logger(__name__)


def land_chunk(database: Database, events: Sequence[Event]) -> list[Outcome | RefusedRow]:
    """Land `events` durably and return what became of each, in their order.

    One that PostgreSQL refuses is found by halving and refused alone. Raises DatabaseUnavailable; what landed before
    stays, and landing it again answers that it is a duplicate.
    """
    try:
        with database.write() as session, _told_apart():
            session.exec_driver_sql("SET LOCAL synchronous_commit = on")
            return list(land(session, events))
    except _RowsFault as fault:
        if len(events) == 1:
            log.warning("an event cannot be stored", event_id=events[0].event_id, error=str(fault))
            return [RefusedRow("The event holds something that cannot be stored.")]
        middle = len(events) // 2
        return land_chunk(database, events[:middle]) + land_chunk(database, events[middle:])


class _RowsFault(Exception):
    pass


@contextmanager
def _told_apart() -> Iterator[None]:
    # Of all that PostgreSQL may object to, only what a row holds is that row's fault: for anything else the sender
    # has to come again.
    try:
        yield
    except (DBAPIError, ValueError, OverflowError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if is_rows_fault(cause):
            raise _RowsFault(str(cause)) from error
        raise
