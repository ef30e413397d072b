"""Members: who belongs to a project, and as what. A change counts from their next request on."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.dialects.postgresql import insert as upsert

from kino_api.changes import record_change
from kino_api.projects import hold_project
from kino_api.sql import read_sql
from kino_api.users import ProjectRole
from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import Conflict, NotFound
from kino_core.tables import project_member


@dataclass(frozen=True)
class Member:
    """Somebody of a project."""

    user_id: uuid.UUID
    name: str
    email: str
    role: ProjectRole
    joined_at: datetime


class UnknownMember(NotFound):
    """Nobody with that id belongs to the project."""

    code = "UNKNOWN_MEMBER"


class UnknownUser(NotFound):
    """Nobody with that id may sign in."""

    code = "UNKNOWN_USER"


class MemberExists(Conflict):
    """The user belongs to the project already."""

    code = "MEMBER_EXISTS"


def list_members(
    session: ReadSession,
    project_id: uuid.UUID,
    *,
    after: tuple[str, uuid.UUID] | None = None,
    limit: int | None = None,
) -> list[Member]:
    """Return the members by name; `after` is the (name, user id) of the last one seen."""
    return _members(session, project_id, after=after, limit=limit)


def add_member(session: WriteSession, project_id: uuid.UUID, user_id: uuid.UUID, role: ProjectRole) -> Member:
    """Make somebody a member; raises UnknownUser, MemberExists, UnknownProject or ProjectArchived."""
    hold_project(session, project_id)
    if not query(session, 'SELECT FROM kino."user" WHERE id = :id AND disabled_at IS NULL FOR KEY SHARE', id=user_id):
        raise UnknownUser("There is no such user, or they may no longer sign in.")
    insertion = upsert(project_member).values(project_id=project_id, user_id=user_id, role=role.value)
    if not session.execute(insertion.on_conflict_do_nothing().returning(project_member.c.user_id)).all():
        raise MemberExists("They belong to the project already. Change their role instead.")
    _tell(session, "member_added", project_id, user_id, role)
    return get_member(session, project_id, user_id)


def change_member(session: WriteSession, project_id: uuid.UUID, user_id: uuid.UUID, role: ProjectRole) -> Member:
    """Give a member another role; raises UnknownMember, UnknownProject or ProjectArchived."""
    hold_project(session, project_id)
    changed = query(
        session,
        "UPDATE kino.project_member SET role = :role"
        " WHERE project_id = :project_id AND user_id = :user_id AND role <> :role RETURNING user_id",
        project_id=project_id,
        user_id=user_id,
        role=role.value,
    )
    if changed:
        _tell(session, "member_changed", project_id, user_id, role)
    return get_member(session, project_id, user_id)


def remove_member(session: WriteSession, project_id: uuid.UUID, user_id: uuid.UUID) -> None:
    """Take somebody out of a project; raises UnknownMember, UnknownProject or ProjectArchived."""
    hold_project(session, project_id)
    removed = query(
        session,
        "DELETE FROM kino.project_member WHERE project_id = :project_id AND user_id = :user_id RETURNING user_id",
        project_id=project_id,
        user_id=user_id,
    )
    if not removed:
        raise _unknown()
    _tell(session, "member_removed", project_id, user_id, None)


def get_member(session: ReadSession | WriteSession, project_id: uuid.UUID, user_id: uuid.UUID) -> Member:
    """Return a member; raises UnknownMember."""
    found = _members(session, project_id, user_id=user_id)
    if not found:
        raise _unknown()
    return found[0]


def _members(
    session: ReadSession | WriteSession,
    project_id: uuid.UUID,
    *,
    user_id: uuid.UUID | None = None,
    after: tuple[str, uuid.UUID] | None = None,
    limit: int | None = None,
) -> list[Member]:
    rows = query(
        session,
        read_sql("members"),
        project_id=project_id,
        user_id=user_id,
        after_name=after and after[0],
        after_id=after and after[1],
        limit=limit,
    )
    return [_member(row) for row in rows]


def _member(row: Row[Any]) -> Member:
    return Member(row.user_id, row.name, row.email, ProjectRole(row.role), row.joined_at)


def _tell(
    session: WriteSession, change: str, project_id: uuid.UUID, user_id: uuid.UUID, role: ProjectRole | None
) -> None:
    body = {"project_id": str(project_id), "user_id": str(user_id), "role": role}
    record_change(session, change, body, project_id=project_id)


def _unknown() -> UnknownMember:
    return UnknownMember("They do not belong to the project. List its members to see their ids.")
