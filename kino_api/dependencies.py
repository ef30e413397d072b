"""Dependencies: what a project, or one of its scope items, waits for. They never lead back to where they began."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.dialects.postgresql import insert as upsert

from kino_api.access import UnknownProject, sees_project, viewer
from kino_api.changes import record_change
from kino_api.projects import hold_project
from kino_api.scope_item_rules import UnknownScopeItem
from kino_api.sql import read_sql
from kino_api.users import User
from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import Conflict, NotFound
from kino_core.tables import dependency

DEPENDENCY_LOCK = 0x6B646570
"""Key of the advisory lock under which dependencies are added: two that are fine alone may close a circle."""


@dataclass(frozen=True)
class End:
    """One side of a dependency: a scope item of a project, or the whole project where the item is None."""

    project_id: uuid.UUID
    item_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Dependency:
    """That one thing waits for another; `slips` where the other is past its end date and not finished."""

    id: uuid.UUID
    project_id: uuid.UUID
    item_id: uuid.UUID | None
    depends_on_project_id: uuid.UUID
    depends_on_project: str
    depends_on_item_id: uuid.UUID | None
    note: str
    slips: bool
    created_at: datetime
    created_by: uuid.UUID | None


class UnknownDependency(NotFound):
    """The project has no such dependency."""

    code = "UNKNOWN_DEPENDENCY"


class DependencyExists(Conflict):
    """The same dependency is there already."""

    code = "DEPENDENCY_EXISTS"


class DependencyCycle(Conflict):
    """The dependency would close a circle: each part of it would wait for all the others."""

    code = "DEPENDENCY_CYCLE"


def list_dependencies(
    session: ReadSession | WriteSession,
    user: User | None,
    project_id: uuid.UUID,
    *,
    dependency_id: uuid.UUID | None = None,
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int | None = None,
) -> list[Dependency]:
    """Return what the project waits for, the oldest first, as far as `user` sees the projects that it waits for.

    `after` is the (created_at, id) of the last one seen.
    """
    rows = query(
        session,
        read_sql("dependencies"),
        project_id=project_id,
        dependency_id=dependency_id,
        after_time=after and after[0],
        after_id=after and after[1],
        limit=limit,
        **viewer(user),
    )
    return [Dependency(*row) for row in rows]


def add_dependency(session: WriteSession, user: User, waiting: End, target: End, *, note: str = "") -> Dependency:
    """Let one thing wait for another.

    Raises UnknownProject or UnknownScopeItem for an end that the user does not see, ProjectArchived, DependencyExists
    or DependencyCycle.
    """
    query(session, "SELECT pg_advisory_xact_lock(:key)", key=DEPENDENCY_LOCK)
    hold_project(session, waiting.project_id)
    if not sees_project(session, user, target.project_id):
        raise UnknownProject("The project to wait for could not be found. It may have been deleted.")
    for end in (waiting, target):
        _check_item(session, end)
    if query(session, read_sql("dependency_cycle"), **_ends(waiting, target)):
        raise DependencyCycle("The one waits for the other already, if only through others. Take that away first.")
    made, now = uuid.uuid4(), datetime.now(UTC)
    insertion = upsert(dependency).values(
        id=made, note=note, created_at=now, created_by=user.id, **_ends(waiting, target)
    )
    if not session.execute(insertion.on_conflict_do_nothing().returning(dependency.c.id)).all():
        raise DependencyExists("It waits for that already.")
    body = {name: end and str(end) for name, end in {"dependency_id": made, **_ends(waiting, target)}.items()}
    record_change(session, "dependency_created", body, project_id=waiting.project_id, occurred_at=now)
    [added] = list_dependencies(session, user, waiting.project_id, dependency_id=made)
    return added


def delete_dependency(session: WriteSession, user: User, project_id: uuid.UUID, dependency_id: uuid.UUID) -> None:
    """Take a dependency away; raises UnknownDependency, UnknownProject or ProjectArchived."""
    hold_project(session, project_id)
    if not list_dependencies(session, user, project_id, dependency_id=dependency_id) or not query(
        session, "DELETE FROM kino.dependency WHERE id = :id RETURNING id", id=dependency_id
    ):
        raise UnknownDependency("The project has no such dependency. List its dependencies to see their ids.")
    body = {"dependency_id": str(dependency_id), "project_id": str(project_id)}
    record_change(session, "dependency_deleted", body, project_id=project_id)


def _check_item(session: WriteSession, end: End) -> None:
    if end.item_id is not None and not query(
        session,
        "SELECT FROM kino.dependable_item WHERE id = :id AND project_id = :project_id",
        id=end.item_id,
        project_id=end.project_id,
    ):
        raise UnknownScopeItem("The project has no such scope item. List its scope to see the ids.")


def _ends(waiting: End, target: End) -> dict[str, uuid.UUID | None]:
    return {
        "project_id": waiting.project_id,
        "item_id": waiting.item_id,
        "depends_on_project_id": target.project_id,
        "depends_on_item_id": target.item_id,
    }
