"""The audit: what happened that no row of a table shows, such as a sign-in.

Every change of a row writes its own entry: a trigger on the table does it, in the same transaction.
"""

import json
import uuid
from typing import Any

from kino_core.database import WriteSession, query

WITHOUT_TRIGGER = {
    "account_link": "its making and its use are recorded as what they are for; its hash is a secret",
    "agent": "folded from the log, which nobody changes",
    "agent_activity": "folded from the log, which nobody changes",
    "agent_session": "folded from the log, which nobody changes",
    "attempt": "counts guesses; failed sign-ins are recorded as LOGIN_FAILED",
    "audit": "it is the audit",
    "audit_anchor": "the audit's own, append-only",
    "audit_cut": "the audit's own, append-only",
    "audit_redaction": "the audit's own, append-only",
    "audit_seal": "the audit's own, append-only",
    "audit_unsealed": "the audit's own: what is not sealed yet",
    "commit": "folded from the log, which nobody changes",
    "erasure": "recorded as ERASE",
    "idempotency_key": "answers that are kept for a day; what the requests changed is audited",
    "identity": "folded from the log, which nobody changes",
    "metric_publication": "copied from the lake",
    "metric_value": "copied from the lake",
    "outbox": "mail on its way; what caused it is recorded",
    "person": "folded from the log, which nobody changes",
    "project_agent": "counted from the history",
    "project_summary": "counted from the history",
    "project_touched": "what is to be counted anew",
    "pull_request": "folded from the log, which nobody changes",
    "reporting_agent": "counted from the history",
    "schema_version": "migrations change it",
    "security_event": "what the watch counts, changed by nobody",
    "session": "signing in, out and on is recorded as LOGIN, LOGOUT and the like; its hashes are secrets",
    "setup_link": "its use makes a user, and that is audited; its hash is a secret",
}
"""Tables of the schema `kino` whose rows no trigger audits, and why. A test fails for any other without one."""


def record(
    session: WriteSession,
    action: str,
    entity_type: str,
    entity_id: object,
    *,
    project_id: uuid.UUID | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Write that the session's actor did `action` (`LOGIN`, `EXPORT` …); `details` hold no secret and nothing personal.

    It is there if and only if the session commits.
    """
    query(
        session,
        "SELECT kino.audit_write(:action, :entity_type, :entity_id, :project_id, NULL, NULL, CAST(:details AS jsonb))",
        action=action,
        entity_type=entity_type,
        entity_id=None if entity_id is None else str(entity_id),
        project_id=project_id,
        details=json.dumps(details or {}),
    )
