"""Initiatives over HTTP."""

import uuid
from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import Field

from kino_api.authentication import CurrentUser, reading, writing
from kino_api.etags import IfMatch, etag_of
from kino_api.fields import Name
from kino_api.guarded_route import guarded_router
from kino_api.initiatives import (
    Initiative,
    change_initiative,
    create_initiative,
    delete_initiative,
    get_initiative,
    list_initiatives,
)
from kino_api.resources import resources_of
from kino_api.shapes import (
    DEFAULT_LIMIT,
    Body,
    Changes,
    CursorText,
    Description,
    Limit,
    Page,
    SearchText,
    name_cursor,
    page_of,
)

router = guarded_router("/api/v1/initiatives", "initiatives")


class NewInitiative(Body):
    """What a new initiative needs."""

    name: Annotated[Name, Field(examples=["Growth"])]
    description: Description = ""


class InitiativeChanges(Changes):
    """The fields to change; those left out stay as they are."""

    name: Name = ""
    description: Description = ""


@router.get("")
def show(
    request: Request, user: CurrentUser, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None, q: SearchText = None
) -> Page[Initiative]:
    """List initiatives by name."""
    with reading(request) as session:
        found = list_initiatives(session, user, text=q, limit=limit + 1, after=name_cursor(cursor))
    return page_of(found, limit, lambda each: (each.name, each.id))


@router.post("", status_code=201)
def create(request: Request, user: CurrentUser, body: NewInitiative, response: Response) -> Initiative:
    """Make an initiative."""
    with writing(request) as session:
        made = create_initiative(session, body.name, description=body.description, created_by=user.id)
    response.headers["Location"] = f"/api/v1/initiatives/{made.id}"
    response.headers["ETag"] = etag_of(made.updated_at)
    return made


@router.get("/{initiative_id}")
def get(request: Request, user: CurrentUser, initiative_id: uuid.UUID, response: Response) -> Initiative:
    """Return an initiative."""
    with resources_of(request).database.read() as session:
        found = get_initiative(session, initiative_id)
    response.headers["ETag"] = etag_of(found.updated_at)
    return found


@router.patch("/{initiative_id}")
def change(
    request: Request,
    user: CurrentUser,
    initiative_id: uuid.UUID,
    body: InitiativeChanges,
    response: Response,
    if_match: IfMatch = None,
) -> Initiative:
    """Change the named fields of an initiative; with `If-Match` only when nobody changed it since."""
    changes: dict[str, Any] = body.model_dump(exclude_unset=True)
    with writing(request) as session:
        changed = change_initiative(session, initiative_id, changes, if_match=if_match)
    response.headers["ETag"] = etag_of(changed.updated_at)
    return changed


@router.delete("/{initiative_id}", status_code=204)
def delete(request: Request, user: CurrentUser, initiative_id: uuid.UUID, if_match: IfMatch = None) -> Response:
    """Delete an initiative that no project belongs to."""
    with writing(request) as session:
        delete_initiative(session, initiative_id, if_match=if_match)
    return Response(status_code=204)
