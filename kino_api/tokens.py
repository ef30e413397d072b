"""Agent tokens: made once, shown once, kept as a hash."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import insert

from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import NotFound
from kino_core.identities import AgentType
from kino_core.security import hash_secret, make_agent_token
from kino_core.settings import Environment
from kino_core.tables import token as token_table


@dataclass(frozen=True)
class Token:
    """What is known of a token after it was made; `agent_type` is what it was made for, if anything."""

    id: uuid.UUID
    project_id: uuid.UUID
    last4: str
    agent_type: str | None
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True)
class NewToken:
    """A token at the only moment when it can be read."""

    id: uuid.UUID
    token: str
    project_id: uuid.UUID


class UnknownToken(NotFound):
    """No token has that id, or it is another project's."""

    code = "UNKNOWN_TOKEN"


def create_token(
    session: WriteSession, env: Environment, project_id: uuid.UUID, agent_type: AgentType | None = None
) -> NewToken:
    """Make a token with which agents send events to the project, which must exist."""
    secret = make_agent_token(env)
    made = NewToken(uuid.uuid4(), secret, project_id)
    session.execute(
        insert(token_table).values(
            id=made.id,
            project_id=project_id,
            token_hash=hash_secret(secret),
            last4=secret[-4:],
            agent_type=agent_type,
            created_at=datetime.now(UTC),
        )
    )
    return made


def list_tokens(session: ReadSession, project_id: uuid.UUID) -> list[Token]:
    """Return the project's tokens, revoked ones too, the newest first."""
    rows = query(
        session,
        "SELECT id, project_id, last4, agent_type, created_at, last_used_at, revoked_at FROM kino.token"
        " WHERE project_id = :project_id ORDER BY created_at DESC, id",
        project_id=project_id,
    )
    return [Token(*row) for row in rows]


def revoke_token(session: WriteSession, token_id: uuid.UUID, project_id: uuid.UUID | None = None) -> None:
    """Make the token stop working; again changes nothing. Raises UnknownToken, also for another project's token."""
    found = query(
        session,
        "UPDATE kino.token SET revoked_at = coalesce(revoked_at, now())"
        " WHERE id = :id AND project_id = coalesce(CAST(:project_id AS uuid), project_id) RETURNING id",
        id=token_id,
        project_id=project_id,
    )
    if not found:
        raise UnknownToken("There is no such token. List the project's tokens to see their ids.")
