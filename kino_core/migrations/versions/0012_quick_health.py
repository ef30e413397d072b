"""What portfolios of ten thousand ask of each project, and lists of security events, without a look at everything."""

from pathlib import Path

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        DROP INDEX kino.security_event_by_address;
        CREATE OR REPLACE VIEW kino.slipping_dependency AS
            SELECT dependency.id, dependency.project_id
            FROM kino.dependency
            JOIN kino.project AS target ON target.id = dependency.depends_on_project_id
            LEFT JOIN kino.dependable_item AS item ON item.id = dependency.depends_on_item_id
            WHERE target.deleted_at IS NULL AND target.archived_at IS NULL
              AND target.status IS DISTINCT FROM 'COMPLETED'
              AND CASE WHEN dependency.depends_on_item_id IS NULL THEN kino.is_past(target.end_date, target.time_zone)
                  ELSE item.finished IS FALSE AND kino.is_past(item.end_date, target.time_zone) END;
        CREATE OR REPLACE FUNCTION kino.is_past(day date, time_zone text) RETURNS boolean LANGUAGE sql STABLE AS $$
            SELECT coalesce(day < (now() AT TIME ZONE time_zone)::date, false)
        $$;
    """)
