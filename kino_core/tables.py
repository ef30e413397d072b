"""Every table that Kino keeps in PostgreSQL, as SQLAlchemy Core; `migrations/` makes them.

`landing` holds what came in, append-only; `kino` holds what the worker folds from it and what people enter.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

metadata = MetaData()


class Xid8(UserDefinedType[int]):
    """A PostgreSQL transaction id that never wraps around."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


def _when(name: str, *, nullable: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


claim = Table(
    "claim",
    metadata,
    Column("source", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("body_hash", LargeBinary, nullable=False),
    schema="landing",
)
"""Idempotency keys; never partitioned by time, so that an event repeated a year later is still a duplicate."""

event = Table(
    "event",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("received_at", DateTime(timezone=True), primary_key=True),
    Column("xid", Xid8, nullable=False),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    _when("occurred_at", nullable=False),
    Column("project_id", Uuid),
    Column("repository", Text),
    Column("token_id", Uuid),
    Column("body", JSONB, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    schema="landing",
)
"""The one log: append-only, by month of arrival, read by transaction id."""

fold_cursor = Table(
    "fold_cursor",
    metadata,
    Column("name", Text, primary_key=True),
    Column("low", Xid8, nullable=False),
    Column("system_identifier", Text),
    Column("stamped", BigInteger, nullable=False),
    Column("stamp_to", BigInteger, nullable=False),
    schema="landing",
)
"""How far the log was cut into windows, and on which server. While `stamped` is below `stamp_to`, the events with ids
above the one and up to the other still wait for a transaction id of this server."""

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("event_row", BigInteger, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("stack", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    _when("next_try_at"),
    _when("discarded_at"),
    _when("failed_at", nullable=False),
    Column("discard_reason", Text),
    schema="landing",
)
"""Events whose fold failed: waiting for another try while `next_try_at` is set, dead once it is null."""

conflict = Table(
    "conflict",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("body_hash", LargeBinary, nullable=False),
    Column("token_id", Uuid),
    Column("request_id", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    schema="landing",
)
"""Events that came under an id that another one has; what each contradicts is in the log under the same key."""

fold_window = Table(
    "fold_window",
    metadata,
    Column("low", Xid8, primary_key=True),
    Column("high", Xid8, nullable=False),
    schema="landing",
)
"""Windows of the log that were cut and not folded yet; a worker locks the one that it folds."""

refold = Table(
    "refold",
    metadata,
    Column("event_row", BigInteger, primary_key=True),
    Column("received_at", DateTime(timezone=True), primary_key=True),
    schema="landing",
)
"""Landed events that somebody wants folded once more."""

failing_source = Table(
    "failing_source",
    metadata,
    Column("name", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    _when("told_at", nullable=False),
    schema="landing",
)
"""Senders whose events failed again and again, and when that was last told."""

initiative = Table(
    "initiative",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Uuid),
    schema="kino",
)

project = Table(
    "project",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("initiative_id", Uuid),
    Column("description", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("status", Text),
    Column("status_reason", Text),
    Column("start_date", Date),
    Column("end_date", Date),
    Column("time_zone", Text, nullable=False),
    Column("sample", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    _when("archived_at"),
    _when("deleted_at"),
    Column("created_by", Uuid),
    schema="kino",
)

project_member = Table(
    "project_member",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("user_id", Uuid, primary_key=True),
    Column("role", Text, nullable=False),
    Column("joined_at", DateTime(timezone=True), nullable=False),
    schema="kino",
)
"""Who works on a project, as PROJECT_LEADER or MEMBER."""

milestone = Table(
    "milestone",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("due_date", Date),
    _when("reached_at"),
    _when("created_at", nullable=False),
    _when("updated_at", nullable=False),
    Column("created_by", Uuid),
    schema="kino",
)

dependency = Table(
    "dependency",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("item_id", Uuid),
    Column("depends_on_project_id", Uuid, nullable=False),
    Column("depends_on_item_id", Uuid),
    Column("note", Text, nullable=False),
    _when("created_at", nullable=False),
    Column("created_by", Uuid),
    schema="kino",
)
"""What waits for what: a whole project, on either side, where the item is null."""

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", LargeBinary, nullable=False),
    Column("status", Integer),
    Column("headers", JSONB),
    Column("answer", LargeBinary),
    _when("created_at", nullable=False),
    schema="kino",
)
"""Requests that came with an Idempotency-Key, and what was answered; kept for a day."""

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("occurred_at", DateTime(timezone=True), primary_key=True),
    Column("xid", Xid8, nullable=False),
    Column("actor_type", Text, nullable=False),
    Column("actor_id", Uuid),
    Column("action", Text, nullable=False),
    Column("entity_type", Text, nullable=False),
    Column("entity_id", Text),
    Column("project_id", Uuid),
    Column("before", JSONB),
    Column("after", JSONB),
    Column("details", JSONB, nullable=False),
    Column("request_id", Text),
    schema="kino",
)
"""Who changed what, append-only, by month; triggers write it with each change."""

audit_seal = Table(
    "audit_seal",
    metadata,
    Column("position", BigInteger, primary_key=True),
    Column("audit_id", BigInteger, nullable=False),
    _when("occurred_at", nullable=False),
    Column("hash", LargeBinary, nullable=False),
    schema="kino",
)
"""The audit's hash chain, append-only: a row an entry, in the order of sealing."""

audit_unsealed = Table(
    "audit_unsealed",
    metadata,
    Column("audit_id", BigInteger, primary_key=True),
    _when("occurred_at", nullable=False),
    schema="kino",
)
"""Entries of the audit that wait for their seal."""

audit_anchor = Table(
    "audit_anchor",
    metadata,
    Column("position", BigInteger, primary_key=True),
    _when("anchored_at", nullable=False),
    schema="kino",
)
"""Which seals were told to the landing log, where the event `audit_sealed` holds the hash and its signature."""

audit_cut = Table(
    "audit_cut",
    metadata,
    Column("starts", DateTime(timezone=True), primary_key=True),
    _when("ends", nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    _when("cut_at", nullable=False),
    schema="kino",
)
"""Months of the audit that were old enough to go; their seals stay."""

security_event = Table(
    "security_event",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("user_id", Uuid),
    Column("address", Text),
    Column("token_id", Uuid),
    Column("route", Text),
    Column("count", BigInteger, nullable=False),
    Column("details", JSONB, nullable=False),
    schema="kino",
)
"""What the watch noticed, a row for each minute and whoever it was; `address` is personal."""

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
    _when("wrote_at"),
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

setup_link = Table(
    "setup_link",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    schema="kino",
)

report = Table(
    "report",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("scope_type", Text, nullable=False),
    Column("scope_id", Uuid),
    Column("period", Text, nullable=False),
    Column("as_of", DateTime(timezone=True), nullable=False),
    Column("lake_snapshot_id", BigInteger, nullable=False),
    Column("snapshot_sha256", Text, nullable=False),
    Column("snapshot", JSONB, nullable=False),
    Column("files", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Uuid),
    schema="kino",
)
"""A report's frozen data and the files made of it. `files` maps a format to {path, sha256, bytes}."""

project_summary = Table(
    "project_summary",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("repositories", Integer, nullable=False),
    Column("people", Integer, nullable=False),
    Column("agents", Integer, nullable=False),
    Column("commits", BigInteger, nullable=False),
    _when("last_activity_at"),
    Column("agents_report", Boolean, nullable=False),
    Column("weeks", JSONB, nullable=False),
    Column("busiest_week", BigInteger, nullable=False),
    Column("open_blockers", Integer, nullable=False),
    _when("oldest_blocker_at"),
    _when("counted_at", nullable=False),
    schema="kino",
)
"""What lists show of a project beside its own row; the worker counts it anew after each change."""

project_agent = Table(
    "project_agent",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("agent_id", Uuid, primary_key=True),
    schema="kino",
)
"""Which agents worked in which project, counted together with its summary."""

reporting_agent = Table(
    "reporting_agent",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("agent_id", Uuid, primary_key=True),
    schema="kino",
)
"""Which agents reported to which project; triggers keep it."""

project_touched = Table("project_touched", metadata, Column("project_id", Uuid, nullable=False), schema="kino")
"""Projects that something changed in since they were counted, a row for each change; triggers write it."""

metric_value = Table(
    "metric_value",
    metadata,
    Column("metric", Text, primary_key=True),
    Column("scope_type", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("scope_id", Text, primary_key=True),
    Column("value", Double),
    Column("n", BigInteger, nullable=False),
    Column("coverage", Double),
    Column("lower", Double),
    Column("upper", Double),
    _when("as_of", nullable=False),
    Column("snapshot_id", BigInteger, nullable=False),
    schema="kino",
)
"""The newest value of what lists show of a metric, copied from gold; `snapshot_id` last changed the row."""

metric_publication = Table(
    "metric_publication",
    metadata,
    Column("single", Boolean, primary_key=True),
    Column("period", Text, nullable=False),
    Column("snapshot_id", BigInteger, nullable=False),
    _when("as_of", nullable=False),
    schema="kino",
)
"""The one snapshot of the lake that `metric_value` stands for."""

erasure = Table(
    "erasure",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid),
    Column("pseudonym", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("traces", JSONB),
    Column("rows_changed", BigInteger, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("requested_by", Uuid),
    _when("finished_at"),
    schema="kino",
)
"""A person who is being erased or was; `traces` says by what they are found, and goes with the last step."""
