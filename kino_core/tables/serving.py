"""What lists show, kept ready, and the reports that were made."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Double, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from kino_core.tables.columns import metadata, when

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
    when("last_activity_at"),
    Column("agents_report", Boolean, nullable=False),
    Column("weeks", JSONB, nullable=False),
    Column("busiest_week", BigInteger, nullable=False),
    Column("open_blockers", Integer, nullable=False),
    when("oldest_blocker_at"),
    when("counted_at", nullable=False),
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
    when("as_of", nullable=False),
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
    when("as_of", nullable=False),
    schema="kino",
)
"""The one snapshot of the lake that `metric_value` stands for."""
