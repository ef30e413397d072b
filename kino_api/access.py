"""Which objects a user reaches: what they may not see does not exist for them.

Every id in a route's path goes through this table before the route runs; a route with an id that is not in it stops
the start. Lists select from the same SQL function, `kino.visible_project`.
"""

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

from kino_api.permissions import (
    Action,
    Permission,
    Resource,
    Undeclared,
    check_permission,
    may_everywhere,
    may_in_project,
    not_allowed,
)
from kino_api.sql import read_sql
from kino_api.users import User
from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import Conflict, NotFound
from kino_ingest.dead_letters import UnknownLetter

OWN_EXPORT = Permission(Resource.PERSONAL_DATA, Action.READ)
"""Everybody may have what Kino keeps of them; what it keeps of others is a matter of administrators."""

Access = Callable[[ReadSession, User, str, Permission], None]


class UnknownProject(NotFound):
    """No project has that name or id, or the caller is not to know of it."""

    code = "PROJECT_NOT_FOUND"


class ProjectArchived(Conflict):
    """The project is archived: it can be read, and taken out of the archive or deleted."""

    code = "PROJECT_ARCHIVED"

    def __init__(self) -> None:
        super().__init__("The project is archived, so nothing in it changes. Take it out of the archive first.")


class UnknownInitiative(NotFound):
    """No initiative has that name or id, or the caller is not to know of it."""

    code = "UNKNOWN_INITIATIVE"


class UnknownUser(NotFound):
    """No user has that id, or the caller is not to know of them."""

    code = "UNKNOWN_USER"


class UnknownAgent(NotFound):
    """No agent has that id, or the caller is not to know of it."""

    code = "UNKNOWN_AGENT"


def viewer(user: User | None) -> dict[str, Any]:
    """Return the values of `kino.visible_project(:viewer, :sees_all)` for a user, or for Kino itself where None."""
    return {"viewer": user and user.id, "sees_all": user is None or user.role is not None}


def sight_of(user: User) -> str:
    """Return a word that is the same for two users only where both see the same projects."""
    if user.role is not None:
        return "all"
    projects = ",".join(sorted(str(project) for project in user.memberships))
    return hashlib.sha256(projects.encode()).hexdigest()[:32]


def sees_project(session: ReadSession | WriteSession, user: User, project_id: uuid.UUID) -> bool:
    """Return whether there is such a project for the user."""
    return bool(_seen(session, user, project_id))


def sees_initiative(session: ReadSession | WriteSession, user: User, initiative_id: uuid.UUID) -> bool:
    """Return whether there is such an initiative for the user."""
    return bool(query(session, read_sql("visible_initiative"), initiative_id=initiative_id, **viewer(user)))


def access_project(session: ReadSession, user: User, project_id: uuid.UUID, permission: Permission) -> None:
    """Raise UnknownProject where the user may not see the project, NotAllowed where they may not do this in it.

    Raises ProjectArchived for what an archived project no longer takes.
    """
    found = _seen(session, user, project_id)
    if not found:
        raise UnknownProject("The requested project could not be found. It may have been deleted.")
    if not may_in_project(user, permission, project_id):
        raise not_allowed(permission)
    if found[0].archived_at is not None and permission.action is not Action.READ and permission not in _IN_THE_ARCHIVE:
        raise ProjectArchived


_IN_THE_ARCHIVE = frozenset({Permission(Resource.PROJECT, Action.DELETE), Permission(Resource.TOKEN, Action.DELETE)})
"""What may be done to archived projects beside reading: archiving, its reverse, deleting, and revoking tokens."""


def _seen(session: ReadSession | WriteSession, user: User, project_id: uuid.UUID) -> list[Any]:
    return query(
        session,
        "SELECT project.archived_at FROM kino.visible_project(:viewer, :sees_all) AS project WHERE project.id = :id",
        id=project_id,
        **viewer(user),
    )


def _project(session: ReadSession, user: User, key: str, permission: Permission) -> None:
    if project_id := _uuid(key):
        access_project(session, user, project_id, permission)


