"""The audit over HTTP: everything one may read, or a project's."""

import uuid
from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import Field

from kino_api.audit import AuditEntry, AuditFilter, list_audit
from kino_api.authentication import CurrentUser
from kino_api.fields import Moment
from kino_api.guarded_route import guarded_router
from kino_api.resources import resources_of
from kino_api.shapes import DEFAULT_LIMIT, CursorText, Limit, Page, number_cursor, page_of
from kino_core.actors import ActorType

router = guarded_router("/api/v1/audit", "audit")
project_router = guarded_router("/api/v1/projects/{project_id}/audit", "audit")

Name = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00]+$")]


def asked_for(
    actor: Annotated[uuid.UUID | None, Query(description="A user's or an agent token's id.")] = None,
    actor_type: ActorType | None = None,
    action: Annotated[Name | None, Query(examples=["UPDATE"])] = None,
    entity_type: Annotated[Name | None, Query(examples=["project"])] = None,
    entity_id: Annotated[Name | None, Query()] = None,
    since: Moment | None = None,
    until: Moment | None = None,
    request_id: Annotated[Name | None, Query()] = None,
) -> AuditFilter:
    """Return what the query asks for."""
    return AuditFilter(actor, actor_type, action, entity_type, entity_id, since, until, request_id)


Asked = Annotated[AuditFilter, Depends(asked_for)]


@router.get("")
def show(
    request: Request, user: CurrentUser, asked: Asked, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> Page[AuditEntry]:
    """List who changed what, the newest first: all for administrators, else of the projects one may audit."""
    with resources_of(request).database.read() as session:
        found = list_audit(session, user, asked, before=number_cursor(cursor), limit=limit + 1)
    return page_of(found, limit, lambda each: (each.id,))


@project_router.get("")
def show_of_project(
    request: Request,
    user: CurrentUser,
    project_id: uuid.UUID,
    asked: Asked,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> Page[AuditEntry]:
    """List who changed what of a project, the newest first."""
    with resources_of(request).database.read() as session:
        found = list_audit(session, user, asked, project_id=project_id, before=number_cursor(cursor), limit=limit + 1)
    return page_of(found, limit, lambda each: (each.id,))
