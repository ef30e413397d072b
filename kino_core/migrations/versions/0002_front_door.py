"""Tokens that end and have quotas, secrets of senders, and events that contradict others."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        DROP TABLE landing.conflict, kino.webhook_secret;
        ALTER TABLE kino.token DROP COLUMN expires_at, DROP COLUMN per_minute, DROP COLUMN per_hour;
    """)
