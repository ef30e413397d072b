"""Projects: made, found and changed by name or id."""

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Row, update
from sqlalchemy.dialects.postgresql import insert as upsert

from kino_api.access import UnknownProject
from kino_api.changes import record_change
from kino_api.initiatives import ensure_initiative, get_initiative
from kino_api.names import checked_name
from kino_api.portfolio import ProjectCard, list_projects
from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import Conflict, InvalidInput
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
    "list_projects",
]


class Priority(StrEnum):
    """How much a project matters."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class ProjectStatus(StrEnum):
    """What a manager says about a project."""

    ON_TRACK = "ON_TRACK"
    AT_RISK = "AT_RISK"
    BLOCKED = "BLOCKED"
    COMPLETED = "COMPLETED"


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


class ProjectChanged(Conflict):
    """Somebody else changed the project since it was read."""

    code = "PROJECT_CHANGED"


class InvalidDates(InvalidInput):
    """A project that ends before it starts."""

    code = "INVALID_DATE_RANGE"


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
    start_date: date | None = None,
    end_date: date | None = None,
    time_zone: str = "UTC",
    sample: bool = False,
    created_by: uuid.UUID | None = None,
) -> Project:
    """Make a project; an initiative given by name is made if missing, one given by id must exist.

    Raises InvalidName, InvalidDates, InvalidTimeZone, UnknownInitiative or ProjectExists.
    """
    now = datetime.now(UTC)
    group = None
    if initiative is not None:
        by_id = isinstance(initiative, uuid.UUID)
        group = get_initiative(session, initiative) if by_id else ensure_initiative(session, str(initiative))
    made = Project(
        id=uuid.uuid4(),
        name=checked_name(name),
        initiative_id=group.id if group else None,
        initiative=group.name if group else None,
        description=description,
        priority=priority,
        status=None,
        status_reason=None,
        start_date=start_date,
        end_date=end_date,
        time_zone=time_zone,
        sample=sample,
        created_at=now,
        updated_at=now,
        created_by=created_by,
    )
    _check(made)
    insertion = upsert(project).values(**_columns(made)).on_conflict_do_nothing()
    if not session.execute(insertion.returning(project.c.id)).all():
        raise ProjectExists(f"There is a project named {made.name!r} already. Choose another name.")
    record_change(session, "project_created", _told(made), project_id=made.id)
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


def change_project(
    session: WriteSession, project_id: uuid.UUID, changes: dict[str, Any], *, unchanged_since: datetime | None = None
) -> Project:
    """Apply `changes` (fields of Project, `initiative_id` included) and return the project as it is then.

    Raises ProjectChanged when `unchanged_since` is given and is not the stored `updated_at`, else as create_project.
    """
    query(session, "SELECT FROM kino.project WHERE id = :id FOR UPDATE", id=project_id)
    before = get_project(session, project_id)
    if unchanged_since is not None and before.updated_at != unchanged_since:
        raise ProjectChanged(f"The project {before.name!r} was changed meanwhile. Read it again, then change it.")
    if "name" in changes:
        changes = changes | {"name": checked_name(changes["name"])}
    if changes.get("initiative_id"):
        changes = changes | {"initiative": get_initiative(session, changes["initiative_id"]).name}
    elif "initiative_id" in changes:
        changes = changes | {"initiative": None}
    after = replace(before, **changes, updated_at=datetime.now(UTC))
    if after == replace(before, updated_at=after.updated_at):
        return before
    _check(after)
    other = find_project(session, after.name)
    if other is not None and other.id != after.id:
        raise ProjectExists(f"There is a project named {after.name!r} already. Choose another name.")
    session.execute(update(project).where(project.c.id == after.id).values(**_columns(after)))
    record_change(session, "project_changed", _told(after), project_id=after.id)
    return after


def _check(wanted: Project) -> None:
    if wanted.start_date and wanted.end_date and wanted.end_date < wanted.start_date:
        raise InvalidDates("The project ends before it starts. Give a later end date.", field="end_date")
    try:
        ZoneInfo(wanted.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidTimeZone(
            f"{wanted.time_zone!r} is no time zone. Use an IANA name such as Europe/Berlin.", field="time_zone"
        ) from error


def _columns(made: Project) -> dict[str, Any]:
    return {column.name: getattr(made, column.name) for column in project.columns if column.name != "deleted_at"}


def _told(made: Project) -> dict[str, Any]:
    """Return what the log says about a project: all that the lake needs to place its numbers."""
    return {
        "project_id": str(made.id),
        "name": made.name,
        "initiative_id": str(made.initiative_id) if made.initiative_id else None,
        "initiative": made.initiative,
        "time_zone": made.time_zone,
        "sample": made.sample,
    }


def _project(row: Row[Any]) -> Project:
    status = ProjectStatus(row.status) if row.status else None
    fields: dict[str, Any] = {**row._mapping, "priority": Priority(row.priority), "status": status}
    return Project(**fields)
