"""What lists show of a project, counted anew after something in it changed.

Triggers note each change in its own transaction, so a count that was missed is made up for; and what nobody noted is
put right within a day, because every project is counted again by then.
"""

import time
import uuid

import structlog

from kino_core.database import Database, DatabaseUnavailable
from kino_ingest.sql import read_sql

MOST_CHANGES = 1_000
"""Noted changes that are taken at once."""
LEAST_REST_SECONDS = 0.2
REST_FOR_EACH_SECOND = 9.0
"""How long no project is counted after counting took a second: a tenth of a worker's time goes into it at most."""
REST_AFTER_FAILURE_SECONDS = 5.0
LOOK_BACK_EVERY_SECONDS = 60.0
OLDEST_COUNT_SECONDS = 86_400.0
MOST_LOOKED_BACK_AT = 200

log = structlog.get_logger(__name__)


class SummaryKeeper:
    """Counts what changed, not more often than is worth it. For one worker's thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rests_until = float("-inf")
        self._looks_back_at = time.monotonic() + LOOK_BACK_EVERY_SECONDS
        self._most = MOST_CHANGES

    def keep(self) -> list[uuid.UUID]:
        """Count what changed, unless it is too soon for that; returns the projects that were counted."""
        began = time.monotonic()
        if began < self._rests_until:
            return []
        try:
            counted = self._count(began)
        except DatabaseUnavailable as error:
            # Counting may take longer than a statement may; whatever it is, folding goes before it.
            self._rests_until = began + REST_AFTER_FAILURE_SECONDS
            self._most = max(1, self._most // 4)
            log.warning("projects could not be counted", at_once=self._most, error=str(error.__cause__ or error))
            return []
        took = time.monotonic() - began
        self._rests_until = began + took + max(LEAST_REST_SECONDS, REST_FOR_EACH_SECOND * took)
        self._most = min(MOST_CHANGES, 2 * self._most)
        return counted

    def _count(self, now: float) -> list[uuid.UUID]:
        if now >= self._looks_back_at:
            touch_old(self._database)
            self._looks_back_at = now + LOOK_BACK_EVERY_SECONDS
        return recount_touched(self._database, most=self._most)


def recount_touched(database: Database, *, most: int = MOST_CHANGES) -> list[uuid.UUID]:
    """Count the projects of the next `most` noted changes, and return which they were."""
    with database.write() as session:
        # What a crash takes back stays noted.
        session.exec_driver_sql("SET LOCAL synchronous_commit = off")
        found = sorted(session.exec_driver_sql(read_sql("summary_take"), {"most": most}).scalars())
        if found:
            session.exec_driver_sql(read_sql("summary_recount"), {"ids": found})
    return found


def touch_old(database: Database, *, older_than: float = OLDEST_COUNT_SECONDS) -> None:
    """Have the projects counted again whose count is the oldest and older than so many seconds."""
    with database.write() as session:
        values = {"older_than": older_than, "most": MOST_LOOKED_BACK_AT}
        session.exec_driver_sql(read_sql("summary_touch_old"), values)
