"""Annotations: notes that stand beside the numbers of a day, where charts and reports show them."""

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, update

from kino_api.changes import record_change
from kino_api.etags import check_match
from kino_api.projects import hold_project
from kino_api.scope_item_rules import UnknownScopeItem
from kino_api.sql import read_sql
from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import InvalidInput, NotFound
from kino_core.metrics import metric as metric_of
from kino_core.periods import Period
from kino_core.tables import annotation


class TwoSubjects(InvalidInput):
    """A note about a metric and about a scope item."""

    code = "TWO_SUBJECTS"


@dataclass(frozen=True)
class Annotation:
    """A note on a day; `metric` is the key of the metric that it explains, where it is about one."""

    id: uuid.UUID
    project_id: uuid.UUID
    day: date
    metric: str | None
    scope_item_id: uuid.UUID | None
    text: str
    created_at: datetime
    updated_at: datetime
    created_by: uuid.UUID | None


@dataclass(frozen=True)
class AnnotationFilter:
    """Which notes of a project are asked for."""

    period: Period | None = None
    metric: str | None = None
    scope_item_id: uuid.UUID | None = None


class UnknownAnnotation(NotFound):
    """The project has no such annotation."""

    code = "UNKNOWN_ANNOTATION"


ALL_NOTES = AnnotationFilter()


def list_annotations(
    session: ReadSession | WriteSession,
    project_id: uuid.UUID,
    wanted: AnnotationFilter = ALL_NOTES,
    *,
    after: tuple[date, uuid.UUID] | None = None,
    limit: int | None = None,
) -> list[Annotation]:
    """Return the notes of a project by day; `after` is the (day, id) of the last one seen."""
    return _notes(session, project_id, wanted, after=after, limit=limit)


def get_annotation(session: ReadSession | WriteSession, project_id: uuid.UUID, annotation_id: uuid.UUID) -> Annotation:
    """Return a note of the project; raises UnknownAnnotation."""
    found = _notes(session, project_id, annotation_id=annotation_id)
    if not found:
        raise UnknownAnnotation("The project has no such annotation. It may have been deleted.")
    return found[0]


def add_annotation(
    session: WriteSession, project_id: uuid.UUID, fields: dict[str, Any], *, created_by: uuid.UUID | None = None
) -> Annotation:
    """Pin a note to a day; `fields` holds `day` and `text`, and may hold `metric` or `scope_item_id`.

    Raises UnknownMetric, UnknownScopeItem, InvalidInput, or as hold_project.
    """
    hold_project(session, project_id)
    now = datetime.now(UTC)
    blank = Annotation(uuid.uuid4(), project_id, now.date(), None, None, "", now, now, created_by)
    made = replace(blank, **fields)
    _check(session, made)
    session.execute(insert(annotation).values(**vars(made)))
    record_change(session, "annotation_added", _told(made), project_id=project_id)
    return made


def change_annotation(
    session: WriteSession,
    project_id: uuid.UUID,
    annotation_id: uuid.UUID,
    changes: dict[str, Any],
    *,
    if_match: str | None = None,
) -> Annotation:
    """Apply `changes` and return the note as it is then.

    Raises UnknownAnnotation, PreconditionFailed, else as add_annotation.
    """
    before = _locked(session, project_id, annotation_id, if_match)
    after = replace(before, **changes)
    if after == before:
        return before
    _check(session, after)
    after = replace(after, updated_at=max(datetime.now(UTC), before.updated_at + timedelta(microseconds=1)))
    session.execute(update(annotation).where(annotation.c.id == annotation_id).values(**vars(after)))
    record_change(session, "annotation_changed", _told(after), project_id=project_id)
    return after


def delete_annotation(
    session: WriteSession, project_id: uuid.UUID, annotation_id: uuid.UUID, *, if_match: str | None = None
) -> None:
    """Delete a note; raises UnknownAnnotation, PreconditionFailed, or as hold_project."""
    _locked(session, project_id, annotation_id, if_match)
    query(session, "DELETE FROM kino.annotation WHERE id = :id RETURNING id", id=annotation_id)
    body = {"annotation_id": str(annotation_id), "project_id": str(project_id)}
    record_change(session, "annotation_deleted", body, project_id=project_id)


def _notes(
    session: ReadSession | WriteSession,
    project_id: uuid.UUID,
    wanted: AnnotationFilter = ALL_NOTES,
    *,
    annotation_id: uuid.UUID | None = None,
    after: tuple[date, uuid.UUID] | None = None,
    limit: int | None = None,
) -> list[Annotation]:
    rows = query(
        session,
        read_sql("annotations"),
        project_id=project_id,
        annotation_id=annotation_id,
        first_day=wanted.period and wanted.period.start,
        last_day=wanted.period and wanted.period.end,
        metric=wanted.metric,
        scope_item_id=wanted.scope_item_id,
        after_day=after and after[0],
        after_id=after and after[1],
        limit=limit,
    )
    return [Annotation(*row) for row in rows]


def _locked(session: WriteSession, project_id: uuid.UUID, annotation_id: uuid.UUID, if_match: str | None) -> Annotation:
    hold_project(session, project_id)
    query(session, "SELECT FROM kino.annotation WHERE id = :id FOR UPDATE", id=annotation_id)
    found = get_annotation(session, project_id, annotation_id)
    check_match(if_match, found.updated_at, noun="annotation")
    return found


def _check(session: WriteSession, note: Annotation) -> None:
    if not note.text.strip():
        raise InvalidInput("An annotation says something. Write a text.", field="text")
    if note.metric is not None and note.scope_item_id is not None:
        raise TwoSubjects("A note is about a metric or about a scope item, not both.", field="scope_item_id")
    if note.metric is not None:
        metric_of(note.metric)
    # Locked, so that nobody deletes it before the note refers to it.
    if note.scope_item_id is not None and not query(
        session,
        "SELECT FROM kino.scope_item WHERE id = :id AND project_id = :project_id FOR KEY SHARE",
        id=note.scope_item_id,
        project_id=note.project_id,
    ):
        raise UnknownScopeItem("The project has no such scope item. List its scope to see the ids.")


def _told(note: Annotation) -> dict[str, Any]:
    return {
        "annotation_id": str(note.id),
        "project_id": str(note.project_id),
        "day": note.day.isoformat(),
        "metric": note.metric,
        "scope_item_id": note.scope_item_id and str(note.scope_item_id),
        "text": note.text,
    }
