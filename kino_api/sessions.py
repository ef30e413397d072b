"""Sessions: kept alive by rotating refresh tokens, over at once when they end. They begin in `sign_in`."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import Row, insert, update

from kino_api.access_tokens import AccessTokens
from kino_api.mails import SESSION_STOLEN, Reader, send
from kino_api.refresh_tokens import RefreshTokens
from kino_api.users import ProjectRole, Role, User
from kino_core.actors import SYSTEM, Actor, ActorType
from kino_core.audit import record
from kino_core.database import Database, ReadSession, WriteSession, query
from kino_core.errors import Unauthenticated
from kino_core.replica import OWN_WRITES_SECONDS
from kino_core.security import hash_secret
from kino_core.tables import session as session_table

REUSE_GRACE = timedelta(seconds=20)
"""Two tabs, or a request repeated after a broken connection, may show the same token within this time."""

IDLE_LIMIT = timedelta(days=3)
"""A session that nobody refreshes for so long is over, however long it might have lasted."""

FRESH = timedelta(minutes=5)
"""How long after the password was shown a session may do what needs it."""

LONGEST_USER_AGENT = 200


class SessionEnded(Unauthenticated):
    """The session was ended, has run out, or its user may no longer sign in."""

    code = "SESSION_ENDED"


class InvalidRefreshToken(Unauthenticated):
    """Not a refresh token of a session that is alive."""

    code = "INVALID_REFRESH_TOKEN"


class RefreshTokenReused(InvalidRefreshToken):
    """A token that had been used up came back, so the whole session was ended."""

    code = "REFRESH_TOKEN_REUSED"


class ReauthenticationRequired(Unauthenticated):
    """The session is alive, but its password was shown too long ago for this."""

    code = "REAUTHENTICATION_REQUIRED"


@dataclass(frozen=True)
class Grant:
    """What a browser or program gets to stay signed in; the spans are in seconds from now."""

    user: User
    session_id: uuid.UUID
    authenticated_at: datetime
    access_token: str
    refresh_token: str
    expires_in: int
    refresh_expires_in: int


@dataclass(frozen=True)
class SignedIn:
    """Who asks, in which session, and when they last showed their password."""

    user: User
    session_id: uuid.UUID
    authenticated_at: datetime

    def actor(self, request_id: str) -> Actor:
        """Return the author of what the request changes."""
        return Actor(ActorType.USER, self.user.id, request_id)

    def require_fresh(self) -> None:
        """Raise ReauthenticationRequired where the password was not shown lately: for what a thief would do first."""
        if datetime.now(UTC) - self.authenticated_at > FRESH:
            raise ReauthenticationRequired(
                "This needs your password again. Send it to /auth/reauthenticate, then repeat the request."
            )


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
SELECT "user".id, "user".email, "user".name, "user".role, "user".session_version, session.id AS session_id,
    session.authenticated_at, kino.memberships("user".id) AS memberships
FROM kino.session JOIN kino."user" ON "user".id = session.user_id
WHERE session.id = ANY (:session_ids) AND session.ended_at IS NULL AND session.expires_at > now()
  AND session.rotated_at > now() - CAST(:idle AS interval) AND "user".disabled_at IS NULL
"""
_FOR_REFRESH = """
SELECT "user".id, "user".email, "user".name, "user".role, "user".session_version,
    kino.memberships("user".id) AS memberships,
    session.id AS session_id, session.refresh_hash, session.previous_hash, session.rotated_at,
    session.expires_at, session.authenticated_at, now() AS now,
    session.ended_at IS NULL AND session.expires_at > now() AND "user".disabled_at IS NULL
        AND session.rotated_at > now() - CAST(:idle AS interval) AS alive
FROM kino.session JOIN kino."user" ON "user".id = session.user_id
WHERE session.id = :session_id
"""


def open_session(session: WriteSession, tokens: SessionTokens, user: User, user_agent: str = "") -> Grant:
    """Open a session for a user who has just proved who they are; `user_agent` is how their browser names itself."""
    session_id = uuid.uuid4()
    refresh_token = tokens.refresh.first(session_id)
    now = datetime.now(UTC)
    shown = "".join(letter for letter in user_agent if letter.isprintable())[:LONGEST_USER_AGENT]
    session.execute(
        insert(session_table).values(
            id=session_id,
            user_id=user.id,
            refresh_hash=hash_secret(refresh_token),
            expires_at=now + tokens.lifetime,
            authenticated_at=now,
            user_agent=shown,
        )
    )
    [row] = query(session, 'SELECT session_version FROM kino."user" WHERE id = :id', id=user.id)
    access_token = tokens.access.issue(user.id, session_id, row.session_version)
    return _grant(tokens, user, session_id, now, access_token, refresh_token, tokens.lifetime)


