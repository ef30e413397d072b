"""Repositories: which project their commits and pull requests count for."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert as upsert

from kino_api.changes import record_change
from kino_api.names import checked_repository
from kino_api.projects import hold_project
from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import Conflict
from kino_core.events import repository_id
from kino_core.tables import repository


@dataclass(frozen=True)
class Repository:
    """A repository of a project."""

    id: uuid.UUID
    full_name: str
    project_id: uuid.UUID
    connected_at: datetime


class RepositoryTaken(Conflict):
    """The repository belongs to another project."""

    code = "REPOSITORY_TAKEN"


def connect_repository(session: WriteSession, project_id: uuid.UUID, full_name: str) -> Repository:
    """Make the repository count for the project; connecting it again changes nothing.

    Events that arrived before, when no project had it, count from then on. Raises InvalidName, UnknownProject,
    ProjectArchived, or RepositoryTaken when another project has it.
    """
    name = checked_repository(full_name)
    hold_project(session, project_id)
    made = Repository(repository_id(name), name, project_id, datetime.now(UTC))
    insertion = upsert(repository).values(
        id=made.id, full_name=name, project_id=project_id, connected_at=made.connected_at
    )
    # The fold makes a row without a project for a repository that sends events before anyone connects it.
    connected = insertion.on_conflict_do_update(
        index_elements=[repository.c.id],
        set_={"project_id": project_id, "connected_at": made.connected_at},
        where=repository.c.project_id.is_(None),
    ).returning(repository.c.id)
    if not session.execute(connected).all():
        return _already_connected(session, project_id, name)
    body: dict[str, Any] = {"repository_id": str(made.id), "full_name": name, "project_id": str(project_id)}
    record_change(session, "repository_connected", body, project_id=project_id)
    return made


def list_repositories(session: ReadSession | WriteSession, project_id: uuid.UUID) -> list[Repository]:
    """Return the project's repositories by name."""
    rows = query(
        session,
        "SELECT id, full_name, project_id, connected_at FROM kino.repository WHERE project_id = :project_id"
        " ORDER BY lower(full_name)",
        project_id=project_id,
    )
    return [Repository(*row) for row in rows]


def _already_connected(session: WriteSession, project_id: uuid.UUID, name: str) -> Repository:
    row = query(
        session,
        "SELECT id, full_name, project_id, connected_at FROM kino.repository WHERE id = :id",
        id=repository_id(name),
    )[0]
    if row.project_id != project_id:
        raise RepositoryTaken(f"The repository {name!r} is connected to another project. Disconnect it there first.")
    return Repository(*row)
