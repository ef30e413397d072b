"""The server that the log was folded on so far, and activities that claim to be from the future."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        DROP VIEW landing.fold_order;
        ALTER TABLE landing.fold_cursor
            DROP COLUMN system_identifier, DROP COLUMN stamped, DROP COLUMN stamp_to;
        ALTER TABLE kino.agent_activity DROP COLUMN clock_ahead;
    """)
