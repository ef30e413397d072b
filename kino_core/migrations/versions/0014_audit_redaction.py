"""Erasures reach what the audit says in words, and the chain goes on to be verifiable."""

from pathlib import Path

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    # Entries that were rewritten stay so, and the version before takes them for changed.
    op.execute("""
        DROP TRIGGER append_only ON kino.audit;
        DROP TRIGGER append_only_but_for_erasures ON kino.audit;
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON kino.audit
            FOR EACH ROW EXECUTE FUNCTION kino.audit_is_append_only();
        DROP FUNCTION kino.audit_takes_redactions, kino.audit_digest;
        DROP TABLE kino.audit_redaction;
    """)
