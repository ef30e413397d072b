"""What belongs to a project over HTTP: its repositories and its agent tokens."""

import uuid
from typing import Annotated

from fastapi import Request, Response
from pydantic import Field

from kino_api.authentication import CurrentUser
from kino_api.guarded_route import guarded_router
from kino_api.projects import get_project
from kino_api.repositories import Repository, connect_repository, list_repositories
from kino_api.resources import resources_of
from kino_api.shapes import Body, Page
from kino_api.tokens import NewToken, Token, create_token, list_tokens, revoke_token
from kino_core.identities import AgentType

repositories_router = guarded_router("/api/v1/projects/{project_id}/repositories", "repositories")
tokens_router = guarded_router("/api/v1/projects/{project_id}/tokens", "agent tokens")


class NewRepository(Body):
    """The repository to connect."""

    full_name: Annotated[str, Field(max_length=1000, examples=["octo-org/checkout"])]


class NewAgentToken(Body):
    """What the token is for; nothing is needed."""

    agent_type: AgentType | None = None


@repositories_router.get("")
def repositories(request: Request, user: CurrentUser, project_id: uuid.UUID) -> Page[Repository]:
    """List the project's repositories by name."""
    with resources_of(request).database.read() as session:
        get_project(session, project_id)
        return Page(items=list_repositories(session, project_id), next_cursor=None)


@repositories_router.post("", status_code=201)
def connect(request: Request, user: CurrentUser, project_id: uuid.UUID, body: NewRepository) -> Repository:
    """Make a repository count for the project; connecting it again changes nothing."""
    with resources_of(request).database.write() as session:
        get_project(session, project_id)
        return connect_repository(session, project_id, body.full_name)


@tokens_router.get("")
def tokens(request: Request, user: CurrentUser, project_id: uuid.UUID) -> Page[Token]:
    """List the project's agent tokens, revoked ones too, the newest first."""
    with resources_of(request).database.read() as session:
        get_project(session, project_id)
        return Page(items=list_tokens(session, project_id), next_cursor=None)


@tokens_router.post("", status_code=201)
def create(request: Request, user: CurrentUser, project_id: uuid.UUID, body: NewAgentToken | None = None) -> NewToken:
    """Make an agent token. The answer is the only place where it can be read."""
    resources = resources_of(request)
    with resources.database.write() as session:
        get_project(session, project_id)
        return create_token(session, resources.settings.env, project_id, body.agent_type if body else None)


@tokens_router.delete("/{token_id}", status_code=204)
def revoke(request: Request, user: CurrentUser, project_id: uuid.UUID, token_id: uuid.UUID) -> Response:
    """Make a token stop working; the doors notice within a second."""
    with resources_of(request).database.write() as session:
        revoke_token(session, token_id, project_id)
    return Response(status_code=204)
