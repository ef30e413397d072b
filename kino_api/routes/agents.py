"""Agents over HTTP."""

import uuid

from fastapi import Request

from kino_api.agents import Agent, get_agent, list_agents
from kino_api.authentication import CurrentUser, reading
from kino_api.guarded_route import guarded_router
from kino_api.shapes import DEFAULT_LIMIT, CursorText, Limit, Page, name_cursor, page_of

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
