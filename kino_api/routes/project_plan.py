"""What a project plans over HTTP: who belongs to it, its milestones, and what it waits for."""

import uuid
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import Field

from kino_api.authentication import CurrentUser, close_pages_of, writing
from kino_api.dependencies import Dependency, End, add_dependency, delete_dependency, list_dependencies
from kino_api.etags import IfMatch, etag_of
from kino_api.fields import Day, Line, Moment
from kino_api.guarded_route import guarded_router
from kino_api.live import Close
from kino_api.members import Member, add_member, change_member, list_members, remove_member
from kino_api.milestones import (
    Milestone,
    add_milestone,
    change_milestone,
    delete_milestone,
    get_milestone,
    list_milestones,
)
from kino_api.projects import get_project
from kino_api.resources import resources_of
from kino_api.shapes import (
    DEFAULT_LIMIT,
    Body,
    Changes,
    CursorText,
    Description,
    Limit,
    Page,
    cursor_parts,
    invalid_cursor,
    name_cursor,
    page_of,
)
from kino_api.users import ProjectRole

members_router = guarded_router("/api/v1/projects/{project_id}/members", "members")
milestones_router = guarded_router("/api/v1/projects/{project_id}/milestones", "milestones")
dependencies_router = guarded_router("/api/v1/projects/{project_id}/dependencies", "dependencies")


class NewMember(Body):
    """Who is to belong to the project."""

    user_id: uuid.UUID
    role: ProjectRole = ProjectRole.MEMBER


class MemberChanges(Changes):
    """What a member is to be."""

    role: ProjectRole


class NewMilestone(Body):
    """What a new milestone needs: a name."""

    name: Annotated[Line, Field(examples=["First customer"])]
    description: Description = ""
    due_date: Day | None = None
    reached_at: Moment | None = None


class MilestoneChanges(Changes):
    """The fields to change; those left out stay as they are."""

    name: Line = ""
    description: Description = ""
    due_date: Day | None = None
    reached_at: Moment | None = None


class NewDependency(Body):
    """What is waited for, and by which of the project's scope items: by the whole project without one."""

    depends_on_project_id: uuid.UUID
    depends_on_item_id: uuid.UUID | None = None
    item_id: uuid.UUID | None = None
    note: Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")] = ""


