"""Users: who may sign in."""

import re
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy.dialects.postgresql import insert as upsert

from kino_api.password_policy import checked_password
from kino_api.passwords import hash_password
from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import Conflict, InvalidInput
from kino_core.tables import user

LONGEST_EMAIL = 254
LONGEST_PERSON_NAME = 100
# What would make two addresses of one in the header of a mail is none.
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"\\]+@[^\s@<>()\[\],;:\"\\]+\.[^\s@<>()\[\],;:\"\\]+")


class Role(StrEnum):
    """What somebody may do in every project; who has no role has only memberships."""

    ADMIN = "ADMIN"
    MANAGER = "MANAGER"


class ProjectRole(StrEnum):
    """What somebody may do in one project."""

    PROJECT_LEADER = "PROJECT_LEADER"
    MEMBER = "MEMBER"


@dataclass(frozen=True)
class User:
    """Somebody who may sign in; `role` is None for those who have only `memberships`, by project."""

    id: uuid.UUID
    email: str
    name: str
    role: Role | None
    memberships: Mapping[uuid.UUID, ProjectRole] = field(default_factory=dict)


class UserExists(Conflict):
    """Another user has that e-mail address."""

    code = "USER_EXISTS"


class InvalidEmail(InvalidInput):
    """Not an e-mail address."""

    code = "INVALID_EMAIL"


class InvalidPersonName(InvalidInput):
    """A name that is empty, too long or not one line."""

    code = "INVALID_NAME"


def create_user(
    session: WriteSession, email: str, name: str | None, password: str, role: Role | None, *, base_url: str = ""
) -> User:
    """Make a user; without a name, the part of the address before the @ is it.

    Raises InvalidEmail, InvalidPersonName, WeakPassword or UserExists.
    """
    made = _checked_user(email, name, role)
    checked = checked_password(password, made.name, made.email, base_url=base_url)
    _insert(session, made, hash_password(checked))
    return made


def create_invited_user(session: WriteSession, email: str, name: str | None, role: Role | None) -> User:
    """Make a user who has no password yet; raises InvalidEmail, InvalidPersonName or UserExists."""
    made = _checked_user(email, name, role)
    _insert(session, made, None)
    return made


def has_administrator(session: ReadSession | WriteSession) -> bool:
    """Return whether an administrator exists who may sign in."""
    found = query(session, "SELECT FROM kino.\"user\" WHERE role = 'ADMIN' AND disabled_at IS NULL LIMIT 1")
    return bool(found)


def checked_email(text: str) -> str:
    """Return `text` without spaces at its ends; raises InvalidEmail."""
    address = unicodedata.normalize("NFC", text.strip())
    if len(address) > LONGEST_EMAIL or not address.isprintable() or not _EMAIL.fullmatch(address):
        raise InvalidEmail("That is no e-mail address. Write it like name@example.com.", field="email")
    return address


def checked_person_name(text: str) -> str:
    """Return `text` without spaces at its ends; raises InvalidPersonName."""
    name = unicodedata.normalize("NFC", text.strip())
    if not 0 < len(name) <= LONGEST_PERSON_NAME or not name.isprintable():
        raise InvalidPersonName(f"A name is one line of 1 to {LONGEST_PERSON_NAME} characters.", field="name")
    return name


def _checked_user(email: str, name: str | None, role: Role | None) -> User:
    address = checked_email(email)
    return User(uuid.uuid4(), address, checked_person_name(name or address.partition("@")[0]), role)


def _insert(session: WriteSession, made: User, password_hash: str | None) -> None:
    insertion = upsert(user).values(
        id=made.id, email=made.email, name=made.name, role=made.role and made.role.value, password_hash=password_hash
    )
    if not session.execute(insertion.on_conflict_do_nothing().returning(user.c.id)).all():
        raise UserExists(f"Somebody signs in as {made.email} already. Use another address.")
