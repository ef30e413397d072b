"""Milestones, dependencies, orders of projects, and requests that may be repeated."""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        DROP VIEW kino.slipping_dependency, kino.dependable_item;
        DROP FUNCTION kino.is_past, kino.project_metadata;
        DROP TABLE kino.milestone, kino.dependency, kino.idempotency_key;
        DROP INDEX kino.project_in_order_of_name, kino.project_in_order_of_priority, kino.project_in_order_of_update,
            kino.project_in_order_of_end, kino.project_in_reverse_order_of_end, kino.project_in_order_of_status,
            kino.project_in_reverse_order_of_status, kino.project_by_initiative;
        CREATE INDEX project_by_initiative ON kino.project (initiative_id);
    """)
