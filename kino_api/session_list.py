"""Sessions as their owner or an administrator sees and ends them."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from kino_api.sessions import IDLE_LIMIT, end_session
from kino_core.audit import record
from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import NotFound


class UnknownSession(NotFound):
    """No session that is alive has that id, or it is somebody else's."""

    code = "UNKNOWN_SESSION"


@dataclass(frozen=True)
class SessionFacts:
    """A session that is alive. `last_used_at` is exact to the lifetime of an access token."""

    id: uuid.UUID
    user_agent: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


def list_sessions(session: ReadSession, user_id: uuid.UUID, current: uuid.UUID | None = None) -> list[SessionFacts]:
    """Return the user's sessions that are alive, the one used last first."""
    rows = query(
        session,
        "SELECT id, user_agent, created_at, rotated_at, expires_at, id IS NOT DISTINCT FROM CAST(:current AS uuid)"
        " FROM kino.session WHERE user_id = :user_id AND ended_at IS NULL AND expires_at > now()"
        " AND rotated_at > now() - CAST(:idle AS interval) ORDER BY rotated_at DESC, id",
        user_id=user_id,
        current=current,
        idle=IDLE_LIMIT,
    )
    return [SessionFacts(*row) for row in rows]


def end_own_session(session: WriteSession, user_id: uuid.UUID, session_id: uuid.UUID) -> None:
    """End one of the user's sessions; raises UnknownSession."""
    if not query(
        session,
        "SELECT FROM kino.session WHERE id = :id AND user_id = :user_id AND ended_at IS NULL FOR UPDATE",
        id=session_id,
        user_id=user_id,
    ):
        raise UnknownSession("There is no such session. List your sessions to see their ids.")
    end_session(session, session_id)
    record(session, "SESSION_ENDED", "session", session_id, details={"user_id": str(user_id)})
