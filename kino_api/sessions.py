"""Sessions: signed in with a password, kept alive by rotating refresh tokens, over at once when they end."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import Row, insert, update

from kino_api.access_tokens import AccessTokens
from kino_api.passwords import hash_password, is_password, needs_new_hash
from kino_api.refresh_tokens import RefreshTokens
from kino_api.users import ProjectRole, Role, User
from kino_core.actors import Actor, ActorType
from kino_core.database import Database, ReadSession, WriteSession, query
from kino_core.errors import Unauthenticated
from kino_core.replica import OWN_WRITES_SECONDS
from kino_core.security import hash_secret
from kino_core.tables import session as session_table
from kino_core.tables import user as user_table

REUSE_GRACE = timedelta(seconds=20)
"""Two tabs, or a request repeated after a broken connection, may show the same token within this time."""


class WrongPassword(Unauthenticated):
    """Unknown address or wrong password; which of the two is nobody's business."""

    code = "WRONG_CREDENTIALS"


class SessionEnded(Unauthenticated):
    """The session was ended, has run out, or its user may no longer sign in."""

    code = "SESSION_ENDED"


class InvalidRefreshToken(Unauthenticated):
    """Not a refresh token of a session that is alive."""

    code = "INVALID_REFRESH_TOKEN"


class RefreshTokenReused(InvalidRefreshToken):
    """A token that had been used up came back, so the whole session was ended."""

    code = "REFRESH_TOKEN_REUSED"


@dataclass(frozen=True)
class Grant:
    """What a browser or program gets to stay signed in; times in seconds from now."""

    user: User
    session_id: uuid.UUID
    access_token: str
    refresh_token: str
    expires_in: int
    refresh_expires_in: int


@dataclass(frozen=True)
class SignedIn:
    """Who asks, and in which session."""

    user: User
    session_id: uuid.UUID

    def actor(self, request_id: str) -> Actor:
        """Return the author of what the request changes."""
        return Actor(ActorType.USER, self.user.id, request_id)


@dataclass(frozen=True)
class SessionTokens:
    """The two kinds of tokens a session has, and how long a session lasts at most."""

    access: AccessTokens
    refresh: RefreshTokens
    lifetime: timedelta


class _Verdict(Enum):
    ROTATE = "rotate"
    REPEAT = "repeat"
    REUSED = "reused"
    DEAD = "dead"


_ALIVE = """
SELECT "user".id, "user".email, "user".name, "user".role, session.id AS session_id,
    kino.memberships("user".id) AS memberships
FROM kino.session JOIN kino."user" ON "user".id = session.user_id
WHERE session.id = :session_id AND session.ended_at IS NULL AND session.expires_at > now()
  AND "user".disabled_at IS NULL
"""
_ALL_ALIVE = _ALIVE.replace("session.id = :session_id", "session.id = ANY (:session_ids)")
_FOR_REFRESH = """
SELECT "user".id, "user".email, "user".name, "user".role, kino.memberships("user".id) AS memberships,
    session.id AS session_id, session.refresh_hash, session.previous_hash, session.rotated_at,
    session.expires_at, now() AS now,
    session.ended_at IS NULL AND session.expires_at > now() AND "user".disabled_at IS NULL AS alive
FROM kino.session JOIN kino."user" ON "user".id = session.user_id
WHERE session.id = :session_id
"""
_BY_EMAIL = """
SELECT id, email, name, role, password_hash, disabled_at, kino.memberships(id) AS memberships FROM kino."user"
WHERE lower(email) = lower(:email)
"""


def sign_in(database: Database, tokens: SessionTokens, email: str, password: str) -> Grant:
    """Open a session for the user with that address and password; raises WrongPassword.

    The hash is worked out without holding a connection: it takes long enough to drain the pool.
    """
    with database.read() as session:
        rows = query(session, _BY_EMAIL, email=email.strip().replace("\0", ""))
    stored = rows[0] if rows else None
    matches = is_password(password, stored.password_hash if stored else None)
    if stored is None or not matches or stored.disabled_at is not None:
        raise WrongPassword("The e-mail address or the password is wrong.")
    renewed = hash_password(password) if needs_new_hash(stored.password_hash) else None
    with database.write() as session:
        if renewed:
            session.execute(update(user_table).where(user_table.c.id == stored.id).values(password_hash=renewed))
        return open_session(session, tokens, _user(stored))


def open_session(session: WriteSession, tokens: SessionTokens, user: User) -> Grant:
    """Open a session for a user who has proved who they are."""
    session_id = uuid.uuid4()
    refresh_token = tokens.refresh.first(session_id)
    expires_at = datetime.now(UTC) + tokens.lifetime
    session.execute(
        insert(session_table).values(
            id=session_id, user_id=user.id, refresh_hash=hash_secret(refresh_token), expires_at=expires_at
        )
    )
    return _grant(tokens, user, session_id, refresh_token, tokens.lifetime)


