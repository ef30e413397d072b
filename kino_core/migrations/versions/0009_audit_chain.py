"""The audit's hash chain, and the events of the watch."""

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0005"


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("DROP TABLE kino.security_event")
