"""People who are invited, prove who they are, and get mail: links, sessions, attempts, the outbox."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        DROP FUNCTION kino.visible_user;
        DROP TABLE kino.outbox, kino.account_link, kino.attempt;
        ALTER TABLE kino.session DROP COLUMN user_agent, DROP COLUMN authenticated_at;
        DROP INDEX kino.user_by_name;
        -- No hash looks like this, so it lets nobody in.
        UPDATE kino."user" SET password_hash = '!' WHERE password_hash IS NULL;
        ALTER TABLE kino."user" ALTER COLUMN password_hash SET NOT NULL,
            DROP COLUMN session_version, DROP COLUMN updated_at;
    """)
