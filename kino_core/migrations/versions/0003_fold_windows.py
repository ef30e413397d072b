"""Windows of the log that workers fold side by side, events to fold again, and what dead letters tell."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        UPDATE landing.fold_cursor SET low = coalesce((SELECT min(low) FROM landing.fold_window), low);
        DROP TABLE landing.fold_window, landing.refold, landing.failing_source;
        DROP INDEX landing.dead_letter_due;
        ALTER TABLE landing.dead_letter DROP COLUMN failed_at, DROP COLUMN discard_reason;
    """)
