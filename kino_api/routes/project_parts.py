"""What belongs to a project over HTTP: its repositories and its agent tokens."""

import uuid
from datetime import timedelta
from typing import Annotated

from fastapi import Request, Response
from pydantic import Field, StrictFloat

from kino_api.authentication import CurrentUser, require_fresh, writing
from kino_api.fields import Moment, Quota, RepositoryName
from kino_api.guarded_route import guarded_router
from kino_api.projects import get_project
from kino_api.repositories import Repository, connect_repository, list_repositories
from kino_api.resources import resources_of
from kino_api.shapes import Body, Page
from kino_api.signing_secrets import (
    NewSecret,
    drop_repository_secrets,
    drop_token_secrets,
    make_repository_secret,
    make_token_secret,
)
from kino_api.tokens import (
    NO_TERMS,
    OVERLAP,
    NewToken,
    Terms,
    Token,
    create_token,
    list_tokens,
    revoke_token,
    rotate_token,
)
from kino_core.identities import AgentType

repositories_router = guarded_router("/api/v1/projects/{project_id}/repositories", "repositories")
tokens_router = guarded_router("/api/v1/projects/{project_id}/tokens", "agent tokens")


class NewRepository(Body):
    """The repository to connect."""

    full_name: RepositoryName


class NewAgentToken(Body):
    """What the token is for; nothing is needed. Without quotas of its own it has the usual ones."""

    agent_type: AgentType | None = None
    expires_at: Moment | None = None
    per_minute: Quota | None = None
    per_hour: Quota | None = None


class Succession(Body):
    """How long the predecessor goes on working, in hours; a day where nothing is said, 0 for not at all."""

    overlap_hours: Annotated[StrictFloat, Field(ge=0, le=24 * 30)] = OVERLAP / timedelta(hours=1)

    @property
    def overlap(self) -> timedelta:
        """The same as a span of time."""
        return timedelta(hours=self.overlap_hours)


@repositories_router.get("")
def repositories(request: Request, user: CurrentUser, project_id: uuid.UUID) -> Page[Repository]:
    """List the project's repositories by name."""
    with resources_of(request).database.read() as session:
        get_project(session, project_id)
        return Page(items=list_repositories(session, project_id), next_cursor=None)


@repositories_router.post("", status_code=201)
def connect(request: Request, user: CurrentUser, project_id: uuid.UUID, body: NewRepository) -> Repository:
    """Make a repository count for the project; connecting it again changes nothing."""
    with writing(request) as session:
        get_project(session, project_id)
        return connect_repository(session, project_id, body.full_name)


@repositories_router.post("/{repository_id}/webhook-secret", status_code=201)
def sign_repository(
    request: Request, user: CurrentUser, project_id: uuid.UUID, repository_id: uuid.UUID, body: Succession | None = None
) -> NewSecret:
    """Make a secret for the repository's webhook, to be entered at GitHub. It can be read only here."""
    overlap = (body or Succession()).overlap
    with writing(request) as session:
        return make_repository_secret(session, resources_of(request).ring, project_id, repository_id, overlap=overlap)


@repositories_router.delete("/{repository_id}/webhook-secret", status_code=204)
def unsign_repository(request: Request, user: CurrentUser, project_id: uuid.UUID, repository_id: uuid.UUID) -> Response:
    """Take every secret of the repository's webhook away: GITHUB_WEBHOOK_SECRET counts for it again."""
    with writing(request) as session:
        drop_repository_secrets(session, project_id, repository_id)
    return Response(status_code=204)


@tokens_router.get("")
def tokens(request: Request, user: CurrentUser, project_id: uuid.UUID) -> Page[Token]:
    """List the project's agent tokens, revoked ones too, the newest first."""
    with resources_of(request).database.read() as session:
        get_project(session, project_id)
        return Page(items=list_tokens(session, project_id), next_cursor=None)


@tokens_router.post("", status_code=201)
def create(request: Request, user: CurrentUser, project_id: uuid.UUID, body: NewAgentToken | None = None) -> NewToken:
    """Make an agent token, with one's password shown lately. The answer is the only place where it can be read."""
    require_fresh(request)
    resources = resources_of(request)
    with writing(request) as session:
        get_project(session, project_id)
        return create_token(session, resources.settings.env, project_id, Terms(**dict(body)) if body else NO_TERMS)


@tokens_router.post("/{token_id}/rotate", status_code=201)
def rotate(
    request: Request, user: CurrentUser, project_id: uuid.UUID, token_id: uuid.UUID, body: Succession | None = None
) -> NewToken:
    """Make the token's successor on the same terms, with one's password shown lately. It can be read only here."""
    require_fresh(request)
    resources = resources_of(request)
    overlap = (body or Succession()).overlap
    with writing(request) as session:
        return rotate_token(
            session, resources.ring, resources.settings.env, token_id, overlap=overlap, project_id=project_id
        )


@tokens_router.post("/{token_id}/signing-secret", status_code=201)
def sign_token(
    request: Request, user: CurrentUser, project_id: uuid.UUID, token_id: uuid.UUID, body: Succession | None = None
) -> NewSecret:
    """Make a secret with which everything sent under the token must be signed. It can be read only here."""
    overlap = (body or Succession()).overlap
    with writing(request) as session:
        ring = resources_of(request).ring
        return make_token_secret(session, ring, token_id, overlap=overlap, project_id=project_id)


@tokens_router.delete("/{token_id}/signing-secret", status_code=204)
def unsign_token(request: Request, user: CurrentUser, project_id: uuid.UUID, token_id: uuid.UUID) -> Response:
    """Take every signing secret of a token away: it works without a signature again."""
    with writing(request) as session:
        drop_token_secrets(session, token_id, project_id=project_id)
    return Response(status_code=204)


@tokens_router.delete("/{token_id}", status_code=204)
def revoke(request: Request, user: CurrentUser, project_id: uuid.UUID, token_id: uuid.UUID) -> Response:
    """Make a token stop working; the doors notice within a second."""
    with writing(request) as session:
        revoke_token(session, token_id, project_id)
    return Response(status_code=204)
