"""Initiatives: what projects are grouped by."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.dialects.postgresql import insert as upsert

from kino_api.access import UnknownInitiative, viewer
from kino_api.changes import record_change
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
    created_at: datetime


class InitiativeExists(Conflict):
    """Another initiative has that name, capitals aside."""

    code = "INITIATIVE_EXISTS"


def create_initiative(session: WriteSession, name: str) -> Initiative:
    """Make an initiative; raises InvalidName or InitiativeExists."""
    made = _insert(session, checked_name(name))
    if made is None:
        raise InitiativeExists(f"There is an initiative named {name!r} already. Choose another name.")
    return made


def ensure_initiative(session: WriteSession, name: str) -> Initiative:
    """Return the initiative named `name`, made if it is missing; raises InvalidName."""
    checked = checked_name(name, field="initiative")
    return find_initiative(session, checked) or _insert(session, checked) or get_initiative(session, checked)


def find_initiative(session: ReadSession | WriteSession, name_or_id: str | uuid.UUID) -> Initiative | None:
    """Return the initiative with that id or name (capitals aside), or None."""
    rows = query(
        session,
        "SELECT id, name, created_at FROM kino.initiative WHERE id::text = lower(:named) OR lower(name) = lower(:named)"
        " ORDER BY id::text = lower(:named) DESC LIMIT 1",
        named=str(name_or_id),
    )
    return Initiative(*rows[0]) if rows else None


def get_initiative(session: ReadSession | WriteSession, name_or_id: str | uuid.UUID) -> Initiative:
    """Return the initiative with that id or name; raises UnknownInitiative."""
    found = find_initiative(session, name_or_id)
    if found is None:
        raise UnknownInitiative(f"There is no initiative {str(name_or_id)!r}.")
    return found


def list_initiatives(
    session: ReadSession,
    user: User | None = None,
    *,
    limit: int | None = None,
    after: tuple[str, uuid.UUID] | None = None,
) -> list[Initiative]:
    """Return the initiatives that `user` sees by name, all where None.

    `after` is the (lower-case name, id) of the last one seen.
    """
    rows = query(
        session,
        read_sql("initiatives"),
        name=after and after[0],
        id=after and after[1],
        limit=limit,
        **viewer(user),
    )
    return [Initiative(*row) for row in rows]


def _insert(session: WriteSession, name: str) -> Initiative | None:
    made = Initiative(uuid.uuid4(), name, datetime.now(UTC))
    statement = upsert(initiative).values(id=made.id, name=name, created_at=made.created_at)
    if not session.execute(statement.on_conflict_do_nothing().returning(initiative.c.id)).all():
        return None
    record_change(session, "initiative_created", {"initiative_id": str(made.id), "initiative": name}, project_id=None)
    return made
