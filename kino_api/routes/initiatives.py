"""Initiatives over HTTP."""

from typing import Annotated

from fastapi import Request
from pydantic import Field

from kino_api.authentication import CurrentUser, reading, writing
from kino_api.guarded_route import guarded_router
from kino_api.initiatives import Initiative, create_initiative, list_initiatives
from kino_api.shapes import DEFAULT_LIMIT, Body, CursorText, Limit, Page, name_cursor, page_of

router = guarded_router("/api/v1/initiatives", "initiatives")


class NewInitiative(Body):
    """What a new initiative needs."""

    name: Annotated[str, Field(max_length=1000, examples=["Growth"])]


@router.get("")
def show(
    request: Request, user: CurrentUser, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> Page[Initiative]:
    """List initiatives by name."""
    with reading(request) as session:
        found = list_initiatives(session, user, limit=limit + 1, after=name_cursor(cursor))
    return page_of(found, limit, lambda each: (each.name.lower(), each.id))


@router.post("", status_code=201)
def create(request: Request, user: CurrentUser, body: NewInitiative) -> Initiative:
    """Make an initiative."""
    with writing(request) as session:
        return create_initiative(session, body.name)
