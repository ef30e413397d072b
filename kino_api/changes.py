"""Every change that people make is also an event in the landing log, in the same transaction."""

import uuid
from datetime import UTC, datetime
from typing import Any

from kino_core.database import WriteSession
from kino_core.events import Event, Source, canonical_json
from kino_ingest.landing import land

_CHANGES = "kino_changes"


def changes_of(session: WriteSession) -> set[uuid.UUID | None]:
    """Return a set that gathers the projects of all changes recorded from now on, None for what belongs to none."""
    changed: set[uuid.UUID | None] = set()
    session.info[_CHANGES] = changed
    return changed


def record_change(
    session: WriteSession,
    change: str,
    body: dict[str, Any],
    *,
    project_id: uuid.UUID | None,
    occurred_at: datetime | None = None,
) -> None:
    """Land the change named `change` (`project_created` …); `body` holds JSON values only.

    It happened now, unless `occurred_at` says otherwise.
    """
    event = Event(
        source=Source.KINO,
        event_id=str(uuid.uuid4()),
        type=change,
        occurred_at=occurred_at or datetime.now(UTC),
        body=body,
        raw=canonical_json(body),
        project_id=project_id,
    )
    land(session, [event])
    session.info.setdefault(_CHANGES, set()).add(project_id)
