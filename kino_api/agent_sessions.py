"""Agents' sessions: what an agent did under one session id, in one project."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from kino_api.access import viewer
from kino_api.sql import read_sql
from kino_api.users import User
from kino_core.database import ReadSession, query
from kino_core.events import agent_key


@dataclass(frozen=True)
class AgentSession:
    """A session as far as its events tell; `events` counts all of them, the numbers behind it those of each type."""

    project_id: uuid.UUID
    project: str
    session_id: str
    parent_agent_id: uuid.UUID | None
    parent_agent: str | None
    model: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    events: int
    tasks_started: int
    commits: int
    test_runs: int
    tasks_completed: int
    blockers: int

    @property
    def place(self) -> tuple[datetime, str, str]:
        """Return where the list goes on after this one."""
        return self.last_seen_at, str(self.project_id), self.session_id


def list_sessions(
    session: ReadSession,
    user: User | None,
    agent_id: uuid.UUID,
    *,
    after: tuple[datetime, str, str] | None = None,
    limit: int | None = None,
) -> list[AgentSession]:
    """Return the agent's sessions in the projects that `user` sees, the one last heard of first."""
    last_seen_at, project_id, session_id = after or (None, None, None)
    rows = query(
        session,
        read_sql("agent_sessions"),
        agent_id=agent_id,
        after_time=last_seen_at,
        after_project=project_id,
        after_session=session_id,
        limit=limit,
        **viewer(user),
    )
    return [_session(row) for row in rows]


def _session(row: Row[Any]) -> AgentSession:
    counts = (row.tasks_started, row.commits, row.test_runs, row.tasks_completed, row.blockers)
    parent = agent_key(row.parent_agent) if row.parent_agent is not None else None
    fields: dict[str, Any] = {**row._mapping, "parent_agent_id": parent, "events": sum(counts)}
    return AgentSession(**fields)
