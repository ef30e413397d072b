"""Agents: which there are and when they were last heard of. By name, never ranked by output."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from kino_api.sql import read_sql
from kino_core.database import ReadSession, query
from kino_core.errors import NotFound


@dataclass(frozen=True)
class Agent:
    """An agent, seen in a commit or through its own events; `projects` are those it was seen in, by name."""

    id: uuid.UUID
    name: str
    agent_type: str
    first_seen_at: datetime
    last_seen_at: datetime
    last_event_type: str
    projects: list[str]


class UnknownAgent(NotFound):
    """No agent has that id."""

    code = "UNKNOWN_AGENT"


def list_agents(
    session: ReadSession,
    project_id: uuid.UUID | None = None,
    *,
    limit: int | None = None,
    after: tuple[str, uuid.UUID] | None = None,
) -> list[Agent]:
    """Return agents by name, of one project or of all; `after` is the (lower-case name, id) of the last one seen."""
    return _agents(session, project_id=project_id, after=after, limit=limit)


def get_agent(session: ReadSession, agent_id: uuid.UUID) -> Agent:
    """Return one agent; raises UnknownAgent."""
    found = _agents(session, agent_id=agent_id)
    if not found:
        raise UnknownAgent("There is no such agent.")
    return found[0]


def _agents(
    session: ReadSession,
    *,
    agent_id: uuid.UUID | None = None,
    project_id: uuid.UUID | None = None,
    after: tuple[str, uuid.UUID] | None = None,
    limit: int | None = None,
) -> list[Agent]:
    name, last_id = after or (None, None)
    rows = query(
        session,
        read_sql("agents"),
        agent_id=agent_id,
        project_id=project_id,
        after_name=name,
        after_id=last_id,
        limit=limit,
    )
    return [Agent(*row) for row in rows]
