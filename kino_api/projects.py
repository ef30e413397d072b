"""Projects: made, found and changed by name or id."""

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from psycopg.errors import UniqueViolation
from sqlalchemy import Row, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DataError, IntegrityError

from kino_api.access import ProjectArchived, UnknownInitiative, UnknownProject, sees_initiative
from kino_api.changes import record_change
from kino_api.etags import check_match
from kino_api.initiatives import Initiative, ensure_initiative, hold_initiative
from kino_api.names import checked_name
from kino_api.portfolio import ProjectCard, list_projects
from kino_api.users import User
from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import Conflict, InvalidDates, InvalidInput
from kino_core.project_states import Priority, ProjectStatus
from kino_core.tables import project

__all__ = [
    "Priority",
    "Project",
    "ProjectCard",
    "ProjectExists",
    "ProjectStatus",
    "UnknownProject",
    "change_project",
    "create_project",
    "ensure_project",
    "find_project",
    "get_project",
    "hold_project",
    "list_projects",
]


@dataclass(frozen=True)
class Project:
    """A project as it stands; `status` is None until a manager sets one, `time_zone` an IANA name."""

    id: uuid.UUID
    name: str
    initiative_id: uuid.UUID | None
    initiative: str | None
    description: str
    priority: Priority
    status: ProjectStatus | None
    status_reason: str | None
    start_date: date | None
    end_date: date | None
    time_zone: str
    sample: bool
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None
    created_by: uuid.UUID | None = None


class ProjectExists(Conflict):
    """Another project has that name, capitals aside."""

    code = "PROJECT_EXISTS"


class ReasonWithoutStatus(InvalidInput):
    """A reason for a status that nobody set."""

    code = "REASON_WITHOUT_STATUS"


class InvalidTimeZone(InvalidInput):
    """A time zone that is not an IANA name."""

    code = "INVALID_TIME_ZONE"


_FIND = """
SELECT project.id, project.name, project.initiative_id, initiative.name AS initiative, project.description,
    project.priority, project.status, project.status_reason, project.start_date, project.end_date,
    project.time_zone, project.sample, project.created_at, project.updated_at, project.archived_at,
    project.created_by
FROM kino.project LEFT JOIN kino.initiative ON initiative.id = project.initiative_id
WHERE project.deleted_at IS NULL AND (project.id = :id OR lower(project.name) = lower(:name))
ORDER BY project.id = :id DESC NULLS LAST
LIMIT 1
"""


def create_project(
    session: WriteSession,
    name: str,
    initiative: str | uuid.UUID | None = None,
    *,
    description: str = "",
    priority: Priority = Priority.MEDIUM,
    status: ProjectStatus | None = None,
    status_reason: str | None = None,
    start_date: date | None = None,
    end_date: date | None = None,
    time_zone: str = "UTC",
    sample: bool = False,
    created_by: uuid.UUID | None = None,
    project_id: uuid.UUID | None = None,
) -> Project:
    """Make a project; an initiative given by name is made if missing, one given by id must exist.

    `project_id` is for those whose events are known before they are made.

    Raises InvalidName, InvalidDates, InvalidTimeZone, UnknownInitiative or ProjectExists.
    """
    now = datetime.now(UTC)
    group = _group(session, initiative, created_by)
    made = Project(
        id=project_id or uuid.uuid4(),
        name=checked_name(name),
        initiative_id=group.id if group else None,
        initiative=group.name if group else None,
        description=description,
        priority=priority,
        status=status,
        status_reason=status_reason or None,
        start_date=start_date,
        end_date=end_date,
        time_zone=time_zone,
        sample=sample,
        created_at=now,
        updated_at=now,
        created_by=created_by,
    )
    _check(session, made)
    insertion = upsert(project).values(**_columns(made)).on_conflict_do_nothing()
    if not session.execute(insertion.returning(project.c.id)).all():
        raise _taken(made.name)
    record_change(session, "project_created", told(made), project_id=made.id, occurred_at=made.updated_at)
    return made


def ensure_project(session: WriteSession, name: str) -> Project:
    """Return the project named `name`, made if it is missing; raises InvalidName."""
    if found := find_project(session, name):
        return found
    try:
        return create_project(session, name)
    except ProjectExists:
        # Somebody else made it in between; READ COMMITTED lets this statement see theirs.
        return get_project(session, checked_name(name))


def find_project(session: ReadSession | WriteSession, name_or_id: str | uuid.UUID) -> Project | None:
    """Return the project with that id or name (capitals aside), or None."""
    wanted = str(name_or_id)
    try:
        by_id: uuid.UUID | None = uuid.UUID(wanted)
    except ValueError:
        by_id = None
    rows = query(session, _FIND, id=by_id, name=wanted.strip(" "))
    return _project(rows[0]) if rows else None


def get_project(session: ReadSession | WriteSession, name_or_id: str | uuid.UUID) -> Project:
    """Return the project with that id or name; raises UnknownProject."""
    found = find_project(session, name_or_id)
    if found is None:
        raise UnknownProject(f"There is no project {str(name_or_id)!r}.")
    return found


