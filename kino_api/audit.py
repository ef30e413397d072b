"""The audit as those read it who may: who changed what, the newest first."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select

from kino_api.permissions import Action, Permission, Resource, projects_allowed
from kino_api.users import Role, User
from kino_core.actors import ActorType
from kino_core.database import ReadSession
from kino_core.tables import audit

READ_AUDIT = Permission(Resource.AUDIT, Action.READ)


@dataclass(frozen=True)
class AuditEntry:
    """One change or deed. `before` and `after` are rows without secrets; people are named by id alone.

    `actor_id` is a user's for `user` and a token's for `agent`; null for `system`, for `github`, and where a scope item
    moved for what several events of agents say together.
    """

    id: int
    occurred_at: datetime
    actor_type: ActorType
    actor_id: uuid.UUID | None
    action: str
    entity_type: str
    entity_id: str | None
    project_id: uuid.UUID | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    details: dict[str, Any]
    request_id: str | None


@dataclass(frozen=True)
class AuditFilter:
    """Which entries; `since` is included, `until` is not, and None asks for nothing."""

    actor: uuid.UUID | None = None
    actor_type: ActorType | None = None
    action: str | None = None
    entity_type: str | None = None
    entity_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    request_id: str | None = None


def list_audit(
    session: ReadSession,
    user: User,
    asked: AuditFilter,
    *,
    project_id: uuid.UUID | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[AuditEntry]:
    """Return the entries that the user may read, of one project where one is named; `before` is the last id seen."""
    found = audit_query(user, asked, project_id=project_id, before=before, limit=limit)
    return [_entry(dict(row)) for row in session.execute(found).mappings()]


def audit_query(
    user: User, asked: AuditFilter, *, project_id: uuid.UUID | None, before: int | None, limit: int
) -> Select[Any]:
    """Return the statement for them: only what is asked for stands in it, so that PostgreSQL plans for just that."""
    found = _filtered(_readable(user), asked).order_by(audit.c.id.desc()).limit(limit)
    if project_id is not None:
        found = found.where(audit.c.project_id == project_id)
    return found if before is None else found.where(audit.c.id < before)


def _readable(user: User) -> Select[Any]:
    entries = select(*(column for column in audit.c if column.name != "xid"))
    if user.role is Role.ADMIN:
        return entries
    projects: Iterable[uuid.UUID] | None = projects_allowed(user, READ_AUDIT)
    if projects is None:
        # A manager reads what was done to projects and initiatives, not to accounts and keys.
        return entries.where(or_(audit.c.project_id.is_not(None), audit.c.entity_type == "initiative"))
    return entries.where(audit.c.project_id.in_(list(projects)))


def _entry(row: dict[str, Any]) -> AuditEntry:
    return AuditEntry(**row | {"actor_type": ActorType(row["actor_type"])})


def _filtered(entries: Select[Any], asked: AuditFilter) -> Select[Any]:
    equal = {
        audit.c.actor_id: asked.actor,
        audit.c.actor_type: asked.actor_type,
        audit.c.action: asked.action,
        audit.c.entity_type: asked.entity_type,
        audit.c.entity_id: asked.entity_id,
        audit.c.request_id: asked.request_id,
    }
    for column, value in equal.items():
        if value is not None:
            entries = entries.where(column == value)
    if asked.since is not None:
        entries = entries.where(audit.c.occurred_at >= asked.since)
    if asked.until is not None:
        entries = entries.where(audit.c.occurred_at < asked.until)
    return entries
