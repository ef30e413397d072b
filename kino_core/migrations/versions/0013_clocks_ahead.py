"""What claims to be from the future no longer counts as a project's last activity."""

from pathlib import Path

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    # The function that 0011 made stands between these two lines of its file.
    before = Path(__file__).with_name("0011_serving.sql").read_text()
    function = before[before.index("CREATE FUNCTION kino.recount_projects") :].partition("END $$;")
    op.execute(function[0].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION") + function[1])
