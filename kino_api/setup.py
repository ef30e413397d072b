"""The first administrator: a link that works once, made by whoever can start Kino."""

import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from kino_api.users import Role, User, create_user, has_administrator
from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import Forbidden
from kino_core.security import hash_secret
from kino_core.tables import setup_link

LINK_LIFETIME = timedelta(hours=24)
_LOCK = 0x6B73_6574_7570
"""Key of the advisory lock under which the first administrator is made, so that two links cannot make two."""


class SetupLinkInvalid(Forbidden):
    """A link that was used, has expired, was never issued, or came after the first administrator."""

    code = "SETUP_LINK_INVALID"


def issue_setup_link(session: WriteSession, base_url: str) -> str | None:
    """Return a link that makes the first administrator once within LINK_LIFETIME; None when there is one already."""
    if has_administrator(session):
        return None
    token = secrets.token_urlsafe(32)
    expires_at = datetime.now(UTC) + LINK_LIFETIME
    session.execute(insert(setup_link).values(token_hash=hash_secret(token), expires_at=expires_at))
    return f"{base_url}/setup?token={token}"


def is_setup_link(session: ReadSession, token: str) -> bool:
    """Return whether the link would work now; looking uses nothing up."""
    rows = query(
        session,
        "SELECT FROM kino.setup_link WHERE token_hash = :hash AND used_at IS NULL AND expires_at > now()",
        hash=hash_secret(token),
    )
    return bool(rows) and not has_administrator(session)


def complete_setup(
    session: WriteSession, token: str, email: str, name: str | None, password: str, *, base_url: str = ""
) -> User:
    """Use up the link and make the first administrator.

    Raises SetupLinkInvalid, or what create_user raises, which leaves the link unused.
    """
    query(session, "SELECT pg_advisory_xact_lock(:key)", key=_LOCK)
    used = query(
        session,
        "UPDATE kino.setup_link SET used_at = now()"
        " WHERE token_hash = :hash AND used_at IS NULL AND expires_at > now() RETURNING token_hash",
        hash=hash_secret(token),
    )
    if not used or has_administrator(session):
        raise SetupLinkInvalid("This set-up link no longer works. Sign in, or start Kino again for a new one.")
    return create_user(session, email, name, password, Role.ADMIN, base_url=base_url)
