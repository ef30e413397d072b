"""Scope items over HTTP."""

import uuid
from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import ConfigDict, Field

from kino_api.authentication import CurrentUser, writing
from kino_api.etags import IfMatch, etag_of
from kino_api.fields import Day, ItemKey, Line
from kino_api.guarded_route import guarded_router
from kino_api.projects import Priority
from kino_api.resources import resources_of
from kino_api.scope_item_rules import AssigneeType, ItemStatus, ScopeItem
from kino_api.scope_items import ItemFilter, change_item, create_item, delete_item, get_item, list_items
from kino_api.scope_order import reorder_items
from kino_api.shapes import (
    DEFAULT_LIMIT,
    Body,
    Changes,
    CursorText,
    Description,
    Limit,
    Page,
    SearchText,
    page_of,
    position_cursor,
    together,
)

router = guarded_router("/api/v1/projects/{project_id}/scope-items", "scope items")

MOST_ORDERED = 10_000


class NewScopeItem(Body):
    """What a new item needs: a title, and whatever else is known."""

    model_config = ConfigDict(json_schema_extra=together("assignee_type", "assignee_id"))

    title: Annotated[Line, Field(examples=["Pay by card"])]
    key: ItemKey | None = None
    description: Description = ""
    priority: Priority = Priority.MEDIUM
    status: ItemStatus = ItemStatus.TODO
    start_date: Day | None = None
    end_date: Day | None = None
    assignee_type: AssigneeType | None = None
    assignee_id: uuid.UUID | None = None
    milestone_id: uuid.UUID | None = None


class ScopeItemChanges(Changes):
    """The fields to change; those left out stay as they are."""

    title: Line = ""
    key: ItemKey | None = None
    description: Description = ""
    priority: Priority = Priority.MEDIUM
    status: ItemStatus = ItemStatus.TODO
    start_date: Day | None = None
    end_date: Day | None = None
    assignee_type: AssigneeType | None = None
    assignee_id: uuid.UUID | None = None
    milestone_id: uuid.UUID | None = None


class NewOrder(Body):
    """The ids of all items of the project in their new order."""

    order: Annotated[list[uuid.UUID], Field(max_length=MOST_ORDERED)]


@router.get("")
def show(
    request: Request,
    user: CurrentUser,
    project_id: uuid.UUID,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
    status: ItemStatus | None = None,
    assignee_id: uuid.UUID | None = None,
    milestone_id: uuid.UUID | None = None,
    q: SearchText = None,
) -> Page[ScopeItem]:
    """List the project's items in their order."""
    wanted = ItemFilter(status, assignee_id, milestone_id, q)
    with resources_of(request).database.read() as session:
        found = list_items(session, project_id, wanted, after=position_cursor(cursor), limit=limit + 1)
    return page_of(found, limit, lambda each: (each.position, each.id))


@router.post("", status_code=201)
def create(
    request: Request, user: CurrentUser, project_id: uuid.UUID, body: NewScopeItem, response: Response
) -> ScopeItem:
    """Add an item behind the others."""
    with writing(request) as session:
        made = create_item(session, project_id, dict(body), created_by=user)
    response.headers["Location"] = f"/api/v1/projects/{project_id}/scope-items/{made.id}"
    response.headers["ETag"] = etag_of(made.updated_at)
    return made


@router.put("/order")
def reorder(request: Request, user: CurrentUser, project_id: uuid.UUID, body: NewOrder) -> Page[ScopeItem]:
    """Set the order of all items at once; an order that misses one, or names one twice, changes nothing."""
    with writing(request) as session:
        return Page(items=reorder_items(session, project_id, body.order), next_cursor=None)


@router.get("/{item_id}")
def get(
    request: Request, user: CurrentUser, project_id: uuid.UUID, item_id: uuid.UUID, response: Response
) -> ScopeItem:
    """Return an item."""
    with resources_of(request).database.read() as session:
        found = get_item(session, project_id, item_id)
    response.headers["ETag"] = etag_of(found.updated_at)
    return found


@router.patch("/{item_id}")
def change(
    request: Request,
    user: CurrentUser,
    project_id: uuid.UUID,
    item_id: uuid.UUID,
    body: ScopeItemChanges,
    response: Response,
    if_match: IfMatch = None,
) -> ScopeItem:
    """Change the named fields of an item; with `If-Match` only when nobody changed it since."""
    changes: dict[str, Any] = body.model_dump(exclude_unset=True)
    with writing(request) as session:
        changed = change_item(session, project_id, item_id, changes, if_match=if_match, changed_by=user)
    response.headers["ETag"] = etag_of(changed.updated_at)
    return changed


@router.delete("/{item_id}", status_code=204)
def delete(
    request: Request, user: CurrentUser, project_id: uuid.UUID, item_id: uuid.UUID, if_match: IfMatch = None
) -> Response:
    """Delete an item for good."""
    with writing(request) as session:
        delete_item(session, project_id, item_id, if_match=if_match)
    return Response(status_code=204)
