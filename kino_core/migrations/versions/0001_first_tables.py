"""The landing log, the folded tables, sign-in and reports."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        DROP SCHEMA landing CASCADE;
        DROP TABLE kino.initiative, kino.project, kino.repository, kino.person, kino.identity, kino.agent,
            kino.agent_activity, kino."commit", kino.pull_request, kino.token, kino."user", kino.session,
            kino.setup_link, kino.report CASCADE;
        DROP FUNCTION kino.ensure_month_partitions;
    """)
