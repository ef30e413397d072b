"""Every change that people make is also an event in the landing log, in the same transaction."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from kino_core.database import WriteSession
from kino_core.events import Event, Source, canonical_json
from kino_ingest.landing import land

_noted: ContextVar[set[uuid.UUID | None]] = ContextVar("changed_projects")


@contextmanager
def noting_changes() -> Iterator[set[uuid.UUID | None]]:
    """Yield a set that gathers the projects of all changes recorded in the block, None for what belongs to none."""
    changed: set[uuid.UUID | None] = set()
    outer = _noted.set(changed)
    try:
        yield changed
    finally:
        _noted.reset(outer)


def record_change(session: WriteSession, change: str, body: dict[str, Any], *, project_id: uuid.UUID | None) -> None:
    """Land the change named `change` (`project_created` …); `body` holds JSON values only."""
    event = Event(
        source=Source.KINO,
        event_id=str(uuid.uuid4()),
        type=change,
        occurred_at=datetime.now(UTC),
        body=body,
        raw=canonical_json(body),
        project_id=project_id,
    )
    land(session, [event])
    if (changed := _noted.get(None)) is not None:
        changed.add(project_id)
