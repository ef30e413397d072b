"""Agent tokens: made once, shown once, kept as a hash."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from kino_api.projects import hold_project
from kino_api.shapes import ShownOnce
from kino_core.database import ReadSession, WriteSession, query
from kino_core.envelopes import KeyRing
from kino_core.errors import NotFound
from kino_core.identities import AgentType
from kino_core.sealed_secrets import WEBHOOK_SECRET
from kino_core.security import hash_secret, make_agent_token
from kino_core.settings import Environment
from kino_core.tables import token as token_table


@dataclass(frozen=True)
class Token:
    """What is known of a token after it was made; `agent_type` is what it was made for, if anything.

    `per_minute` and `per_hour` are its own quotas, None for the usual ones; whoever has one that `signs` must sign.
    """

    id: uuid.UUID
    project_id: uuid.UUID
    last4: str
    agent_type: str | None
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    expires_at: datetime | None
    per_minute: int | None
    per_hour: int | None
    signs: bool


@dataclass(frozen=True)
class NewToken(ShownOnce):
    """A token at the only moment when it can be read."""

    id: uuid.UUID
    token: str
    project_id: uuid.UUID


OVERLAP = timedelta(days=1)
"""How long the old token, or the old secret, goes on working beside its successor."""


class UnknownToken(NotFound):
    """No token has that id, or it is another project's."""

    code = "UNKNOWN_TOKEN"


@dataclass(frozen=True)
class Terms:
    """What a token is made for: its agents' type where they give none, its end, and quotas other than the usual."""

    agent_type: AgentType | None = None
    expires_at: datetime | None = None
    per_minute: int | None = None
    per_hour: int | None = None


NO_TERMS = Terms()


def create_token(session: WriteSession, env: Environment, project_id: uuid.UUID, terms: Terms = NO_TERMS) -> NewToken:
    """Make a token with which agents send events to the project; raises UnknownProject or ProjectArchived."""
    hold_project(session, project_id)
    secret = make_agent_token(env)
    made = NewToken(uuid.uuid4(), secret, project_id)
    session.execute(
        insert(token_table).values(
            id=made.id,
            project_id=project_id,
            token_hash=hash_secret(secret),
            last4=secret[-4:],
            agent_type=terms.agent_type,
            expires_at=terms.expires_at,
            per_minute=terms.per_minute,
            per_hour=terms.per_hour,
            created_at=datetime.now(UTC),
        )
    )
    return made


def rotate_token(
    session: WriteSession,
    ring: KeyRing,
    env: Environment,
    token_id: uuid.UUID,
    *,
    overlap: timedelta = OVERLAP,
    project_id: uuid.UUID | None = None,
) -> NewToken:
    """Make a token on the terms of another one, which stops working after `overlap`; its signing secrets go along.

    Raises UnknownToken, also for another project's token and for one that works no more, and UnreadableSecret.
    """
    found = query(
        session,
        "UPDATE kino.token SET expires_at = least(expires_at, now() + :overlap)"
        " WHERE id = :id AND project_id = coalesce(CAST(:project_id AS uuid), project_id) AND revoked_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > now()) RETURNING project_id, agent_type, per_minute, per_hour",
        id=token_id,
        overlap=overlap,
        project_id=project_id,
    )
    if not found:
        raise UnknownToken("There is no such token that still works. List the project's tokens to see their ids.")
    [old] = found
    terms = Terms(old.agent_type and AgentType(old.agent_type), None, old.per_minute, old.per_hour)
    made = create_token(session, env, old.project_id, terms)
    _copy_secrets(session, ring, token_id, made.id)
    return made


def list_tokens(session: ReadSession, project_id: uuid.UUID) -> list[Token]:
    """Return the project's tokens, revoked ones too, the newest first."""
    rows = query(
        session,
        "SELECT id, project_id, last4, agent_type, created_at, last_used_at, revoked_at, expires_at, per_minute,"
        " per_hour, EXISTS (SELECT FROM kino.webhook_secret WHERE token_id = token.id) FROM kino.token"
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


def _copy_secrets(session: WriteSession, ring: KeyRing, token_id: uuid.UUID, successor: uuid.UUID) -> None:
    rows = query(
        session, "SELECT id, secret, created_at, expires_at FROM kino.webhook_secret WHERE token_id = :id", id=token_id
    )
    for row in rows:
        # An envelope opens only in the row it was made for.
        secret, own_id = ring.open(row.secret, WEBHOOK_SECRET.place(row.id)), uuid.uuid4()
        query(
            session,
            "INSERT INTO kino.webhook_secret (id, token_id, secret, created_at, expires_at)"
            " VALUES (:id, :token_id, :secret, :created_at, :expires_at) RETURNING id",
            id=own_id,
            token_id=successor,
            secret=ring.seal(secret, WEBHOOK_SECRET.place(own_id)),
            created_at=row.created_at,
            expires_at=row.expires_at,
        )
