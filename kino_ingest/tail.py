"""The log as it grows, for people who watch."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kino_core.database import Database
from kino_ingest.sql import read_sql

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class TailedEvent:
    """What one line shows of an event."""

    received_at: datetime
    source: str
    type: str
    event_id: str
    occurred_at: datetime
    project_id: UUID | None
    repository: str | None


def tail(database: Database, *, last: int) -> Iterator[TailedEvent]:
    """Yield the `last` events that are there, then every further one as it lands; never ends by itself.

    No event is left out or shown twice, however late its transaction commits.
    """
    low: str | None = None
    while True:
        with database.read() as session:
            high = str(session.exec_driver_sql("SELECT pg_snapshot_xmin(pg_current_snapshot())::text").scalar_one())
            if low is None:
                rows = session.exec_driver_sql(read_sql("tail_last"), {"high": high, "number": last}).all()[::-1]
            else:
                rows = list(session.exec_driver_sql(read_sql("tail_window"), {"low": low, "high": high}))
        low = high
        yield from (TailedEvent(*row) for row in rows)
        time.sleep(POLL_SECONDS)
