"""Agents: which there are and when they were last heard of. By name, never ranked by output."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from kino_api.access import UnknownAgent, viewer
from kino_api.sql import read_sql
from kino_api.users import User
from kino_core.database import ReadSession, query


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


def list_agents(
    session: ReadSession,
    user: User | None = None,
    project_id: uuid.UUID | None = None,
    *,
    limit: int | None = None,
    after: tuple[str, uuid.UUID] | None = None,
) -> list[Agent]:
    """Return the agents that `user` sees by name, of one project or of all of theirs.

    `after` is the (lower-case name, id) of the last one seen.
    """
    return _agents(session, user, project_id=project_id, after=after, limit=limit)


def get_agent(session: ReadSession, user: User | None, agent_id: uuid.UUID) -> Agent:
    """Return one agent with those of its projects that `user` sees; raises UnknownAgent."""
    found = _agents(session, user, agent_id=agent_id)
    if not found:
        raise UnknownAgent("There is no such agent.")
    return found[0]


def _agents(
    session: ReadSession,
    user: User | None,
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
        **viewer(user),
    )
    return [Agent(*row) for row in rows]
