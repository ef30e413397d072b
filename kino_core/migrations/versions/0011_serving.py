"""What lists show of each project, kept ready: counts from the history, and the newest numbers of the lake."""

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        DROP TRIGGER touches ON kino.repository;
        DROP TRIGGER touches ON kino.identity;
        DROP TRIGGER touches_new ON kino."commit";
        DROP TRIGGER touches_changed ON kino."commit";
        DROP TRIGGER touches_gone ON kino."commit";
        DROP TRIGGER touches_new ON kino.agent_activity;
        DROP TRIGGER touches_changed ON kino.agent_activity;
        DROP TRIGGER touches_gone ON kino.agent_activity;
        DROP TRIGGER touches ON kino.blocker_resolution;
        DROP TRIGGER summarised ON kino.project;
        DROP FUNCTION kino.touch_by_repository, kino.touch_by_identity, kino.touch_by_commits,
            kino.touch_by_activity, kino.touch_by_resolution, kino.make_project_summary, kino.recount_projects,
            kino.project_health;
        DROP TABLE kino.project_summary, kino.project_agent, kino.reporting_agent, kino.project_touched,
            kino.metric_value, kino.metric_publication;
        DROP INDEX kino.commit_by_author, kino.agent_by_name, kino.report_by_scope;
        ALTER TABLE kino.session DROP COLUMN wrote_at;
    """)
