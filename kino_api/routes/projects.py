"""Projects over HTTP."""

import uuid
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Header, Query, Request, Response
from pydantic import Field

from kino_api.access import UnknownProject
from kino_api.activity import Activity, recent_activity
from kino_api.authentication import CurrentUser, reading, writing
from kino_api.blockers import Blocker, open_blockers
from kino_api.guarded_route import guarded_router
from kino_api.portfolio import ProjectCard, list_projects
from kino_api.problems import PreconditionFailed
from kino_api.projects import (
    Priority,
    Project,
    ProjectChanged,
    ProjectStatus,
    change_project,
    create_project,
    get_project,
)
from kino_api.resources import resources_of
from kino_api.shapes import DEFAULT_LIMIT, Body, CursorText, Limit, Page, name_cursor, page_of, time_cursor
from kino_core.errors import InvalidInput

router = guarded_router("/api/v1/projects", "projects")

Text = Annotated[str, Field(max_length=1000)]
Description = Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$")]


class NewProject(Body):
    """What a new project needs: a name, and whatever else is known."""

    name: Annotated[Text, Field(examples=["Checkout"])]
    initiative: Annotated[Text | None, Field(description="By name; made if it is missing.")] = None
    initiative_id: uuid.UUID | None = None
    description: Description = ""
    priority: Priority = Priority.MEDIUM
    start_date: date | None = None
    end_date: date | None = None
    time_zone: Text = "UTC"


class ProjectChanges(Body):
    """The fields to change; those left out stay as they are."""

    name: Text = ""
    initiative_id: uuid.UUID | None = None
    description: Description = ""
    priority: Priority = Priority.MEDIUM
    status: ProjectStatus | None = None
    status_reason: Annotated[str | None, Field(max_length=2000, pattern=r"^[^\x00]*$")] = None
    start_date: date | None = None
    end_date: date | None = None
    time_zone: Text = "UTC"


@router.get("")
def show(
    request: Request,
    user: CurrentUser,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
    initiative_id: uuid.UUID | None = None,
    q: Annotated[str | None, Query(max_length=200, description="A part of the name.")] = None,
) -> Page[ProjectCard]:
    """List projects by name, each with what a manager looks at first."""
    if q is not None and "\0" in q:
        raise InvalidInput("A name holds no NUL character.", field="q")
    with reading(request) as session:
        found = list_projects(
            session, user, initiative_id=initiative_id, text=q, after=name_cursor(cursor), limit=limit + 1
        )
    return page_of(found, limit, lambda each: (each.name.lower(), each.id))


@router.post("", status_code=201)
def create(request: Request, user: CurrentUser, body: NewProject, response: Response) -> Project:
    """Make a project."""
    if body.initiative is not None and body.initiative_id is not None:
        raise InvalidInput("Name the initiative or give its id, not both.", field="initiative_id")
    with writing(request) as session:
        made = create_project(
            session,
            body.name,
            body.initiative_id or body.initiative,
            description=body.description,
            priority=body.priority,
            start_date=body.start_date,
            end_date=body.end_date,
            time_zone=body.time_zone,
            created_by=user.id,
        )
    response.headers["Location"] = f"/api/v1/projects/{made.id}"
    response.headers["ETag"] = etag_of(made.updated_at)
    return made


@router.get("/{project_id}")
def get(request: Request, user: CurrentUser, project_id: uuid.UUID, response: Response) -> ProjectCard:
    """Return a project with what a manager looks at first."""
    with resources_of(request).database.read() as session:
        found = list_projects(session, user, project_id=project_id)
    if not found:
        raise UnknownProject("The requested project could not be found. It may have been deleted.")
    response.headers["ETag"] = etag_of(found[0].updated_at)
    return found[0]


@router.patch("/{project_id}")
def change(
    request: Request,
    user: CurrentUser,
    project_id: uuid.UUID,
    body: ProjectChanges,
    response: Response,
    if_match: Annotated[str | None, Header(description="The ETag that the change is based on.")] = None,
) -> Project:
    """Change the named fields of a project; with `If-Match` only when nobody changed it since."""
    changes: dict[str, Any] = body.model_dump(exclude_unset=True)
    with writing(request) as session:
        before = get_project(session, project_id)
        wanted = None if if_match in (None, "*") else before.updated_at
        if wanted is not None and if_match != etag_of(before.updated_at):
            raise PreconditionFailed("The project was changed meanwhile. Read it again, then change it.")
        try:
            changed = change_project(session, project_id, changes, unchanged_since=wanted)
        except ProjectChanged as error:
            raise PreconditionFailed(error.message) from error
    response.headers["ETag"] = etag_of(changed.updated_at)
    return changed


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


def etag_of(updated_at: datetime) -> str:
    """Return the ETag of the version that was stored at that moment."""
    return f'"{int(updated_at.timestamp() * 1_000_000)}"'