def hold_project(session: WriteSession, project_id: uuid.UUID) -> None:
    """Keep the project as it is until the session ends; raises UnknownProject or ProjectArchived.

    Whoever adds to a project holds it, so that nothing is added while it is being archived or deleted.
    """
    rows = query(
        session,
        "SELECT archived_at FROM kino.project WHERE id = :id AND deleted_at IS NULL FOR SHARE",
        id=project_id,
    )
    if not rows:
        raise UnknownProject("The requested project could not be found. It may have been deleted.")
    if rows[0].archived_at is not None:
        raise ProjectArchived


def change_project(
    session: WriteSession,
    project_id: uuid.UUID,
    changes: dict[str, Any],
    *,
    if_match: str | None = None,
    seen_by: User | None = None,
) -> Project:
    """Apply `changes` (fields of Project, `initiative_id` included) and return the project as it is then.

    What `seen_by` does not see does not exist; Kino itself, where None, sees everything. Raises PreconditionFailed when
    `if_match` names other versions, ProjectArchived, UnknownInitiative, else as create_project.
    """
    before = lock_project(session, project_id)
    check_match(if_match, before.updated_at, noun="project")
    if before.archived_at is not None:
        raise ProjectArchived
    initiative_id = changes.get("initiative_id")
    if initiative_id and seen_by and not sees_initiative(session, seen_by, initiative_id):
        raise UnknownInitiative(f"There is no initiative {str(initiative_id)!r}.")
    after = replace(before, **_settled(session, before, changes))
    if after == before:
        return before
    _check(session, after)
    return store_project(session, after)


def lock_project(session: WriteSession, project_id: uuid.UUID) -> Project:
    """Return the project, which nobody else changes until the session ends; raises UnknownProject."""
    query(session, "SELECT FROM kino.project WHERE id = :id FOR UPDATE", id=project_id)
    return get_project(session, project_id)


def store_project(session: WriteSession, changed: Project) -> Project:
    """Store a project that is locked and tell the log; raises ProjectExists when the name is another one's."""
    # Never the same moment twice: an ETag is made of it.
    after = replace(changed, updated_at=max(datetime.now(UTC), changed.updated_at + timedelta(microseconds=1)))
    try:
        with session.begin_nested():
            session.execute(update(project).where(project.c.id == after.id).values(**_columns(after)))
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
        raise _taken(after.name) from error
    record_change(session, "project_changed", told(after), project_id=after.id, occurred_at=after.updated_at)
    return after


def told(made: Project) -> dict[str, Any]:
    """Return what the log says about a project: its state, so that its history can be told from the events alone."""
    return {
        "project_id": str(made.id),
        "name": made.name,
        "initiative_id": str(made.initiative_id) if made.initiative_id else None,
        "initiative": made.initiative,
        "priority": made.priority,
        "status": made.status,
        "status_reason": made.status_reason,
        "start_date": made.start_date and made.start_date.isoformat(),
        "end_date": made.end_date and made.end_date.isoformat(),
        "time_zone": made.time_zone,
        "archived": made.archived_at is not None,
        "sample": made.sample,
    }


def _group(session: WriteSession, named: str | uuid.UUID | None, by: uuid.UUID | None) -> Initiative | None:
    if named is None:
        return None
    return hold_initiative(
        session, named if isinstance(named, uuid.UUID) else ensure_initiative(session, named, created_by=by).id
    )


def _settled(session: WriteSession, before: Project, changes: dict[str, Any]) -> dict[str, Any]:
    """Return the changes with what follows from them."""
    settled = dict(changes)
    if "name" in settled:
        settled["name"] = checked_name(settled["name"])
    if "initiative_id" in settled:
        group = _group(session, settled["initiative_id"], None)
        settled["initiative"] = group.name if group else None
    # A reason belongs to the status that it was given for.
    if settled.get("status", before.status) != before.status:
        settled.setdefault("status_reason", None)
    if "status_reason" in settled:
        settled["status_reason"] = settled["status_reason"] or None
    return settled


def _check(session: WriteSession, wanted: Project) -> None:
    if wanted.start_date and wanted.end_date and wanted.end_date < wanted.start_date:
        raise InvalidDates("Please ensure the end date is not before the start date.", field="end_date")
    if wanted.status is None and wanted.status_reason is not None:
        raise ReasonWithoutStatus("There is no status that the reason is for. Give both.", field="status_reason")
    if wanted.time_zone not in _time_zones() or not _knows_time_zone(session, wanted.time_zone):
        raise InvalidTimeZone(
            f"{wanted.time_zone!r} is no time zone. Use an IANA name such as Europe/Berlin.", field="time_zone"
        )


@cache
def _time_zones() -> frozenset[str]:
    # These two mean whatever a machine is set to.
    return frozenset(available_timezones()) - {"localtime", "Factory"} | {"UTC"}


def _knows_time_zone(session: WriteSession, name: str) -> bool:
    """Return whether PostgreSQL knows the zone too: one that it does not know would break every list."""
    try:
        with session.begin_nested():
            query(session, "SELECT now() AT TIME ZONE :name", name=name)
    except DataError:
        return False
    return True


def _taken(name: str) -> ProjectExists:
    return ProjectExists(f"There is a project named {name!r} already. Choose another name.")


def _columns(made: Project) -> dict[str, Any]:
    return {column.name: getattr(made, column.name) for column in project.columns if column.name != "deleted_at"}


def _project(row: Row[Any]) -> Project:
    status = ProjectStatus(row.status) if row.status else None
    fields: dict[str, Any] = {**row._mapping, "priority": Priority(row.priority), "status": status}
    return Project(**fields)
