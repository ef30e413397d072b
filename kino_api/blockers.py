"""Open blockers: what agents say they are stuck on. Agents close them by their events, people by
`kino_api.blocker_resolution`.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from kino_api.sql import read_sql
from kino_core.database import ReadSession, query


@dataclass(frozen=True)
class Blocker:
    """A blocker that is neither reported resolved, nor closed by the end of its task or by a person."""

    project_id: uuid.UUID
    blocker_id: str
    task_id: str
    description: str
    agent_id: uuid.UUID
    agent: str | None
    agent_type: str | None
    opened_at: datetime
    last_reported_at: datetime


def open_blockers(session: ReadSession, project_ids: uuid.UUID | Collection[uuid.UUID]) -> list[Blocker]:
    """Return the open blockers of one project or of several, the oldest first, in one query."""
    asked = [project_ids] if isinstance(project_ids, uuid.UUID) else list(project_ids)
    return [Blocker(*row) for row in query(session, read_sql("open_blockers"), project_ids=asked)]
