"""The audit: what happened that no row of a table shows, such as a sign-in.

Every change of a row writes its own entry: a trigger on the table does it, in the same transaction.
"""

import json
import uuid
from typing import Any

from kino_core.database import WriteSession, query


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
