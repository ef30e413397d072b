"""What can be proved later: the audit and its chain, security events, erasures."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Identity, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from kino_core.tables.columns import Xid8, metadata, when

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
    when("occurred_at", nullable=False),
    Column("hash", LargeBinary, nullable=False),
    schema="kino",
)
"""The audit's hash chain, append-only: a row an entry, in the order of sealing."""

audit_unsealed = Table(
    "audit_unsealed",
    metadata,
    Column("audit_id", BigInteger, primary_key=True),
    when("occurred_at", nullable=False),
    schema="kino",
)
"""Entries of the audit that wait for their seal."""

audit_anchor = Table(
    "audit_anchor",
    metadata,
    Column("position", BigInteger, primary_key=True),
    when("anchored_at", nullable=False),
    schema="kino",
)
"""Which seals were told to the landing log, where the event `audit_sealed` holds the hash and its signature."""

audit_cut = Table(
    "audit_cut",
    metadata,
    Column("starts", DateTime(timezone=True), primary_key=True),
    when("ends", nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    when("cut_at", nullable=False),
    schema="kino",
)
"""Months of the audit that were old enough to go; their seals stay."""

audit_redaction = Table(
    "audit_redaction",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("audit_id", BigInteger, nullable=False),
    Column("xid", Xid8, nullable=False),
    Column("erasure_id", Uuid, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("fits", Boolean, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    when("redacted_at", nullable=False),
    schema="kino",
)
"""Entries of the audit that erasures rewrote, append-only; the newest of an entry counts."""

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
    when("finished_at"),
    schema="kino",
)
"""A person who is being erased or was; `traces` says by what they are found, and goes with the last step."""
