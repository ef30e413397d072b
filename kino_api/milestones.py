"""Milestones: moments that a project works towards."""

import uuid
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, update

from kino_api.changes import record_change
from kino_api.etags import check_match
from kino_api.names import checked_line
from kino_api.projects import hold_project
from kino_api.sql import read_sql
from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import InvalidInput, NotFound
from kino_core.tables import milestone

CLOCKS_DIFFER = timedelta(minutes=5)


class NotYetReached(InvalidInput):
    """A milestone that is to have been reached at a time to come."""

    code = "NOT_YET_REACHED"


@dataclass(frozen=True)
class Milestone:
    """A moment that a project works towards; `reached_at` is None until it is there."""

    id: uuid.UUID
    project_id: uuid.UUID
    name: str
    description: str
    due_date: date | None
    reached_at: datetime | None
    created_at: datetime
    updated_at: datetime
    created_by: uuid.UUID | None


class UnknownMilestone(NotFound):
    """The project has no such milestone."""

    code = "UNKNOWN_MILESTONE"


def list_milestones(
    session: ReadSession,
    project_id: uuid.UUID,
    *,
    after: tuple[date | None, uuid.UUID] | None = None,
    limit: int | None = None,
) -> list[Milestone]:
    """Return the milestones by due date, those without one last; `after` is the (due date, id) of the last one seen."""
    rows = query(
        session,
        read_sql("milestones"),
        project_id=project_id,
        after_date=after and after[0],
        after_id=after and after[1],
        limit=limit,
    )
    return [Milestone(*row) for row in rows]


def get_milestone(session: ReadSession | WriteSession, project_id: uuid.UUID, milestone_id: uuid.UUID) -> Milestone:
    """Return a milestone of the project; raises UnknownMilestone."""
    return _find(session, read_sql("milestone"), project_id, milestone_id)


def add_milestone(
    session: WriteSession,
    project_id: uuid.UUID,
    name: str,
    *,
    description: str = "",
    due_date: date | None = None,
    reached_at: datetime | None = None,
    created_by: uuid.UUID | None = None,
) -> Milestone:
    """Add a milestone; raises InvalidName, InvalidInput, UnknownProject or ProjectArchived."""
    hold_project(session, project_id)
    now = datetime.now(UTC)
    reached = _checked_moment(reached_at)
    made = Milestone(uuid.uuid4(), project_id, checked_line(name), description, due_date, reached, now, now, created_by)
    session.execute(insert(milestone).values(**_columns(made)))
    record_change(session, "milestone_created", _told(made), project_id=project_id)
    return made


def change_milestone(
    session: WriteSession,
    project_id: uuid.UUID,
    milestone_id: uuid.UUID,
    changes: dict[str, Any],
    *,
    if_match: str | None = None,
) -> Milestone:
    """Apply `changes` (`name`, `description`, `due_date`, `reached_at`) and return the milestone as it is then.

    Raises UnknownMilestone, PreconditionFailed when `if_match` names other versions, else as add_milestone.
    """
    before = _lock(session, project_id, milestone_id)
    check_match(if_match, before.updated_at, noun="milestone")
    if "name" in changes:
        changes = changes | {"name": checked_line(changes["name"])}
    if "reached_at" in changes:
        changes = changes | {"reached_at": _checked_moment(changes["reached_at"])}
    after = replace(before, **changes)
    if after == before:
        return before
    # Never the same moment twice: an ETag is made of it.
    after = replace(after, updated_at=max(datetime.now(UTC), before.updated_at + timedelta(microseconds=1)))
    session.execute(update(milestone).where(milestone.c.id == after.id).values(**_columns(after)))
    record_change(session, "milestone_changed", _told(after), project_id=project_id)
    return after


def delete_milestone(
    session: WriteSession, project_id: uuid.UUID, milestone_id: uuid.UUID, *, if_match: str | None = None
) -> None:
    """Delete a milestone; raises UnknownMilestone, UnknownProject or ProjectArchived."""
    found = _lock(session, project_id, milestone_id)
    check_match(if_match, found.updated_at, noun="milestone")
    query(session, "DELETE FROM kino.milestone WHERE id = :id RETURNING id", id=milestone_id)
    body = {"milestone_id": str(milestone_id), "project_id": str(project_id)}
    record_change(session, "milestone_deleted", body, project_id=project_id)


def _lock(session: WriteSession, project_id: uuid.UUID, milestone_id: uuid.UUID) -> Milestone:
    hold_project(session, project_id)
    return _find(session, read_sql("milestone") + "FOR UPDATE", project_id, milestone_id)


def lock_milestone(session: WriteSession, project_id: uuid.UUID, milestone_id: uuid.UUID) -> None:
    """Keep a milestone from being deleted until the session ends; raises UnknownMilestone."""
    _find(session, read_sql("milestone") + "FOR KEY SHARE", project_id, milestone_id)


def _find(session: ReadSession | WriteSession, sql: str, project_id: uuid.UUID, milestone_id: uuid.UUID) -> Milestone:
    rows = query(session, sql, project_id=project_id, id=milestone_id)
    if not rows:
        raise UnknownMilestone("The project has no such milestone. List its milestones to see their ids.")
    return Milestone(*rows[0])


def _checked_moment(reached_at: datetime | None) -> datetime | None:
    """Return the moment in UTC; raises InvalidInput for one that is yet to come."""
    try:
        moment = reached_at and reached_at.astimezone(UTC)
    except OverflowError as error:
        raise InvalidInput("That is no time of our calendar.", field="reached_at") from error
    if moment is not None and moment > datetime.now(UTC) + CLOCKS_DIFFER:
        raise NotYetReached("A milestone is reached now or was reached earlier. Give a past time.", field="reached_at")
    return moment


def _told(made: Milestone) -> dict[str, Any]:
    return {
        "milestone_id": str(made.id),
        "project_id": str(made.project_id),
        "name": made.name,
        "due_date": made.due_date and made.due_date.isoformat(),
        "reached_at": made.reached_at and made.reached_at.isoformat(),
    }


def _columns(made: Milestone) -> dict[str, Any]:
    return {each.name: getattr(made, each.name) for each in fields(made)}
