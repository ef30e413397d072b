"""Annotations over HTTP."""

import uuid
from datetime import date
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import ConfigDict

from kino_api.annotations import (
    Annotation,
    AnnotationFilter,
    add_annotation,
    change_annotation,
    delete_annotation,
    get_annotation,
    list_annotations,
)
from kino_api.authentication import CurrentUser, writing
from kino_api.etags import IfMatch, etag_of
from kino_api.fields import Day, MetricKey, Note, PeriodName
from kino_api.guarded_route import guarded_router
from kino_api.resources import resources_of
from kino_api.shapes import DEFAULT_LIMIT, Body, Changes, CursorText, Limit, Page, day_cursor, not_both, page_of
from kino_core.metrics import metric as metric_of
from kino_core.periods import parse_period

router = guarded_router("/api/v1/projects/{project_id}/annotations", "annotations")


class NewAnnotation(Body):
    """What a note needs: a day and a text; what it is about where it is not the whole project."""

    model_config = ConfigDict(json_schema_extra=not_both("metric", "scope_item_id"))

    day: Day
    text: Note
    metric: MetricKey | None = None
    scope_item_id: uuid.UUID | None = None


class AnnotationChanges(Changes):
    """The fields to change; those left out stay as they are."""

    day: Day = date(2026, 1, 1)
    text: Note = ""
    metric: MetricKey | None = None
    scope_item_id: uuid.UUID | None = None


@router.get("")
def show(
    request: Request,
    user: CurrentUser,
    project_id: uuid.UUID,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
    period: Annotated[PeriodName | None, Query()] = None,
    metric: Annotated[MetricKey | None, Query()] = None,
    scope_item_id: uuid.UUID | None = None,
) -> Page[Annotation]:
    """List the notes of a project by day."""
    if metric is not None:
        metric_of(metric)
    wanted = AnnotationFilter(parse_period(period) if period is not None else None, metric, scope_item_id)
    with resources_of(request).database.read() as session:
        found = list_annotations(session, project_id, wanted, after=day_cursor(cursor), limit=limit + 1)
    return page_of(found, limit, lambda each: (each.day, each.id))


@router.post("", status_code=201)
def add(
    request: Request, user: CurrentUser, project_id: uuid.UUID, body: NewAnnotation, response: Response
) -> Annotation:
    """Pin a note to a day."""
    with writing(request) as session:
        made = add_annotation(session, project_id, dict(body), created_by=user.id)
    response.headers["Location"] = f"/api/v1/projects/{project_id}/annotations/{made.id}"
    response.headers["ETag"] = etag_of(made.updated_at)
    return made


@router.get("/{annotation_id}")
def get(
    request: Request, user: CurrentUser, project_id: uuid.UUID, annotation_id: uuid.UUID, response: Response
) -> Annotation:
    """Return a note."""
    with resources_of(request).database.read() as session:
        found = get_annotation(session, project_id, annotation_id)
    response.headers["ETag"] = etag_of(found.updated_at)
    return found


@router.patch("/{annotation_id}")
def change(
    request: Request,
    user: CurrentUser,
    project_id: uuid.UUID,
    annotation_id: uuid.UUID,
    body: AnnotationChanges,
    response: Response,
    if_match: IfMatch = None,
) -> Annotation:
    """Change the named fields of a note; with `If-Match` only when nobody changed it since."""
    changes: dict[str, Any] = body.model_dump(exclude_unset=True)
    with writing(request) as session:
        changed = change_annotation(session, project_id, annotation_id, changes, if_match=if_match)
    response.headers["ETag"] = etag_of(changed.updated_at)
    return changed


@router.delete("/{annotation_id}", status_code=204)
def delete(
    request: Request, user: CurrentUser, project_id: uuid.UUID, annotation_id: uuid.UUID, if_match: IfMatch = None
) -> Response:
    """Delete a note for good."""
    with writing(request) as session:
        delete_annotation(session, project_id, annotation_id, if_match=if_match)
    return Response(status_code=204)
