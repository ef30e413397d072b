"""The audit's hash chain, and the events of the watch."""

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        DROP TABLE kino.security_event, kino.audit_seal, kino.audit_unsealed, kino.audit_anchor, kino.audit_cut;
        DROP TRIGGER audited ON kino.report;
        DROP TRIGGER audited_of_project ON kino.report;
        DROP TRIGGER audited_change ON kino.report;
        DROP TRIGGER audited_change_of_project ON kino.report;
        DROP INDEX kino.audit_by_action, kino.audit_by_actor_type, kino.audit_by_request;
        CREATE OR REPLACE FUNCTION kino.audit_write(
            action text, entity_type text, entity_id text, project_id uuid, before jsonb, after jsonb, details jsonb
        ) RETURNS void LANGUAGE sql AS $$
            INSERT INTO kino.audit (
                actor_type, actor_id, action, entity_type, entity_id, project_id, before, after, details, request_id)
            SELECT coalesce(actor ->> 'type', 'system'), (actor ->> 'id')::uuid, action, entity_type, entity_id,
                project_id, before, after, details, actor ->> 'request_id'
            FROM (SELECT nullif(current_setting('kino.actor', true), '')::jsonb AS actor) AS told
        $$;
        DROP FUNCTION kino.audit_write_as, kino.keep_audit_partitions, kino.without_secrets;
    """)
