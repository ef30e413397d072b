"""Project updates over HTTP."""

import uuid
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import ConfigDict, Field

from kino_api.authentication import CurrentUser, writing
from kino_api.etags import IfMatch, etag_of
from kino_api.fields import Day, PeriodName
from kino_api.guarded_route import guarded_router
from kino_api.project_updates import (
    ProjectUpdate,
    change_update,
    delete_update,
    get_update,
    list_updates,
    submit_update,
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
    moment_cursor,
    not_both,
    page_of,
    without_defaults,
)
from kino_core.periods import parse_period
from kino_core.project_states import ProjectStatus

router = guarded_router("/api/v1/projects/{project_id}/updates", "updates")

OwnPeriod = Annotated[
    PeriodName | None, Field(examples=["2026-W37"], description="Or `period_start` and `period_end`.")
]


_ONE_PERIOD = not_both("period", "period_start", "period_end")
_NAMED = {"period": {"type": "string"}}
_SPANNED = {"period_start": {"type": "string"}, "period_end": {"type": "string"}}
_SOME_PERIOD = {"anyOf": [{"properties": each, "required": list(each)} for each in (_NAMED, _SPANNED)]}


class NewUpdate(Body):
    """How it stands, in which period, and whatever there is to say about it."""

    model_config = ConfigDict(json_schema_extra=_ONE_PERIOD | _SOME_PERIOD)

    overall_status: ProjectStatus
    achievements: Description = ""
    challenges: Description = ""
    planned_work: Description = ""
    notes: Description = ""
    period: OwnPeriod = None
    period_start: Day | None = None
    period_end: Day | None = None


def _changes_of_one_period(schema: dict[str, Any]) -> None:
    without_defaults(schema)
    schema |= _ONE_PERIOD


class UpdateChanges(Changes):
    """The fields to change; those left out stay as they are."""

    model_config = ConfigDict(json_schema_extra=_changes_of_one_period)

    overall_status: ProjectStatus = ProjectStatus.ON_TRACK
    achievements: Description = ""
    challenges: Description = ""
    planned_work: Description = ""
    notes: Description = ""
    period: OwnPeriod = None
    period_start: Day | None = None
    period_end: Day | None = None


@router.get("")
def show(
    request: Request,
    user: CurrentUser,
    project_id: uuid.UUID,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
    author_id: uuid.UUID | None = None,
    period: Annotated[PeriodName | None, Query(description="Updates whose period touches this one.")] = None,
) -> Page[ProjectUpdate]:
    """List what was written about a project, the newest first."""
    days = parse_period(period) if period is not None else None
    with resources_of(request).database.read() as session:
        found = list_updates(
            session, project_id, author_id=author_id, period=days, after=moment_cursor(cursor), limit=limit + 1
        )
    return page_of(found, limit, lambda each: (each.submitted_at, each.id))


@router.post("", status_code=201)
def submit(
    request: Request, user: CurrentUser, project_id: uuid.UUID, body: NewUpdate, response: Response
) -> ProjectUpdate:
    """Write about a period of a project, in one's own name."""
    with writing(request) as session:
        made = submit_update(session, user, project_id, dict(body))
    response.headers["Location"] = f"/api/v1/projects/{project_id}/updates/{made.id}"
    response.headers["ETag"] = etag_of(made.updated_at)
    return made


@router.get("/{update_id}")
def get(
    request: Request, user: CurrentUser, project_id: uuid.UUID, update_id: uuid.UUID, response: Response
) -> ProjectUpdate:
    """Return an update."""
    with resources_of(request).database.read() as session:
        found = get_update(session, project_id, update_id)
    response.headers["ETag"] = etag_of(found.updated_at)
    return found


@router.patch("/{update_id}")
def change(
    request: Request,
    user: CurrentUser,
    project_id: uuid.UUID,
    update_id: uuid.UUID,
    body: UpdateChanges,
    response: Response,
    if_match: IfMatch = None,
) -> ProjectUpdate:
    """Change the named fields of one's own update; leaders and managers change everybody's."""
    changes: dict[str, Any] = body.model_dump(exclude_unset=True)
    with writing(request) as session:
        changed = change_update(session, user, project_id, update_id, changes, if_match=if_match)
    response.headers["ETag"] = etag_of(changed.updated_at)
    return changed


@router.delete("/{update_id}", status_code=204)
def delete(
    request: Request, user: CurrentUser, project_id: uuid.UUID, update_id: uuid.UUID, if_match: IfMatch = None
) -> Response:
    """Delete one's own update; leaders and managers delete everybody's."""
    with writing(request) as session:
        delete_update(session, user, project_id, update_id, if_match=if_match)
    return Response(status_code=204)
