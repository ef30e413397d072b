"""Agents over HTTP."""

import uuid

from fastapi import Request

from kino_api.activity import Activity, activity_of_agent
from kino_api.agent_sessions import AgentSession, list_sessions
from kino_api.agents import Agent, get_agent, list_agents
from kino_api.authentication import CurrentUser, reading
from kino_api.guarded_route import guarded_router
from kino_api.shapes import DEFAULT_LIMIT, CursorText, Limit, Page, name_cursor, page_of, time_cursor

router = guarded_router("/api/v1/agents", "agents")


@router.get("")
def show(
    request: Request,
    user: CurrentUser,
    project_id: uuid.UUID | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> Page[Agent]:
    """List agents by name."""
    with reading(request) as session:
        found = list_agents(session, user, project_id, limit=limit + 1, after=name_cursor(cursor))
    return page_of(found, limit, lambda each: (each.name.lower(), each.id))


@router.get("/{agent_id}")
def get(request: Request, user: CurrentUser, agent_id: uuid.UUID) -> Agent:
    """Return an agent."""
    with reading(request) as session:
        return get_agent(session, user, agent_id)


@router.get("/{agent_id}/sessions")
def sessions(
    request: Request, user: CurrentUser, agent_id: uuid.UUID, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> Page[AgentSession]:
    """List an agent's sessions, the one last heard of first."""
    with reading(request) as session:
        found = list_sessions(session, user, agent_id, after=time_cursor(cursor), limit=limit + 1)
    return page_of(found, limit, lambda each: each.place)


@router.get("/{agent_id}/activity")
def activity(
    request: Request, user: CurrentUser, agent_id: uuid.UUID, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> Page[Activity]:
    """List what an agent did, the newest first."""
    with reading(request) as session:
        found = activity_of_agent(session, user, agent_id, limit + 1, time_cursor(cursor))
    return page_of(found, limit, lambda each: each.place)
