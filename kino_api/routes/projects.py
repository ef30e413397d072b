"""Projects over HTTP."""

import uuid
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import ConfigDict, Field

from kino_api.activity import Activity, recent_activity
from kino_api.authentication import CurrentUser, reading, writing
from kino_api.blockers import Blocker, open_blockers
from kino_api.etags import IfMatch, etag_of
from kino_api.fields import Day, Name, TimeZone
from kino_api.guarded_route import guarded_router
from kino_api.portfolio import ProjectCard, list_projects
from kino_api.project_lifecycle import archive_project, delete_project, unarchive_project
from kino_api.project_list import ProjectFilter, ProjectSort, encode_place, place_of
from kino_api.project_metadata import ProjectDetails, project_details
from kino_api.projects import Project, change_project, create_project, get_project
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
    not_both,
    page_of,
    time_cursor,
)
from kino_core.errors import InvalidInput
from kino_core.project_states import Priority, ProjectStatus

router = guarded_router("/api/v1/projects", "projects")

Reason = Annotated[str | None, Field(max_length=2000, pattern=r"^[^\x00]*$")]


_REASON = {"status_reason": {"type": "string", "minLength": 1}}
_STATUS = {"properties": {"status": {"type": "string"}}, "required": ["status"]}
_NO_REASON_ALONE = {"if": {"properties": _REASON, "required": ["status_reason"]}, "then": _STATUS}


class NewProject(Body):
    """What a new project needs: a name, and whatever else is known."""

    model_config = ConfigDict(json_schema_extra=not_both("initiative", "initiative_id") | _NO_REASON_ALONE)

    name: Annotated[Name, Field(examples=["Checkout"])]
    initiative: Annotated[Name | None, Field(description="By name; made if it is missing.")] = None
    initiative_id: uuid.UUID | None = None
    description: Description = ""
    priority: Priority = Priority.MEDIUM
    status: ProjectStatus | None = None
    status_reason: Reason = None
    start_date: Day | None = None
    end_date: Day | None = None
    time_zone: TimeZone = "UTC"


class ProjectChanges(Changes):
    """The fields to change; those left out stay as they are. A new status without a reason has none."""

    name: Name = ""
    initiative_id: uuid.UUID | None = None
    description: Description = ""
    priority: Priority = Priority.MEDIUM
    status: ProjectStatus | None = None
    status_reason: Reason = None
    start_date: Day | None = None
    end_date: Day | None = None
    time_zone: TimeZone = "UTC"


@router.get("")
def show(
    request: Request,
    user: CurrentUser,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
    q: SearchText = None,
    initiative_id: uuid.UUID | None = None,
    status: Annotated[ProjectStatus | None, Query(description="What a manager set.")] = None,
    priority: Annotated[Priority | None, Query()] = None,
    owner: Annotated[uuid.UUID | None, Query(description="A user who leads the project.")] = None,
    health: Annotated[ProjectStatus | None, Query(description="What a manager set, else what the rule says.")] = None,
    archived: Annotated[bool, Query(description="Whether archived projects are listed too.")] = False,
    sort: Annotated[
        ProjectSort, Query(description="HIGH and ON_TRACK come first; `-` turns round.")
    ] = ProjectSort.NAME,
) -> Page[ProjectCard]:
    """List projects, each with what a manager looks at first."""
    wanted = ProjectFilter(initiative_id, status, priority, owner, q, health, archived)
    with reading(request) as session:
        found = list_projects(session, user, wanted, sort=sort, after=place_of(cursor, sort), limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    next_cursor = encode_place(sort, getattr(last, sort.column), last.id) if last else None
    return Page(items=found[:limit], next_cursor=next_cursor)


@router.post("", status_code=201)
def create(request: Request, user: CurrentUser, body: NewProject, response: Response) -> Project:
    """Make a project."""
    if body.initiative is not None and body.initiative_id is not None:
        raise InvalidInput("Name the initiative or give its id, not both.", field="initiative_id")
    given = body.model_dump(exclude={"name", "initiative", "initiative_id"})
    with writing(request) as session:
        made = create_project(session, body.name, body.initiative_id or body.initiative, **given, created_by=user.id)
    response.headers["Location"] = f"/api/v1/projects/{made.id}"
    response.headers["ETag"] = etag_of(made.updated_at)
    return made


@router.get("/{project_id}")
def get(request: Request, user: CurrentUser, project_id: uuid.UUID, response: Response) -> ProjectDetails:
    """Return a project with what a manager looks at first, archived or not."""
    with resources_of(request).database.read() as session:
        found = project_details(session, user, project_id)
    response.headers["ETag"] = etag_of(found.updated_at)
    return found


@router.patch("/{project_id}")
def change(
    request: Request,
    user: CurrentUser,
    project_id: uuid.UUID,
    body: ProjectChanges,
    response: Response,
    if_match: IfMatch = None,
) -> Project:
    """Change the named fields of a project; with `If-Match` only when nobody changed it since."""
    changes: dict[str, Any] = body.model_dump(exclude_unset=True)
    with writing(request) as session:
        changed = change_project(session, project_id, changes, if_match=if_match, seen_by=user)
    response.headers["ETag"] = etag_of(changed.updated_at)
    return changed


@router.delete("/{project_id}", status_code=204)
def delete(request: Request, user: CurrentUser, project_id: uuid.UUID, if_match: IfMatch = None) -> Response:
    """Delete a project: its tokens stop working, its repositories are free, and its numbers go."""
    with writing(request) as session:
        delete_project(session, project_id, if_match=if_match)
    return Response(status_code=204)


@router.post("/{project_id}/archive")
def archive(
    request: Request, user: CurrentUser, project_id: uuid.UUID, response: Response, if_match: IfMatch = None
) -> Project:
    """Make a project read-only and leave it out of lists."""
    with writing(request) as session:
        archived = archive_project(session, project_id, if_match=if_match)
    response.headers["ETag"] = etag_of(archived.updated_at)
    return archived


@router.post("/{project_id}/unarchive")
def unarchive(
    request: Request, user: CurrentUser, project_id: uuid.UUID, response: Response, if_match: IfMatch = None
) -> Project:
    """Take a project out of the archive."""
    with writing(request) as session:
        found = unarchive_project(session, project_id, if_match=if_match)
    response.headers["ETag"] = etag_of(found.updated_at)
    return found


@router.get("/{project_id}/activity")
def activity(
    request: Request,
    user: CurrentUser,
    project_id: uuid.UUID,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> Page[Activity]:
    """List what agents did in a project, the newest first."""
    with resources_of(request).database.read() as session:
        get_project(session, project_id)
        found = recent_activity(session, project_id, limit + 1, time_cursor(cursor))
    return page_of(found, limit, lambda each: each.place)


@router.get("/{project_id}/blockers")
def blockers(request: Request, user: CurrentUser, project_id: uuid.UUID) -> Page[Blocker]:
    """List the project's open blockers, the oldest first."""
    with resources_of(request).database.read() as session:
        get_project(session, project_id)
        return Page(items=open_blockers(session, project_id), next_cursor=None)
