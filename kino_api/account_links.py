"""Links that let their holder do one thing to one account: once, for a while, and nothing else.

A token is worked out from JWT_SECRET and the link's id, so that a mail can wait in the outbox without it; only its hash
is stored.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import insert

from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import Forbidden
from kino_core.security import hash_secret, link_token
from kino_core.tables import account_link


class Purpose(StrEnum):
    """What a link is for."""

    INVITE = "invite"
    RESET = "reset"
    VERIFY = "verify"


LIFETIMES = {
    Purpose.INVITE: timedelta(days=7),
    Purpose.RESET: timedelta(hours=1),
    Purpose.VERIFY: timedelta(hours=1),
}
PATHS = {Purpose.INVITE: "/invite", Purpose.RESET: "/reset", Purpose.VERIFY: "/verify"}


class LinkInvalid(Forbidden):
    """A link that was used, has expired, was never issued, or is for something else."""

    code = "LINK_INVALID"


@dataclass(frozen=True)
class NewLink:
    """A link that was just made; `token` goes into its address."""

    id: uuid.UUID
    token: str
    expires_at: datetime


@dataclass(frozen=True)
class Link:
    """A link that would work now, and whom it is about; `email` is the address that it proves."""

    user_id: uuid.UUID
    user_email: str
    user_name: str
    email: str | None


_USABLE = """
    SELECT "user".id, "user".email AS user_email, "user".name, link.email
    FROM kino.account_link AS link JOIN kino."user" ON "user".id = link.user_id
    WHERE link.token_hash = :hash AND link.purpose = :purpose AND link.used_at IS NULL AND link.expires_at > now()
      AND "user".disabled_at IS NULL
"""


def make_link(
    session: WriteSession, secret: str, user_id: uuid.UUID, purpose: Purpose, email: str | None = None
) -> NewLink:
    """Make a link; those made before go on working until one of them is used."""
    link_id = uuid.uuid4()
    token = link_token(secret, link_id)
    expires_at = datetime.now(UTC) + LIFETIMES[purpose]
    session.execute(
        insert(account_link).values(
            id=link_id,
            token_hash=hash_secret(token),
            purpose=purpose.value,
            user_id=user_id,
            email=email,
            expires_at=expires_at,
        )
    )
    return NewLink(link_id, token, expires_at)


def find_link(session: ReadSession | WriteSession, token: str, purpose: Purpose) -> Link:
    """Return the link without using it up; raises LinkInvalid."""
    rows = query(session, _USABLE, hash=hash_secret(token), purpose=purpose.value)
    if not rows:
        raise LinkInvalid("This link no longer works: it was used, or its time is over. Ask for a new one.")
    return Link(*rows[0])


def use_link(session: WriteSession, token: str, purpose: Purpose) -> Link:
    """Use the link up, and with it every other one of its purpose for that account; raises LinkInvalid.

    Of two requests with one link, the second waits here and then finds it used.
    """
    query(
        session,
        'SELECT FROM kino."user" WHERE id = (SELECT user_id FROM kino.account_link WHERE token_hash = :hash)'
        " FOR NO KEY UPDATE",
        hash=hash_secret(token),
    )
    link = find_link(session, token, purpose)
    void_links(session, link.user_id, purpose)
    return link


def void_links(session: WriteSession, user_id: uuid.UUID, *purposes: Purpose) -> None:
    """Make the account's links for these purposes worthless."""
    query(
        session,
        "UPDATE kino.account_link SET used_at = now() WHERE user_id = :user_id AND purpose = ANY (:purposes)"
        " AND used_at IS NULL RETURNING id",
        user_id=user_id,
        purposes=[purpose.value for purpose in purposes],
    )
