"""Who belongs to which project, projects that end, and the audit of every change."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        DROP FUNCTION kino.visible_project, kino.memberships;
        DROP TRIGGER audited ON kino.project;
        DROP TRIGGER audited ON kino.initiative;
        DROP TRIGGER audited ON kino.repository;
        DROP TRIGGER audited_when_new ON kino.repository;
        DROP TRIGGER audited ON kino.token;
        DROP TRIGGER audited ON kino.webhook_secret;
        DROP TRIGGER audited ON kino."user";
        DROP TABLE kino.project_member, kino.audit;
        DROP FUNCTION kino.audit_change, kino.audit_write, kino.audit_is_append_only;
        DROP INDEX kino.project_by_name;
        DELETE FROM kino.token USING kino.project WHERE project.id = token.project_id AND deleted_at IS NOT NULL;
        DELETE FROM kino.project WHERE deleted_at IS NOT NULL;
        CREATE UNIQUE INDEX project_by_name ON kino.project (lower(name));
        ALTER TABLE kino.project DROP COLUMN archived_at, DROP COLUMN deleted_at, DROP COLUMN created_by;
        ALTER TABLE kino."user" DROP COLUMN person_id;
        ALTER TABLE kino.initiative DROP COLUMN description, DROP COLUMN updated_at, DROP COLUMN created_by;
    """)
