"""Who may come in: users, sessions, links, tokens, and the mail that goes to them."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from kino_core.tables.columns import metadata, when

user = Table(
    "user",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text),
    Column("person_id", Uuid),
    Column("password_hash", Text),
    Column("session_version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("disabled_at", DateTime(timezone=True)),
    schema="kino",
)
"""Without a password hash: invited, and not in yet. `session_version` stands in every access token."""

session = Table(
    "session",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("refresh_hash", LargeBinary, nullable=False),
    Column("previous_hash", LargeBinary),
    Column("rotated_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    when("wrote_at"),
    Column("user_agent", Text, nullable=False),
    Column("authenticated_at", DateTime(timezone=True), nullable=False),
    schema="kino",
)
"""`authenticated_at` is when the password was last shown, `rotated_at` when the session was last refreshed; `wrote_at`
when it last changed something, kept only where reads may come from a replica."""

account_link = Table(
    "account_link",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("token_hash", LargeBinary, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("email", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    schema="kino",
)

setup_link = Table(
    "setup_link",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    schema="kino",
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("account", LargeBinary, nullable=False),
    Column("network", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    schema="kino",
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("user_id", Uuid),
    Column("recipient", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("link_id", Uuid),
    Column("link_path", Text),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try_at", DateTime(timezone=True), nullable=False),
    Column("last_error", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("sent_at", DateTime(timezone=True)),
    schema="kino",
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", LargeBinary, nullable=False),
    Column("status", Integer),
    Column("headers", JSONB),
    Column("answer", LargeBinary),
    when("created_at", nullable=False),
    schema="kino",
)
"""Requests that came with an Idempotency-Key, and what was answered; kept for a day."""

token = Table(
    "token",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    Column("last4", Text, nullable=False),
    Column("agent_type", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("last_used_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    Column("expires_at", DateTime(timezone=True)),
    Column("per_minute", Integer),
    Column("per_hour", Integer),
    schema="kino",
)

webhook_secret = Table(
    "webhook_secret",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("token_id", Uuid),
    Column("repository_id", Uuid),
    Column("secret", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    schema="kino",
)
"""What a sender signs with: a token's secrets, or those of a repository's webhook."""
