"""Project updates: what people write about a period of a project, one a person and period."""

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, update
from sqlalchemy.exc import IntegrityError

from kino_api.changes import record_change
from kino_api.etags import check_match
from kino_api.permissions import NotAllowed
from kino_api.projects import ProjectStatus, hold_project
from kino_api.sql import read_sql
from kino_api.users import ProjectRole, User
from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import Conflict, InvalidDates, InvalidInput, NotFound
from kino_core.periods import Period, parse_period
from kino_core.tables import project_update

_SHOWN_ONLY = frozenset({"author", "period"})
"""What is not stored."""


@dataclass(frozen=True)
class ProjectUpdate:
    """What somebody wrote; `author` is their name, and `period` the two days in the shortest form."""

    id: uuid.UUID
    project_id: uuid.UUID
    submitted_by: uuid.UUID
    author: str
    overall_status: ProjectStatus
    achievements: str
    challenges: str
    planned_work: str
    notes: str
    period_start: date
    period_end: date
    submitted_at: datetime
    updated_at: datetime
    period: str


class UnknownUpdate(NotFound):
    """The project has no such update."""

    code = "UNKNOWN_UPDATE"


class UpdateExists(Conflict):
    """The same person has written about the same period already."""

    code = "UPDATE_EXISTS"

    def __init__(self) -> None:
        super().__init__("There is an update of the same person for the same period already. Change that one.")


def list_updates(
    session: ReadSession | WriteSession,
    project_id: uuid.UUID,
    *,
    author_id: uuid.UUID | None = None,
    period: Period | None = None,
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int | None = None,
) -> list[ProjectUpdate]:
    """Return the updates of a project, the newest first; those whose period touches `period`, where it is given.

    `after` is the (submitted_at, id) of the last one seen.
    """
    return _updates(session, project_id, author_id=author_id, period=period, after=after, limit=limit)


def get_update(session: ReadSession | WriteSession, project_id: uuid.UUID, update_id: uuid.UUID) -> ProjectUpdate:
    """Return an update of the project; raises UnknownUpdate."""
    found = _updates(session, project_id, update_id=update_id)
    if not found:
        raise UnknownUpdate("The project has no such update. It may have been deleted.")
    return found[0]


def submit_update(session: WriteSession, user: User, project_id: uuid.UUID, fields: dict[str, Any]) -> ProjectUpdate:
    """Store what `user` writes; `fields` are those of ProjectUpdate, with `period` or its two days.

    Raises InvalidPeriod, InvalidDates, InvalidInput, UpdateExists, or as hold_project.
    """
    hold_project(session, project_id)
    period = _period(fields, None)
    now = datetime.now(UTC)
    texts = {name: value for name, value in fields.items() if not name.startswith("period")}
    values = {
        **texts,
        "id": uuid.uuid4(),
        "project_id": project_id,
        "submitted_by": user.id,
        "period_start": period.start,
        "period_end": period.end,
        "submitted_at": now,
        "updated_at": now,
    }
    _store(session, insert(project_update).values(**values))
    made = get_update(session, project_id, values["id"])
    record_change(session, "update_submitted", _told(made), project_id=project_id, occurred_at=made.updated_at)
    return made


def change_update(
    session: WriteSession,
    user: User,
    project_id: uuid.UUID,
    update_id: uuid.UUID,
    changes: dict[str, Any],
    *,
    if_match: str | None = None,
) -> ProjectUpdate:
    """Apply `changes` and return the update as it is then.

    Raises UnknownUpdate, NotAllowed for somebody else's, PreconditionFailed, else as submit_update.
    """
    before = _locked(session, user, project_id, update_id, if_match)
    period = _period(changes, before)
    texts = {name: value for name, value in changes.items() if not name.startswith("period")}
    after = replace(before, **texts, period_start=period.start, period_end=period.end, period=str(period))
    if after == before:
        return before
    after = replace(after, updated_at=max(datetime.now(UTC), before.updated_at + timedelta(microseconds=1)))
    columns = {name: value for name, value in vars(after).items() if name not in _SHOWN_ONLY}
    _store(session, update(project_update).where(project_update.c.id == update_id).values(**columns))
    record_change(session, "update_changed", _told(after), project_id=project_id, occurred_at=after.updated_at)
    return after


