"""Users as others see and change them: who may sign in, with which role, and who that is in the histories."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import update

from kino_api.access import UnknownUser, viewer
from kino_api.account_links import Purpose, make_link, void_links
from kino_api.accounts import ask_for_email
from kino_api.changes import record_change
from kino_api.etags import check_match
from kino_api.mails import INVITATION, Reader, send
from kino_api.sessions import end_sessions
from kino_api.sql import read_sql
from kino_api.users import ProjectRole, Role, User, checked_person_name, create_invited_user
from kino_core.audit import record
from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import Conflict, InvalidInput
from kino_core.tables import user as user_table


class LastAdministrator(Conflict):
    """Without this user nobody could make another administrator."""

    code = "LAST_ADMINISTRATOR"


class AlreadyIn(Conflict):
    """Somebody who has a password, or is disabled, needs no invitation."""

    code = "ALREADY_IN"


class UnknownPerson(InvalidInput):
    """No person of the histories has that id."""

    code = "UNKNOWN_PERSON"


class Status(StrEnum):
    """Whether somebody can sign in; INVITED is who has no password yet."""

    INVITED = "INVITED"
    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"


@dataclass(frozen=True)
class Account:
    """A user. `person_id` is who they are in the histories; `unverified_email` waits for its link to be used."""

    id: uuid.UUID
    email: str
    name: str
    role: Role | None
    person_id: uuid.UUID | None
    created_at: datetime
    updated_at: datetime
    status: Status
    unverified_email: str | None
    memberships: Mapping[uuid.UUID, ProjectRole]


@dataclass(frozen=True)
class Changed:
    """A user after a change, and those of their sessions that it ended."""

    account: Account
    ended: list[uuid.UUID]


def list_accounts(
    session: ReadSession,
    user: User | None,
    *,
    text: str | None = None,
    after: tuple[str, uuid.UUID] | None = None,
    limit: int | None = None,
) -> list[Account]:
    """Return the users that `user` sees, or all where None, by name; `text` is a part of a name or address.

    `after` is the (lower-case name, id) of the last one seen.
    """
    return _accounts(session, viewer(user), text=text, after=after, limit=limit)


def get_account(session: ReadSession | WriteSession, user_id: uuid.UUID, *, seen_by: User | None = None) -> Account:
    """Return a user as `seen_by` sees them, or all of them where None; raises UnknownUser."""
    found = _accounts(session, viewer(seen_by), user_id=user_id)
    if not found:
        raise UnknownUser("There is no such user. List the users to see their ids.")
    return found[0]


def find_account(session: ReadSession | WriteSession, email: str) -> Account:
    """Return the user with that address; raises UnknownUser."""
    rows = query(session, 'SELECT id FROM kino."user" WHERE lower(email) = lower(:email)', email=email.strip())
    if not rows:
        raise UnknownUser(f"Nobody signs in as {email.strip()}. List them with `kino admin list`.")
    return get_account(session, rows[0].id)


def invite_user(session: WriteSession, link_secret: str, email: str, name: str | None, role: Role | None) -> Account:
    """Make a user and send them a link with which they choose a password.

    Raises InvalidEmail, InvalidPersonName or UserExists.
    """
    made = create_invited_user(session, email, name, role)
    _send_invitation(session, link_secret, made.id, made.email)
    record_change(session, "user_invited", {"user_id": str(made.id), "role": role and role.value}, project_id=None)
    return get_account(session, made.id)


def invite_again(session: WriteSession, link_secret: str, user_id: uuid.UUID) -> Account:
    """Send somebody who has no password yet another link; the ones before are worthless.

    Raises UnknownUser or AlreadyIn.
    """
    account = get_account(session, user_id)
    if account.status is not Status.INVITED:
        raise AlreadyIn("Only who has not come in yet can be invited again. Others reset their password.")
    void_links(session, user_id, Purpose.INVITE)
    _send_invitation(session, link_secret, user_id, account.email)
    record(session, "INVITED_AGAIN", "user", user_id)
    return account


def change_user(
    session: WriteSession,
    link_secret: str,
    user_id: uuid.UUID,
    changes: Mapping[str, Any],
    *,
    if_match: str | None = None,
) -> Changed:
    """Change the named fields; another role, or being disabled, ends every session of that user.

    Another `email` only gets a link for now. Raises UnknownUser, PreconditionFailed, LastAdministrator, UnknownPerson,
    or what is wrong with a field.
    """
    # Administrators are locked in one order before the user, so that two who demote each other meet here.
    administrators = _lock_administrators(session) if changes.keys() & {"role", "disabled"} else []
    query(session, 'SELECT FROM kino."user" WHERE id = :id FOR NO KEY UPDATE', id=user_id)
    before = get_account(session, user_id)
    check_match(if_match, before.updated_at, noun="user")
    values = _values(session, before, changes)
    if administrators == [user_id] and _ends_sessions(values):
        raise LastAdministrator("This is the last administrator. Make another one first.")
    if changes.get("email") is not None and changes["email"].strip() != before.email:
        ask_for_email(session, link_secret, user_id, changes["email"])
    if not values:
        return Changed(get_account(session, user_id), [])
    now = _now(session)
    session.execute(update(user_table).where(user_table.c.id == user_id).values(**values, updated_at=now))
    ended = end_sessions(session, user_id) if _ends_sessions(values) else []
    after = get_account(session, user_id)
    person_id = after.person_id and str(after.person_id)
    body = {"user_id": str(user_id), "fields": sorted(values), "person_id": person_id}
    record_change(session, "user_changed", body, project_id=None, occurred_at=now)
    return Changed(after, ended)


def _send_invitation(session: WriteSession, link_secret: str, user_id: uuid.UUID, email: str) -> None:
    link = make_link(session, link_secret, user_id, Purpose.INVITE)
    send(session, INVITATION, Reader(email, user_id), link_id=link.id, expires_at=link.expires_at)


def _accounts(
    session: ReadSession | WriteSession,
    seen_by: Mapping[str, Any],
    *,
    user_id: uuid.UUID | None = None,
    text: str | None = None,
    after: tuple[str, uuid.UUID] | None = None,
    limit: int | None = None,
) -> list[Account]:
    after_name, after_id = after or (None, None)
    rows = query(
        session,
        read_sql("users"),
        user_id=user_id,
        text=text,
        after_name=after_name,
        after_id=after_id,
        most=limit,
        **seen_by,
    )
    return [
        Account(
            row.id,
            row.email,
            row.name,
            Role(row.role) if row.role else None,
            row.person_id,
            row.created_at,
            row.updated_at,
            Status(row.status),
            row.unverified_email,
            {uuid.UUID(project): ProjectRole(role) for project, role in row.memberships.items()},
        )
        for row in rows
    ]


def _values(session: WriteSession, before: Account, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that really change."""
    values: dict[str, Any] = {}
    if "name" in changes and (name := checked_person_name(changes["name"])) != before.name:
        values["name"] = name
    if "role" in changes and changes["role"] != before.role:
        values["role"] = changes["role"] and changes["role"].value
    if "person_id" in changes and changes["person_id"] != before.person_id:
        values["person_id"] = _known_person(session, changes["person_id"])
    if "disabled" in changes and changes["disabled"] != (before.status is Status.DISABLED):
        values["disabled_at"] = _now(session) if changes["disabled"] else None
    return values


def _ends_sessions(values: Mapping[str, Any]) -> bool:
    return "role" in values or values.get("disabled_at") is not None


def _known_person(session: WriteSession, person_id: uuid.UUID | None) -> uuid.UUID | None:
    if person_id is not None and not query(session, "SELECT FROM kino.person WHERE id = :id", id=person_id):
        raise UnknownPerson("There is no such person in the histories.", field="person_id")
    return person_id


def _lock_administrators(session: WriteSession) -> list[uuid.UUID]:
    """Return those who can sign in as administrators, none of whom changes before this session ends."""
    rows = query(
        session,
        "SELECT id FROM kino.\"user\" WHERE role = 'ADMIN' AND disabled_at IS NULL AND password_hash IS NOT NULL"
        " ORDER BY id FOR NO KEY UPDATE",
    )
    return [row.id for row in rows]


def _now(session: WriteSession) -> datetime:
    moment: datetime = query(session, "SELECT clock_timestamp() AS now")[0].now
    return moment
