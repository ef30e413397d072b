"""What came in, append-only, and how far it was read."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from kino_core.tables.columns import Xid8, metadata, when

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
    when("occurred_at", nullable=False),
    Column("project_id", Uuid),
    Column("repository", Text),
    Column("token_id", Uuid),
    Column("body", JSONB, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    schema="landing",
)
"""The one log: append-only, by month of arrival, read by transaction id."""

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
    when("next_try_at"),
    when("discarded_at"),
    when("failed_at", nullable=False),
    Column("discard_reason", Text),
    schema="landing",
)
"""Events whose fold failed: waiting for another try while `next_try_at` is set, dead once it is null."""

failing_source = Table(
    "failing_source",
    metadata,
    Column("name", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    when("told_at", nullable=False),
    schema="landing",
)
"""Senders whose events failed again and again, and when that was last told."""
