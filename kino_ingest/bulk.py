"""Many events at once, for the batch door and for backfills: one statement a chunk, and nobody pays for a neighbour."""

from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError, OperationalError

from kino_core.database import Database
from kino_core.events import Event
from kino_ingest.committer import RefusedRow
from kino_ingest.landing import Outcome, land

MOST_CHUNK_EVENTS = 1_000
MOST_CHUNK_BYTES = 4 * 1024 * 1024


def land_chunk(database: Database, events: Sequence[Event]) -> list[Outcome | RefusedRow]:
    """Land `events` durably and return what became of each, in their order.

    One that PostgreSQL refuses is found by halving and refused alone. Raises DatabaseUnavailable; what landed before
    stays, and landing it again answers that it is a duplicate.
    """
    try:
        with database.write() as session:
            session.exec_driver_sql("SET LOCAL synchronous_commit = on")
            return list(land(session, events))
    except OperationalError:
        raise
    except (DBAPIError, ValueError, OverflowError):
        if len(events) == 1:
            return [RefusedRow("The event holds something that cannot be stored.")]
        middle = len(events) // 2
        return land_chunk(database, events[:middle]) + land_chunk(database, events[middle:])
