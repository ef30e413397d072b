"""Agents: which there are and when they were last heard of. By name, never ranked by output."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from kino_api.access import UnknownAgent, viewer
from kino_api.sql import read_sql
from kino_api.users import User
from kino_core.database import ReadSession, query

STALLED_AFTER = timedelta(minutes=30)
AWAY_AFTER = timedelta(hours=24)
BLOCKING = "blocker_identified"


class AgentState(StrEnum):
    """What an agent seems to be doing right now."""

    WORKING = "working"
    STALLED = "stalled"
    BLOCKED = "blocked"
    IDLE = "idle"


@dataclass(frozen=True)
class Agent:
    """An agent, seen in a commit or through its own events; `projects` are those it was seen in, by name.

    `state` is worked out by `state_of`.
    """

    id: uuid.UUID
    name: str
    agent_type: str
    first_seen_at: datetime
    last_seen_at: datetime
    last_event_type: str
    projects: list[str]
    state: AgentState


def state_of(last_event_type: str, last_seen_at: datetime, *, blocked: bool, now: datetime) -> AgentState:
    """Return the state of an agent that did this last; `blocked` says whether a blocker that it reported is open.

    Whoever has told of nothing for half an hour has stalled, unless its task is done; after a day it is gone.
    """
    silence = now - last_seen_at
    if last_event_type == BLOCKING and blocked:
        return AgentState.BLOCKED
    if last_event_type == "task_completed" or silence > AWAY_AFTER:
        return AgentState.IDLE
    return AgentState.STALLED if silence > STALLED_AFTER else AgentState.WORKING


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
    blocked, now = _blocked(session, user, rows), datetime.now(UTC)
    return [_agent(row, blocked=row.id in blocked, now=now) for row in rows]


def _agent(row: Row[Any], *, blocked: bool, now: datetime) -> Agent:
    state = state_of(row.last_event_type, row.last_seen_at, blocked=blocked, now=now)
    fields: dict[str, Any] = {**row._mapping, "state": state}
    return Agent(**fields)


def _blocked(session: ReadSession, user: User | None, rows: Sequence[Any]) -> set[uuid.UUID]:
    agents = [row.id for row in rows if row.last_event_type == BLOCKING]
    if not agents:
        return set()
    return {row.agent_id for row in query(session, read_sql("blocked_agents"), agents=agents, **viewer(user))}
