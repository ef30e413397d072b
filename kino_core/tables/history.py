"""What is folded from the log: people, agents, commits, pull requests."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from kino_core.tables.columns import metadata

repository = Table(
    "repository",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("full_name", Text, nullable=False),
    Column("project_id", Uuid),
    Column("connected_at", DateTime(timezone=True)),
    schema="kino",
)

person = Table(
    "person",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    Column("last_seen_at", DateTime(timezone=True), nullable=False),
    schema="kino",
)

identity = Table(
    "identity",
    metadata,
    Column("key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("person_id", Uuid),
    Column("agent_id", Uuid),
    schema="kino",
)

agent = Table(
    "agent",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("agent_type", Text, nullable=False),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    Column("last_seen_at", DateTime(timezone=True), nullable=False),
    Column("last_event_type", Text, nullable=False),
    schema="kino",
)

agent_activity = Table(
    "agent_activity",
    metadata,
    Column("occurred_at", DateTime(timezone=True), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("event_row", BigInteger, nullable=False),
    Column("project_id", Uuid, nullable=False),
    Column("agent_id", Uuid, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("task_id", Text, nullable=False),
    Column("session_id", Text),
    Column("model", Text),
    Column("data", JSONB, nullable=False),
    Column("clock_ahead", Boolean, nullable=False),
    schema="kino",
)
"""What agents reported, by month of occurrence; `clock_ahead` marks what claims to be from the future."""

agent_session = Table(
    "agent_session",
    metadata,
    Column("agent_id", Uuid, primary_key=True),
    Column("project_id", Uuid, primary_key=True),
    Column("session_id", Text, primary_key=True),
    Column("parent_agent", Text),
    Column("model", Text),
    Column("model_told_at", DateTime(timezone=True)),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    Column("last_seen_at", DateTime(timezone=True), nullable=False),
    Column("tasks_started", Integer, nullable=False),
    Column("commits", Integer, nullable=False),
    Column("test_runs", Integer, nullable=False),
    Column("tasks_completed", Integer, nullable=False),
    Column("blockers", Integer, nullable=False),
    schema="kino",
)
"""What agents told under one session id, each event counted once."""

commit = Table(
    "commit",
    metadata,
    Column("repository_id", Uuid, primary_key=True),
    Column("sha", Text, primary_key=True),
    Column("author_key", Text, nullable=False),
    Column("authored_at", DateTime(timezone=True), nullable=False),
    Column("committed_at", DateTime(timezone=True), nullable=False),
    Column("subject", Text, nullable=False),
    Column("parents", Integer, nullable=False),
    Column("lines_added", BigInteger),
    Column("lines_deleted", BigInteger),
    Column("agent_id", Uuid),
    schema="kino",
)

pull_request = Table(
    "pull_request",
    metadata,
    Column("repository_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("author_key", Text),
    Column("state", Text, nullable=False),
    Column("branch", Text),
    Column("opened_at", DateTime(timezone=True)),
    Column("ready_at", DateTime(timezone=True)),
    Column("merged_at", DateTime(timezone=True)),
    Column("closed_at", DateTime(timezone=True)),
    Column("merge_sha", Text),
    Column("lines_added", BigInteger),
    Column("lines_deleted", BigInteger),
    Column("told_by", Text, nullable=False),
    Column("told_at", DateTime(timezone=True), nullable=False),
    Column("told_id", Text, nullable=False),
    schema="kino",
)
"""One row a pull request. `told_by`, `told_at` and `told_id` name the event that its state comes from."""
