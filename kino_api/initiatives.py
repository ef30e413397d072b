"""Initiatives: what projects are grouped by."""

import uuid
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.errors import ForeignKeyViolation, UniqueViolation
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError

from kino_api.access import UnknownInitiative, viewer
from kino_api.changes import record_change
from kino_api.etags import check_match
from kino_api.names import checked_name
from kino_api.sql import read_sql
from kino_api.users import User
from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import Conflict
from kino_core.tables import initiative


@dataclass(frozen=True)
class Initiative:
    """A goal that several projects serve."""

    id: uuid.UUID
    name: str
    description: str
    created_at: datetime
    updated_at: datetime
    created_by: uuid.UUID | None


class InitiativeExists(Conflict):
    """Another initiative has that name, capitals aside."""

    code = "INITIATIVE_EXISTS"


class InitiativeInUse(Conflict):
    """Projects belong to the initiative."""

    code = "INITIATIVE_IN_USE"


_FIND = """
SELECT id, name, description, created_at, updated_at, created_by FROM kino.initiative
WHERE id::text = lower(:named) OR lower(name) = lower(:named)
ORDER BY id::text = lower(:named) DESC LIMIT 1
"""


def create_initiative(
    session: WriteSession, name: str, *, description: str = "", created_by: uuid.UUID | None = None
) -> Initiative:
    """Make an initiative; raises InvalidName or InitiativeExists."""
    made = _insert(session, checked_name(name), description, created_by)
    if made is None:
        raise _taken(name)
    return made


def ensure_initiative(session: WriteSession, name: str, *, created_by: uuid.UUID | None = None) -> Initiative:
    """Return the initiative named `name`, made if it is missing; raises InvalidName."""
    checked = checked_name(name, field="initiative")
    found = find_initiative(session, checked) or _insert(session, checked, "", created_by)
    return found or get_initiative(session, checked)


def find_initiative(session: ReadSession | WriteSession, name_or_id: str | uuid.UUID) -> Initiative | None:
    """Return the initiative with that id or name (capitals aside), or None."""
    rows = query(session, _FIND, named=str(name_or_id))
    return Initiative(*rows[0]) if rows else None


def get_initiative(session: ReadSession | WriteSession, name_or_id: str | uuid.UUID) -> Initiative:
    """Return the initiative with that id or name; raises UnknownInitiative."""
    found = find_initiative(session, name_or_id)
    if found is None:
        raise UnknownInitiative(f"There is no initiative {str(name_or_id)!r}.")
    return found


def hold_initiative(session: WriteSession, initiative_id: uuid.UUID) -> Initiative:
    """Return the initiative, which nobody deletes until the session ends; raises UnknownInitiative."""
    query(session, "SELECT FROM kino.initiative WHERE id = :id FOR KEY SHARE", id=initiative_id)
    return get_initiative(session, initiative_id)


def list_initiatives(
    session: ReadSession,
    user: User | None = None,
    *,
    text: str | None = None,
    limit: int | None = None,
    after: tuple[str, uuid.UUID] | None = None,
) -> list[Initiative]:
    """Return the initiatives that `user` sees by name, all where None.

    `text` filters by a part of name or description; `after` is the (name, id) of the last one seen.
    """
    rows = query(
        session,
        read_sql("initiatives"),
        text=text,
        name=after and after[0],
        id=after and after[1],
        limit=limit,
        **viewer(user),
    )
    return [Initiative(*row) for row in rows]


def change_initiative(
    session: WriteSession, initiative_id: uuid.UUID, changes: dict[str, Any], *, if_match: str | None = None
) -> Initiative:
    """Apply `changes` (`name`, `description`) and return the initiative as it is then.

    Raises UnknownInitiative, PreconditionFailed when `if_match` names other versions, InvalidName or InitiativeExists.
    """
    before = _lock(session, initiative_id)
    check_match(if_match, before.updated_at, noun="initiative")
    if "name" in changes:
        changes = changes | {"name": checked_name(changes["name"])}
    after = replace(before, **changes)
    if after == before:
        return before
    # Never the same moment twice: an ETag is made of it.
    after = replace(after, updated_at=max(datetime.now(UTC), before.updated_at + timedelta(microseconds=1)))
    try:
        with session.begin_nested():
            session.execute(update(initiative).where(initiative.c.id == after.id).values(**_columns(after)))
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
        raise _taken(after.name) from error
    record_change(session, "initiative_changed", _told(after), project_id=None)
    return after


def delete_initiative(session: WriteSession, initiative_id: uuid.UUID, *, if_match: str | None = None) -> None:
    """Delete an initiative that no project belongs to; raises UnknownInitiative or InitiativeInUse."""
    found = _lock(session, initiative_id)
    check_match(if_match, found.updated_at, noun="initiative")
    query(
        session,
        "UPDATE kino.project SET initiative_id = NULL"
        " WHERE initiative_id = :id AND deleted_at IS NOT NULL RETURNING id",
        id=initiative_id,
    )
    try:
        with session.begin_nested():
            query(session, "DELETE FROM kino.initiative WHERE id = :id RETURNING id", id=initiative_id)
    except IntegrityError as error:
        if not isinstance(error.orig, ForeignKeyViolation):
            raise
        raise InitiativeInUse(
            f"Projects, archived ones perhaps, belong to {found.name!r}. Move them to another initiative first."
        ) from error
    record_change(session, "initiative_deleted", {"initiative_id": str(initiative_id)}, project_id=None)


def _lock(session: WriteSession, initiative_id: uuid.UUID) -> Initiative:
    query(session, "SELECT FROM kino.initiative WHERE id = :id FOR UPDATE", id=initiative_id)
    return get_initiative(session, initiative_id)


def _insert(session: WriteSession, name: str, description: str, by: uuid.UUID | None) -> Initiative | None:
    now = datetime.now(UTC)
    made = Initiative(uuid.uuid4(), name, description, now, now, by)
    insertion = upsert(initiative).values(**_columns(made)).on_conflict_do_nothing()
    if not session.execute(insertion.returning(initiative.c.id)).all():
        return None
    record_change(session, "initiative_created", _told(made), project_id=None)
    return made


def _told(made: Initiative) -> dict[str, Any]:
    return {"initiative_id": str(made.id), "initiative": made.name}


def _taken(name: str) -> InitiativeExists:
    return InitiativeExists(f"There is an initiative named {name!r} already. Choose another name.")


def _columns(made: Initiative) -> dict[str, Any]:
    return {each.name: getattr(made, each.name) for each in fields(made)}
