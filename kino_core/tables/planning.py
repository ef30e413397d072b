"""What people enter: projects, what they are to deliver, and what is written about them."""

from sqlalchemy import Boolean, Column, Date, DateTime, Integer, Table, Text, Uuid

from kino_core.tables.columns import metadata, when

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
    when("archived_at"),
    when("deleted_at"),
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
    when("reached_at"),
    when("created_at", nullable=False),
    when("updated_at", nullable=False),
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
    when("created_at", nullable=False),
    Column("created_by", Uuid),
    schema="kino",
)
"""What waits for what: a whole project, on either side, where the item is null."""

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
    Column("started_at", DateTime(timezone=True)),
    Column("completed_at", DateTime(timezone=True)),
    Column("said_status", Text),
    Column("said_at", DateTime(timezone=True)),
    Column("said_started_at", DateTime(timezone=True)),
    Column("start_date", Date),
    Column("end_date", Date),
    Column("assignee_type", Text),
    Column("assignee_id", Uuid),
    Column("milestone_id", Uuid),
    Column("position", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Uuid),
    schema="kino",
)
"""What a project is to deliver; `said_…` is what a person said last, the rest follows from that and from agents."""

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
    Column("submitted_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    schema="kino",
)
"""What one person wrote about one period of a project."""

annotation = Table(
    "annotation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("day", Date, nullable=False),
    Column("metric", Text),
    Column("scope_item_id", Uuid),
    Column("text", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Uuid),
    schema="kino",
)
"""Notes that stand beside the numbers of a day."""

blocker_resolution = Table(
    "blocker_resolution",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("blocker_id", Text, primary_key=True),
    Column("occurred_at", DateTime(timezone=True), primary_key=True),
    Column("resolved_by", Uuid),
    schema="kino",
)
"""Blockers that a person closed; agents close theirs by events."""
