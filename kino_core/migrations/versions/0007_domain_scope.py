"""Scope items, project updates, annotations, agents' sessions, and blockers that people close."""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        DROP INDEX kino.dependency_of_item, kino.dependency_by_target_item;
        ALTER TABLE kino.dependency DROP CONSTRAINT dependency_item, DROP CONSTRAINT dependency_on_item;
        CREATE OR REPLACE VIEW kino.dependable_item AS
            SELECT NULL::uuid AS id, NULL::uuid AS project_id, NULL::date AS end_date, NULL::boolean AS finished
            WHERE false;
        CREATE OR REPLACE FUNCTION kino.project_metadata(project_id uuid)
        RETURNS TABLE (progress_percentage double precision, last_update_at timestamptz) LANGUAGE sql STABLE AS $$
            SELECT NULL::double precision, NULL::timestamptz
        $$;
        DROP FUNCTION kino.open_blocker;
        DROP VIEW kino.blocker_report;
        CREATE INDEX agent_activity_blockers ON kino.agent_activity (project_id, occurred_at)
            WHERE event_type = 'blocker_identified';
        DROP INDEX kino.agent_activity_of_task, kino.agent_activity_of_blocker;
        DROP TABLE kino.annotation, kino.scope_item, kino.project_update, kino.blocker_resolution, kino.agent_session;
    """)