def refresh(database: Database, tokens: SessionTokens, token: str, by: Actor = SYSTEM) -> Grant:
    """Use up a refresh token and return what follows it; `by` is whom the audit names when it was used before.

    The token used last gets the same successor again within REUSE_GRACE; any older one ends the session, because
    only one of its two holders can be the right one. Raises InvalidRefreshToken or RefreshTokenReused.
    """
    session_id = tokens.refresh.session_of(token)
    if session_id is None:
        raise InvalidRefreshToken("The refresh token is not valid. Sign in again.")
    successor = tokens.refresh.successor(session_id, token)
    with database.write(by=by) as session:
        rows = query(session, _FOR_REFRESH + "FOR UPDATE OF session", session_id=session_id, idle=IDLE_LIMIT)
        verdict = _judge(rows[0] if rows else None, hash_secret(token), hash_secret(successor))
        if verdict is _Verdict.ROTATE:
            rotation = update(session_table).where(session_table.c.id == session_id)
            session.execute(
                rotation.values(
                    refresh_hash=hash_secret(successor), previous_hash=hash_secret(token), rotated_at=rows[0].now
                )
            )
        elif verdict is _Verdict.REUSED:
            _end_stolen(session, rows[0])
    # Raised only after the block, so that the end of the session is committed.
    if verdict is _Verdict.REUSED:
        raise RefreshTokenReused("The refresh token was used before, so the session was ended. Sign in again.")
    if verdict is _Verdict.DEAD:
        raise InvalidRefreshToken("The session is over. Sign in again.")
    [row] = rows
    access_token = tokens.access.issue(row.id, session_id, row.session_version)
    left = row.expires_at - row.now
    return _grant(tokens, user_of(row), session_id, row.authenticated_at, access_token, successor, left)


def end_session(session: WriteSession, session_id: uuid.UUID) -> None:
    """End a session: its access tokens stop working with the next request."""
    alive = (session_table.c.id == session_id) & session_table.c.ended_at.is_(None)
    session.execute(update(session_table).where(alive).values(ended_at=datetime.now(UTC)))


def end_sessions(session: WriteSession, user_id: uuid.UUID, *, but: uuid.UUID | None = None) -> list[uuid.UUID]:
    """End every session of a user, but one where it is named; return which, each written into the audit.

    Where none is spared, every access token of the user is worthless from now on, whatever it hangs on.
    """
    if but is None:
        query(
            session,
            'UPDATE kino."user" SET session_version = session_version + 1 WHERE id = :user_id RETURNING id',
            user_id=user_id,
        )
    ended = query(
        session,
        "UPDATE kino.session SET ended_at = now() WHERE user_id = :user_id AND ended_at IS NULL"
        " AND id IS DISTINCT FROM CAST(:but AS uuid) RETURNING id",
        user_id=user_id,
        but=but,
    )
    for row in ended:
        record(session, "SESSION_ENDED", "session", row.id, details={"user_id": str(user_id)})
    return [row.id for row in ended]


def session_of_access_token(session: ReadSession, tokens: SessionTokens, token: str) -> SignedIn:
    """Return who holds this access token; raises InvalidAccessToken or SessionEnded."""
    claims = tokens.access.check(token)
    rows = query(session, _ALIVE, session_ids=[claims.session_id], idle=IDLE_LIMIT)
    if not rows or rows[0].id != claims.user_id or rows[0].session_version != claims.version:
        raise SessionEnded("The session is over. Sign in again.")
    return SignedIn(user_of(rows[0]), claims.session_id, rows[0].authenticated_at)


def session_of_refresh_token(session: ReadSession, tokens: SessionTokens, token: str) -> SignedIn:
    """Return who holds this refresh token without using it up; raises InvalidRefreshToken.

    A WebSocket's handshake has no response on which a new token could travel reliably.
    """
    session_id = tokens.refresh.session_of(token)
    rows = query(session, _FOR_REFRESH, session_id=session_id, idle=IDLE_LIMIT) if session_id else []
    successor = tokens.refresh.successor(session_id, token) if session_id else ""
    verdict = _judge(rows[0] if rows else None, hash_secret(token), hash_secret(successor))
    if verdict not in (_Verdict.ROTATE, _Verdict.REPEAT):
        raise InvalidRefreshToken("The session is over. Sign in again.")
    return SignedIn(user_of(rows[0]), rows[0].session_id, rows[0].authenticated_at)


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
    rows = query(session, _ALIVE, session_ids=session_ids, idle=IDLE_LIMIT)
    return {row.session_id: user_of(row) for row in rows}


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


def _end_stolen(session: WriteSession, stored: Row[Any]) -> None:
    """End a session whose refresh token came back, and tell its user and the audit."""
    end_session(session, stored.session_id)
    details = {"user_id": str(stored.id)}
    record(session, "REFRESH_TOKEN_REUSED", "session", stored.session_id, details=details)
    record(session, "SESSION_ENDED", "session", stored.session_id, details=details)
    send(session, SESSION_STOLEN, Reader(stored.email, stored.id))


def _grant(
    tokens: SessionTokens,
    user: User,
    session_id: uuid.UUID,
    authenticated_at: datetime,
    access_token: str,
    refresh_token: str,
    left: timedelta,
) -> Grant:
    return Grant(
        user=user,
        session_id=session_id,
        authenticated_at=authenticated_at,
        access_token=access_token,
        refresh_token=refresh_token,
        expires_in=int(tokens.access.lifetime.total_seconds()),
        refresh_expires_in=int(left.total_seconds()),
    )


def user_of(row: Row[Any]) -> User:
    """Return the user in a row of id, email, name, role and memberships."""
    memberships = {uuid.UUID(project): ProjectRole(role) for project, role in (row.memberships or {}).items()}
    return User(row.id, row.email, row.name, Role(row.role) if row.role else None, memberships)
