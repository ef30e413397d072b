"""Signing in: a password shown for an account, counted against whoever guesses, and written into the audit."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import Row, update

from kino_api.lockout import Kind, Lockout, Target, target_of
from kino_api.mails import LOCKED_OUT, Reader, send
from kino_api.passwords import hash_password, is_password, needs_new_hash
from kino_api.sessions import Grant, SessionTokens, SignedIn, open_session, user_of
from kino_api.users import User
from kino_core.actors import Actor, ActorType
from kino_core.audit import record
from kino_core.database import Database, ReadSession, WriteSession, query
from kino_core.errors import Unauthenticated
from kino_core.tables import user as user_table

NOTICE_PAUSE = timedelta(hours=1)
"""Somebody who guesses from many networks fills nobody's mailbox."""

Done = TypeVar("Done")


class WrongPassword(Unauthenticated):
    """Unknown address or wrong password; which of the two is nobody's business.

    `user_id` and `locked` are for whoever watches, and never shown.
    """

    code = "WRONG_CREDENTIALS"

    def __init__(self, message: str, *, user_id: uuid.UUID | None = None, locked: bool = False) -> None:
        super().__init__(message)
        self.user_id = user_id
        self.locked = locked


@dataclass(frozen=True)
class Origin:
    """Where a request comes from: an IP address, how the browser names itself, and the id under which it is logged."""

    address: str
    user_agent: str
    request_id: str

    @property
    def actor(self) -> Actor:
        """Whom the audit names while nobody has proved who they are."""
        return Actor(ActorType.SYSTEM, None, self.request_id)

    def acting_as(self, user_id: uuid.UUID) -> Actor:
        """Whom the audit names once somebody has."""
        return Actor(ActorType.USER, user_id, self.request_id)


@dataclass(frozen=True)
class SignIn:
    """Lets people in who show the right password."""

    database: Database
    tokens: SessionTokens
    lockout: Lockout

    def enter(self, email: str, password: str, origin: Origin) -> Grant:
        """Open a session for the user with that address and password; raises WrongPassword or TooManyAttempts."""
        return self._prove(email, password, origin, lambda session, stored: self.open(session, user_of(stored), origin))

    def open(self, session: WriteSession, user: User, origin: Origin) -> Grant:
        """Open a session for a user who has just proved who they are, and write it into the audit."""
        grant = open_session(session, self.tokens, user, origin.user_agent)
        record(session, "LOGIN", "session", grant.session_id, details={"user_id": str(user.id)})
        return grant

    def confirm(self, visitor: SignedIn, password: str, origin: Origin) -> None:
        """Note that somebody who is signed in showed their password again; raises as `enter` does."""

        def note(session: WriteSession, _: Row[Any]) -> None:
            query(
                session,
                "UPDATE kino.session SET authenticated_at = clock_timestamp() WHERE id = :id RETURNING id",
                id=visitor.session_id,
            )
            record(session, "REAUTHENTICATED", "session", visitor.session_id)

        self._prove(visitor.user.email, password, origin, note)

    def _prove(self, email: str, password: str, origin: Origin, then: Callable[[WriteSession, Row[Any]], Done]) -> Done:
        """Do `then` where the password is right.

        The hash is worked out without holding a connection: it takes long enough to drain the pool. Somebody who has
        to wait is told so even if they guessed right, or a burst of guesses would learn more than the limit allows.
        """
        target = target_of(Kind.SIGN_IN, email, origin.address)
        with self.database.read() as session:
            self.lockout.check(session, target)
            stored = _by_email(session, email)
        right = is_password(password, stored.password_hash if stored else None)
        renewed = hash_password(password) if right and stored and needs_new_hash(stored.password_hash) else None
        actor = origin.acting_as(stored.id) if right and stored else origin.actor
        with self.database.write(by=actor) as session:
            self.lockout.hold(session, target)
            if right and stored and _still_holds(session, stored):
                self.lockout.forget(session, target)
                if renewed:
                    changed = update(user_table).where(user_table.c.id == stored.id)
                    session.execute(changed.values(password_hash=renewed))
                return then(session, stored)
            locked = self._count_failure(session, target, stored)
        user_id = stored.id if stored else None
        raise WrongPassword("The e-mail address or the password is wrong.", user_id=user_id, locked=locked)

    def _count_failure(self, session: WriteSession, target: Target, stored: Row[Any] | None) -> bool:
        locked = self.lockout.count(session, target)
        user_id = stored.id if stored else None
        record(session, "LOGIN_FAILED", "user", user_id)
        if locked:
            record(session, "LOCKED_OUT", "user", user_id)
            if stored is not None and stored.disabled_at is None:
                _tell_once(session, stored)
        return locked


def _by_email(session: ReadSession, email: str) -> Row[Any] | None:
    rows = query(
        session,
        "SELECT id, email, name, role, password_hash, disabled_at, kino.memberships(id) AS memberships"
        ' FROM kino."user" WHERE lower(email) = lower(:email)',
        email=email.strip().replace("\0", ""),
    )
    return rows[0] if rows else None


def _still_holds(session: WriteSession, stored: Row[Any]) -> bool:
    """Return whether the password is still the user's while the lock is held: it may have been changed meanwhile."""
    return bool(
        query(
            session,
            'SELECT FROM kino."user" WHERE id = :id AND password_hash = :hash AND disabled_at IS NULL'
            " FOR NO KEY UPDATE",
            id=stored.id,
            hash=stored.password_hash,
        )
    )


def _tell_once(session: WriteSession, stored: Row[Any]) -> None:
    told = query(
        session,
        "SELECT FROM kino.outbox WHERE user_id = :id AND kind = :kind"
        " AND created_at > now() - CAST(:pause AS interval) LIMIT 1",
        id=stored.id,
        kind=LOCKED_OUT.kind,
        pause=NOTICE_PAUSE,
    )
    if not told:
        send(session, LOCKED_OUT, Reader(stored.email, stored.id))