def refresh(database: Database, tokens: SessionTokens, token: str) -> Grant:
    """Use up a refresh token and return what follows it.

    The token used last gets the same successor again within REUSE_GRACE; any older one ends the session, because
    only one of its two holders can be the right one. Raises InvalidRefreshToken or RefreshTokenReused.
    """
    session_id = tokens.refresh.session_of(token)
    if session_id is None:
        raise InvalidRefreshToken("The refresh token is not valid. Sign in again.")
    successor = tokens.refresh.successor(session_id, token)
    with database.write() as session:
        rows = query(session, _FOR_REFRESH + "FOR UPDATE OF session", session_id=session_id)
        verdict = _judge(rows[0] if rows else None, hash_secret(token), hash_secret(successor))
        if verdict is _Verdict.ROTATE:
            rotation = update(session_table).where(session_table.c.id == session_id)
            session.execute(
                rotation.values(
                    refresh_hash=hash_secret(successor), previous_hash=hash_secret(token), rotated_at=rows[0].now
                )
            )
        elif verdict is _Verdict.REUSED:
            end_session(session, session_id)
    # Raised only after the block, so that the end of the session is committed.
    if verdict is _Verdict.REUSED:
        raise RefreshTokenReused("The refresh token was used before, so the session was ended. Sign in again.")
    if verdict is _Verdict.DEAD:
        raise InvalidRefreshToken("The session is over. Sign in again.")
    return _grant(tokens, _user(rows[0]), session_id, successor, rows[0].expires_at - rows[0].now)


def end_session(session: WriteSession, session_id: uuid.UUID) -> None:
    """End a session: its access tokens stop working with the next request."""
    alive = (session_table.c.id == session_id) & session_table.c.ended_at.is_(None)
    session.execute(update(session_table).where(alive).values(ended_at=datetime.now(UTC)))


def session_of_access_token(session: ReadSession, tokens: SessionTokens, token: str) -> SignedIn:
    """Return who holds this access token; raises InvalidAccessToken or SessionEnded."""
    claims = tokens.access.check(token)
    rows = query(session, _ALIVE, session_id=claims.session_id)
    if not rows or rows[0].id != claims.user_id:
        raise SessionEnded("The session is over. Sign in again.")
    return SignedIn(_user(rows[0]), claims.session_id)


def session_of_refresh_token(session: ReadSession, tokens: SessionTokens, token: str) -> SignedIn:
    """Return who holds this refresh token without using it up; raises InvalidRefreshToken.

    A WebSocket's handshake has no response on which a new token could travel reliably.
    """
    session_id = tokens.refresh.session_of(token)
    rows = query(session, _FOR_REFRESH, session_id=session_id) if session_id else []
    successor = tokens.refresh.successor(session_id, token) if session_id else ""
    verdict = _judge(rows[0] if rows else None, hash_secret(token), hash_secret(successor))
    if verdict not in (_Verdict.ROTATE, _Verdict.REPEAT):
        raise InvalidRefreshToken("The session is over. Sign in again.")
    return SignedIn(_user(rows[0]), rows[0].session_id)


def note_write(session: WriteSession, session_id: uuid.UUID) -> None:
    """Note that this session changes something, in the transaction of the change."""
    query(session, "UPDATE kino.session SET wrote_at = now() WHERE id = :id RETURNING id", id=session_id)


def wrote_lately(session: ReadSession, session_id: uuid.UUID) -> bool:
    """Return whether this session has changed something a moment ago, in whichever process."""
    found = query(
        session,
        "SELECT FROM kino.session WHERE id = :id AND wrote_at > now() - make_interval(secs => :seconds)",
        id=session_id,
        seconds=OWN_WRITES_SECONDS,
    )
    return bool(found)


def alive_sessions(session: ReadSession, session_ids: list[uuid.UUID]) -> dict[uuid.UUID, User]:
    """Return those of the sessions that are alive, each with its user as of now."""
    rows = query(session, _ALL_ALIVE, session_ids=session_ids)
    return {row.session_id: _user(row) for row in rows}


def _judge(stored: Row[Any] | None, shown_hash: bytes, successor_hash: bytes) -> _Verdict:
    """Decide what a token of ours means for its session."""
    if stored is None or not stored.alive:
        return _Verdict.DEAD
    if bytes(stored.refresh_hash) == shown_hash:
        return _Verdict.ROTATE
    used_last = stored.previous_hash is not None and bytes(stored.previous_hash) == shown_hash
    if used_last and bytes(stored.refresh_hash) == successor_hash and stored.now - stored.rotated_at <= REUSE_GRACE:
        return _Verdict.REPEAT
    return _Verdict.REUSED


def _grant(tokens: SessionTokens, user: User, session_id: uuid.UUID, refresh_token: str, left: timedelta) -> Grant:
    return Grant(
        user=user,
        session_id=session_id,
        access_token=tokens.access.issue(user.id, session_id),
        refresh_token=refresh_token,
        expires_in=int(tokens.access.lifetime.total_seconds()),
        refresh_expires_in=int(left.total_seconds()),
    )


def _user(row: Row[Any]) -> User:
    memberships = {uuid.UUID(project): ProjectRole(role) for project, role in (row.memberships or {}).items()}
    return User(row.id, row.email, row.name, Role(row.role) if row.role else None, memberships)
