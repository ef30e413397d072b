"""Blockers that people close."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from kino_api.changes import record_change
from kino_api.projects import hold_project
from kino_api.sql import read_sql
from kino_core.database import WriteSession, query
from kino_core.errors import NotFound
from kino_core.tables import blocker_resolution
from kino_ingest.fold.scope_items import settle_items
from kino_ingest.fold.write import lock_merging


@dataclass(frozen=True)
class ResolvedBlocker:
    """A blocker that a person closed."""

    project_id: uuid.UUID
    blocker_id: str
    resolved_at: datetime
    resolved_by: uuid.UUID | None


class UnknownBlocker(NotFound):
    """The project has no open blocker of that id."""

    code = "UNKNOWN_BLOCKER"


def resolve_blocker(
    session: WriteSession, project_id: uuid.UUID, blocker_id: str, *, resolved_by: uuid.UUID | None = None
) -> ResolvedBlocker:
    """Close an open blocker; it opens again when an agent reports it anew.

    Raises UnknownBlocker, or as hold_project.
    """
    lock_merging(session)
    hold_project(session, project_id)
    found = query(
        session,
        "SELECT last_reported_at FROM kino.open_blocker(CAST(:projects AS uuid[]), 'infinity', :blockers)",
        projects=[project_id],
        blockers=[blocker_id],
    )
    if not found:
        raise UnknownBlocker("The project has no open blocker of that id. It may have been closed already.")
    # Agents' clocks may be ahead, and this is the last word about the blocker.
    at = max(datetime.now(UTC), found[0].last_reported_at + timedelta(microseconds=1))
    row = {"project_id": project_id, "blocker_id": blocker_id, "occurred_at": at, "resolved_by": resolved_by}
    session.execute(insert(blocker_resolution).values(**row))
    tasks = query(session, read_sql("tasks_of_blocker"), project_id=project_id, blocker_id=blocker_id)
    settle_items(session, [(project_id, task.task_id) for task in tasks])
    body = {
        "project_id": str(project_id),
        "blocker_id": blocker_id,
        "resolved_by": resolved_by and str(resolved_by),
    }
    record_change(session, "blocker_resolved", body, project_id=project_id, occurred_at=at)
    return ResolvedBlocker(project_id, blocker_id, at, resolved_by)