def delete_update(
    session: WriteSession, user: User, project_id: uuid.UUID, update_id: uuid.UUID, *, if_match: str | None = None
) -> None:
    """Delete an update; raises UnknownUpdate, NotAllowed for somebody else's, or PreconditionFailed."""
    _locked(session, user, project_id, update_id, if_match)
    query(session, "DELETE FROM kino.project_update WHERE id = :id RETURNING id", id=update_id)
    body = {"update_id": str(update_id), "project_id": str(project_id)}
    record_change(session, "update_deleted", body, project_id=project_id)


def _updates(
    session: ReadSession | WriteSession,
    project_id: uuid.UUID,
    *,
    update_id: uuid.UUID | None = None,
    author_id: uuid.UUID | None = None,
    period: Period | None = None,
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int | None = None,
) -> list[ProjectUpdate]:
    rows = query(
        session,
        read_sql("project_updates"),
        project_id=project_id,
        update_id=update_id,
        author_id=author_id,
        first_day=period and period.start,
        last_day=period and period.end,
        after_time=after and after[0],
        after_id=after and after[1],
        limit=limit,
    )
    return [_update(row) for row in rows]


def _update(row: Row[Any]) -> ProjectUpdate:
    period = str(Period(row.period_start, row.period_end))
    fields: dict[str, Any] = {**row._mapping, "overall_status": ProjectStatus(row.overall_status), "period": period}
    return ProjectUpdate(**fields)


def _locked(
    session: WriteSession, user: User, project_id: uuid.UUID, update_id: uuid.UUID, if_match: str | None
) -> ProjectUpdate:
    hold_project(session, project_id)
    query(session, "SELECT FROM kino.project_update WHERE id = :id FOR UPDATE", id=update_id)
    found = get_update(session, project_id, update_id)
    leads = user.role is not None or user.memberships.get(project_id) is ProjectRole.PROJECT_LEADER
    if not leads and found.submitted_by != user.id:
        raise NotAllowed("Somebody else wrote this update. Ask them, or a leader of the project, to change it.")
    check_match(if_match, found.updated_at, noun="update")
    return found


def _period(fields: dict[str, Any], before: ProjectUpdate | None) -> Period:
    """Return the period that the fields name, in one of its two forms, or else the one from before."""
    named, start, end = (fields.get(name) for name in ("period", "period_start", "period_end"))
    if named is not None:
        if start is not None or end is not None:
            raise InvalidInput("Give the period, or its first and last day, not both.", field="period")
        return parse_period(named)
    if before is not None:
        start, end = start or before.period_start, end or before.period_end
    if start is None or end is None:
        raise InvalidInput("Give the period, such as 2026-W37, or its first and last day.", field="period")
    if end < start:
        raise InvalidDates("The period ends before it starts. Give a later last day.", field="period_end")
    return Period(start, end)


def _store(session: WriteSession, statement: Any) -> None:  # noqa: ANN401 - an insert or an update
    try:
        with session.begin_nested():
            session.execute(statement)
    except IntegrityError as error:
        raise UpdateExists from error


def _told(made: ProjectUpdate) -> dict[str, Any]:
    """Return what the log says about an update: who wrote it by id only, and what they wrote."""
    return {
        "update_id": str(made.id),
        "project_id": str(made.project_id),
        "submitted_by": str(made.submitted_by),
        "overall_status": made.overall_status,
        "achievements": made.achievements,
        "challenges": made.challenges,
        "planned_work": made.planned_work,
        "notes": made.notes,
        "period_start": made.period_start.isoformat(),
        "period_end": made.period_end.isoformat(),
    }
