"""Users: who may sign in."""

import re
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy.dialects.postgresql import insert as upsert

from kino_api.passwords import hash_password
from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import Conflict, InvalidInput
from kino_core.tables import user

LONGEST_EMAIL = 254
LONGEST_PERSON_NAME = 100
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


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


def create_user(session: WriteSession, email: str, name: str | None, password: str, role: Role | None) -> User:
    """Make a user; without a name, the part of the address before the @ is it.

    Raises InvalidEmail, InvalidPersonName, WeakPassword or UserExists.
    """
    address = checked_email(email)
    made = User(uuid.uuid4(), address, _checked_name(name or address.partition("@")[0]), role)
    insertion = upsert(user).values(
        id=made.id, email=made.email, name=made.name, role=role and role.value, password_hash=hash_password(password)
    )
    if not session.execute(insertion.on_conflict_do_nothing().returning(user.c.id)).all():
        raise UserExists(f"Somebody signs in as {address} already. Use another address.")
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


def _checked_name(text: str) -> str:
    name = unicodedata.normalize("NFC", text.strip())
    if not 0 < len(name) <= LONGEST_PERSON_NAME or not name.isprintable():
        raise InvalidPersonName(f"A name is one line of 1 to {LONGEST_PERSON_NAME} characters.", field="name")
    return name
