"""What agents did lately, newest first."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from kino_api.sql import read_sql
from kino_core.database import ReadSession, query

Place = tuple[datetime, str, str]
"""Where an activity stands in the feed: (occurred_at, source, event_id)."""


@dataclass(frozen=True)
class Activity:
    """One event of an agent. `event_row` is its place in the landing log; live messages carry it too.

    `clock_ahead` marks what claims to have occurred more than five minutes after it was received.
    """

    event_row: int
    event_id: str
    source: str
    occurred_at: datetime
    project_id: uuid.UUID
    agent_id: uuid.UUID
    agent_name: str
    agent_type: str
    event_type: str
    task_id: str
    session_id: str | None
    model: str | None
    data: dict[str, Any]
    clock_ahead: bool

    @property
    def place(self) -> Place:
        """Return where the feed goes on after this one."""
        return self.occurred_at, self.source, f"{self.project_id}/{self.event_id}"


def recent_activity(
    session: ReadSession, project_id: uuid.UUID, limit: int = 50, before: Place | None = None
) -> list[Activity]:
    """Return the project's newest activities, or the newest of those that stand before a place."""
    occurred_at, source, event_id = before or (None, None, None)
    rows = query(
        session,
        read_sql("recent_activity"),
        project_id=project_id,
        limit=limit,
        occurred_at=occurred_at,
        source=source,
        event_id=event_id,
    )
    return [_activity(row) for row in rows]


def _activity(row: Row[Any]) -> Activity:
    # Senders number their events themselves; the log keeps them apart by the project, which they need not see.
    fields: dict[str, Any] = {**row._mapping, "event_id": row.event_id.removeprefix(f"{row.project_id}/")}
    return Activity(**fields)