@members_router.get("")
def members(
    request: Request, user: CurrentUser, project_id: uuid.UUID, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> Page[Member]:
    """List the members of a project by name."""
    with resources_of(request).database.read() as session:
        get_project(session, project_id)
        found = list_members(session, project_id, after=name_cursor(cursor), limit=limit + 1)
    return page_of(found, limit, lambda each: (each.name, each.user_id))


@members_router.post("", status_code=201)
def add(request: Request, user: CurrentUser, project_id: uuid.UUID, body: NewMember) -> Member:
    """Make somebody a member of a project."""
    with writing(request) as session:
        added = add_member(session, project_id, body.user_id, body.role)
    close_pages_of(request, body.user_id, Close.RIGHTS_CHANGED)
    return added


@members_router.patch("/{member_id}")
def change(
    request: Request, user: CurrentUser, project_id: uuid.UUID, member_id: uuid.UUID, body: MemberChanges
) -> Member:
    """Give a member, named by their user id, another role; it counts from their next request on."""
    with writing(request) as session:
        changed = change_member(session, project_id, member_id, body.role)
    close_pages_of(request, member_id, Close.RIGHTS_CHANGED)
    return changed


@members_router.delete("/{member_id}", status_code=204)
def remove(request: Request, user: CurrentUser, project_id: uuid.UUID, member_id: uuid.UUID) -> Response:
    """Take a member, named by their user id, out of a project; it counts from their next request on."""
    with writing(request) as session:
        remove_member(session, project_id, member_id)
    close_pages_of(request, member_id, Close.RIGHTS_CHANGED)
    return Response(status_code=204)


@milestones_router.get("")
def milestones(
    request: Request, user: CurrentUser, project_id: uuid.UUID, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> Page[Milestone]:
    """List the milestones of a project by due date."""
    with resources_of(request).database.read() as session:
        get_project(session, project_id)
        found = list_milestones(session, project_id, after=_due_date_cursor(cursor), limit=limit + 1)
    return page_of(found, limit, lambda each: (each.due_date or "", each.id))


@milestones_router.post("", status_code=201)
def create_milestone(
    request: Request, user: CurrentUser, project_id: uuid.UUID, body: NewMilestone, response: Response
) -> Milestone:
    """Add a milestone to a project."""
    with writing(request) as session:
        made = add_milestone(session, project_id, **body.model_dump(), created_by=user.id)
    response.headers["Location"] = f"/api/v1/projects/{project_id}/milestones/{made.id}"
    response.headers["ETag"] = etag_of(made.updated_at)
    return made


@milestones_router.get("/{milestone_id}")
def milestone(
    request: Request, user: CurrentUser, project_id: uuid.UUID, milestone_id: uuid.UUID, response: Response
) -> Milestone:
    """Return a milestone."""
    with resources_of(request).database.read() as session:
        found = get_milestone(session, project_id, milestone_id)
    response.headers["ETag"] = etag_of(found.updated_at)
    return found


@milestones_router.patch("/{milestone_id}")
def change_one_milestone(
    request: Request,
    user: CurrentUser,
    project_id: uuid.UUID,
    milestone_id: uuid.UUID,
    body: MilestoneChanges,
    response: Response,
    if_match: IfMatch = None,
) -> Milestone:
    """Change the named fields of a milestone; with `If-Match` only when nobody changed it since."""
    changes: dict[str, Any] = body.model_dump(exclude_unset=True)
    with writing(request) as session:
        changed = change_milestone(session, project_id, milestone_id, changes, if_match=if_match)
    response.headers["ETag"] = etag_of(changed.updated_at)
    return changed


@milestones_router.delete("/{milestone_id}", status_code=204)
def delete_one_milestone(
    request: Request,
    user: CurrentUser,
    project_id: uuid.UUID,
    milestone_id: uuid.UUID,
    if_match: IfMatch = None,
) -> Response:
    """Delete a milestone."""
    with writing(request) as session:
        delete_milestone(session, project_id, milestone_id, if_match=if_match)
    return Response(status_code=204)


@dependencies_router.get("")
def dependencies(
    request: Request, user: CurrentUser, project_id: uuid.UUID, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> Page[Dependency]:
    """List what a project waits for, the oldest dependency first."""
    with resources_of(request).database.read() as session:
        get_project(session, project_id)
        found = list_dependencies(session, user, project_id, after=_created_cursor(cursor), limit=limit + 1)
    return page_of(found, limit, lambda each: (each.created_at, each.id))


@dependencies_router.post("", status_code=201)
def create_dependency(request: Request, user: CurrentUser, project_id: uuid.UUID, body: NewDependency) -> Dependency:
    """Let a project, or one of its scope items, wait for another project or item."""
    waiting = End(project_id, body.item_id)
    target = End(body.depends_on_project_id, body.depends_on_item_id)
    with writing(request) as session:
        return add_dependency(session, user, waiting, target, note=body.note)


@dependencies_router.delete("/{dependency_id}", status_code=204)
def delete_one_dependency(
    request: Request, user: CurrentUser, project_id: uuid.UUID, dependency_id: uuid.UUID
) -> Response:
    """Take a dependency away."""
    with writing(request) as session:
        delete_dependency(session, user, project_id, dependency_id)
    return Response(status_code=204)


def _due_date_cursor(cursor: str | None) -> tuple[date | None, uuid.UUID] | None:
    if cursor is None:
        return None
    due_date, milestone_id = cursor_parts(cursor, 2)
    try:
        return (date.fromisoformat(due_date) if due_date else None), uuid.UUID(milestone_id)
    except ValueError as error:
        raise invalid_cursor() from error


def _created_cursor(cursor: str | None) -> tuple[datetime, uuid.UUID] | None:
    if cursor is None:
        return None
    created_at, dependency_id = cursor_parts(cursor, 2)
    try:
        moment = datetime.fromisoformat(created_at)
        if moment.tzinfo is None:
            raise ValueError
        return moment, uuid.UUID(dependency_id)
    except ValueError as error:
        raise invalid_cursor() from error
