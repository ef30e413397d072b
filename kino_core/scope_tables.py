"""The tables of what a project is to deliver, what is written about it, and what its agents' sessions told."""

from sqlalchemy import Column, Date, DateTime, Integer, Table, Text, Uuid

from kino_core.tables import metadata


def _when(name: str, *, nullable: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


scope_item = Table(
    "scope_item",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("key", Text),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("status", Text, nullable=False),
    _when("started_at"),
    _when("completed_at"),
    Column("said_status", Text),
    _when("said_at"),
    _when("said_started_at"),
    Column("start_date", Date),
    Column("end_date", Date),
    Column("assignee_type", Text),
    Column("assignee_id", Uuid),
    Column("milestone_id", Uuid),
    Column("position", Integer, nullable=False),
    _when("created_at", nullable=False),
    _when("updated_at", nullable=False),
    Column("created_by", Uuid),
    schema="kino",
)
"""What a project is to deliver. `said_…` is what people said; the states follow from that and from agents' events."""

project_update = Table(
    "project_update",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("submitted_by", Uuid, nullable=False),
    Column("overall_status", Text, nullable=False),
    Column("achievements", Text, nullable=False),
    Column("challenges", Text, nullable=False),
    Column("planned_work", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("period_start", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    _when("submitted_at", nullable=False),
    _when("updated_at", nullable=False),
    schema="kino",
)
"""What somebody wrote about a period of a project: one row a person and period."""

annotation = Table(
    "annotation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("day", Date, nullable=False),
    Column("metric", Text),
    Column("scope_item_id", Uuid),
    Column("text", Text, nullable=False),
    _when("created_at", nullable=False),
    _when("updated_at", nullable=False),
    Column("created_by", Uuid),
    schema="kino",
)

blocker_resolution = Table(
    "blocker_resolution",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("blocker_id", Text, primary_key=True),
    Column("occurred_at", DateTime(timezone=True), primary_key=True),
    Column("resolved_by", Uuid),
    schema="kino",
)
"""Blockers that people closed; agents close theirs by events."""

agent_session = Table(
    "agent_session",
    metadata,
    Column("agent_id", Uuid, primary_key=True),
    Column("project_id", Uuid, primary_key=True),
    Column("session_id", Text, primary_key=True),
    Column("parent_agent", Text),
    Column("model", Text),
    _when("model_told_at"),
    _when("first_seen_at", nullable=False),
    _when("last_seen_at", nullable=False),
    Column("tasks_started", Integer, nullable=False),
    Column("commits", Integer, nullable=False),
    Column("test_runs", Integer, nullable=False),
    Column("tasks_completed", Integer, nullable=False),
    Column("blockers", Integer, nullable=False),
    schema="kino",
)
"""What agents told under one session id, each event counted once."""