def _initiative(session: ReadSession, user: User, key: str, permission: Permission) -> None:
    initiative_id = _uuid(key)
    if initiative_id is not None and not sees_initiative(session, user, initiative_id):
        raise UnknownInitiative("There is no such initiative.")
    check_permission(user, permission)


def _agent(session: ReadSession, user: User, key: str, permission: Permission) -> None:
    check_permission(user, permission)
    agent_id = _uuid(key)
    if agent_id is not None and not query(session, read_sql("visible_agent"), agent_id=agent_id, **viewer(user)):
        raise UnknownAgent("There is no such agent.")


def _report(session: ReadSession, user: User, key: str, permission: Permission) -> None:
    check_permission(user, permission)
    report_id = _uuid(key)
    if report_id is None or may_everywhere(user, permission):
        return
    rows = query(session, "SELECT scope_id FROM kino.report WHERE id = :id AND scope_type = 'project'", id=report_id)
    if not rows or not sees_project(session, user, rows[0].scope_id):
        raise NotFound("There is no such report.")
    if not may_in_project(user, permission, rows[0].scope_id):
        raise not_allowed(permission)


def _dead_letter(session: ReadSession, user: User, key: str, permission: Permission) -> None:
    check_permission(user, permission)
    if may_everywhere(user, permission) or not (key.isascii() and key.isdigit() and int(key) < 2**63):
        return
    rows = query(session, read_sql("dead_letter_project"), id=int(key))
    if not rows or not may_in_project(user, permission, rows[0].project_id):
        raise UnknownLetter("There is no such dead letter. List them to see their ids.")


def _user(session: ReadSession, user: User, key: str, permission: Permission) -> None:
    user_id = _uuid(key)
    if user_id is not None and not query(
        session, "SELECT FROM kino.visible_user(:viewer, :sees_all) WHERE id = :id", id=user_id, **viewer(user)
    ):
        raise UnknownUser("There is no such user. List the users to see their ids.")
    if permission == OWN_EXPORT and user_id == user.id:
        return
    if permission.resource is not Resource.OWN_ACCOUNT:
        check_permission(user, permission)
    elif permission.action is not Action.READ and user_id != user.id:
        # Whose account it is decides: somebody else's is a matter of managing users.
        check_permission(user, Permission(Resource.USER, permission.action))


def _checked_by_its_module(session: ReadSession, user: User, key: str, permission: Permission) -> None:
    check_permission(user, permission)


def _part_of_project(_session: ReadSession, _user: User, _key: str, _permission: Permission) -> None:
    # The route's own statement names the project beside it, to which access was granted.
    return


OBJECTS: dict[str, Access] = {
    "project_id": _project,
    "initiative_id": _initiative,
    "agent_id": _agent,
    "report_id": _report,
    "letter_id": _dead_letter,
    "user_id": _user,
    "own_session_id": _checked_by_its_module,
    "job_id": _checked_by_its_module,
    # A metric's key names no object; whose number is asked for is found by `kino_api.metrics`.
    "key": _checked_by_its_module,
    "developer_id": _checked_by_its_module,
    "token_id": _part_of_project,
    "repository_id": _part_of_project,
    "member_id": _part_of_project,
    "milestone_id": _part_of_project,
    "dependency_id": _part_of_project,
    "item_id": _part_of_project,
    "update_id": _part_of_project,
    "annotation_id": _part_of_project,
    "blocker_id": _part_of_project,
}


def accesses_of(path: str, parameters: tuple[str, ...]) -> tuple[tuple[str, Access], ...]:
    """Return what to ask for each id in a route's path; raises Undeclared for one that is in no table."""
    unknown = [name for name in parameters if name not in OBJECTS]
    if unknown:
        raise Undeclared(f"{path} names {', '.join(unknown)}: add to OBJECTS who may reach it")
    return tuple((name, OBJECTS[name]) for name in parameters)


def _uuid(key: str) -> uuid.UUID | None:
    """Return the id that a path names, None for what is none: the route says so."""
    try:
        return uuid.UUID(key)
    except ValueError:
        return None
