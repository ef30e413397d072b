"""What a report takes from PostgreSQL: projects, who worked on them, open blockers, merged pull requests."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import Row, select

from kino_core.database import ReadSession, query
from kino_core.errors import InvalidInput, NotFound
from kino_core.gold import Scope
from kino_core.metrics import ScopeType
from kino_core.periods import Period
from kino_core.tables import initiative, project
from kino_reports.snapshot import Actors, Blocker, MergedPullRequest
from kino_reports.wording import clean

MERGED_PER_PROJECT = 8
"""More than any page lists; the rest stays countable in gold."""


class UnknownScope(NotFound):
    """No project or initiative has that name or id."""

    code = "UNKNOWN_SCOPE"


@dataclass(frozen=True)
class ProjectRow:
    """One project as people keep it."""

    id: uuid.UUID
    name: str
    initiative: str | None
    sample: bool
    status: str | None
    status_reason: str | None
    start_date: date | None
    end_date: date | None
    repositories: tuple[str, ...]
    last_commit_on: date | None


def scope_name(session: ReadSession, scope: Scope) -> str:
    """Return the scope's name; raises UnknownScope when it is gone, InvalidInput for one no report is made of."""
    tables = {ScopeType.PROJECT: project, ScopeType.INITIATIVE: initiative}
    if scope.type is ScopeType.PORTFOLIO:
        return "Portfolio"
    if scope.type not in tables:
        raise InvalidInput("A report is made of a project, an initiative or the portfolio.", field="scope")
    table = tables[scope.type]
    name = session.execute(select(table.c.name).where(table.c.id == scope.id)).scalar()
    if name is None:
        raise UnknownScope(f"There is no {scope.type} with the id {scope.id}.")
    return clean(name)


def projects(session: ReadSession, scope: Scope, last: date, as_of: datetime, asked_at: datetime) -> list[ProjectRow]:
    """Return the projects of `scope` that existed at `asked_at`, by name.

    Their last commit is looked for up to the day `last` and the moment `as_of`.
    """
    rows = query(
        session,
        _sql("projects"),
        project=scope.id if scope.type is ScopeType.PROJECT else None,
        initiative=scope.id if scope.type is ScopeType.INITIATIVE else None,
        last=last,
        as_of=as_of,
        asked_at=asked_at,
    )
    return [_project(row) for row in rows]


def actors(
    session: ReadSession, project_ids: Sequence[uuid.UUID], period: Period, as_of: datetime
) -> dict[uuid.UUID | None, Actors]:
    """Return who worked in `period` by project; under None all together, each counted once."""
    found: dict[uuid.UUID | None, dict[str, int]] = {None: {}}
    values = {"projects": list(project_ids), "start": period.start, "end": period.end, "as_of": as_of}
    for row in query(session, _sql("actors"), **values):
        found.setdefault(row.project_id, {})[row.kind] = row.actors
    return {
        key: Actors(kinds.get("human", 0), kinds.get("agent", 0), kinds.get("automation", 0))
        for key, kinds in found.items()
    }


def open_blockers(session: ReadSession, names: dict[uuid.UUID, str], moment: datetime) -> tuple[Blocker, ...]:
    """Return the blockers of the projects in `names` (id to name) that were open at `moment`, oldest first."""
    rows = query(session, _sql("blockers"), projects=list(names), moment=moment)
    return tuple(
        Blocker(
            project_id=row.project_id,
            project=names[row.project_id],
            description=clean(row.description) or f"Task {clean(row.task)}",
            task=clean(row.task),
            agent=clean(row.agent),
            since=row.since,
        )
        for row in rows
    )


def merged_pull_requests(
    session: ReadSession, names: dict[uuid.UUID, str], period: Period, as_of: datetime
) -> tuple[MergedPullRequest, ...]:
    """Return the largest pull requests that each project merged in `period`, automation's left out."""
    values = {"projects": list(names), "start": period.start, "end": period.end, "as_of": as_of}
    return tuple(
        MergedPullRequest(
            project_id=row.project_id,
            project=names[row.project_id],
            repository=clean(row.repository),
            number=row.number,
            title=clean(row.title),
            lines=row.lines,
            merged_on=row.merged_on,
        )
        for row in query(session, _sql("merged"), each=MERGED_PER_PROJECT, **values)
    )


def _project(row: Row[Any]) -> ProjectRow:
    return ProjectRow(
        id=row.id,
        name=clean(row.name) or str(row.id),
        initiative=clean(row.initiative) if row.initiative else None,
        sample=row.sample,
        status=row.status,
        status_reason=clean(row.status_reason) if row.status_reason else None,
        start_date=row.start_date,
        end_date=row.end_date,
        repositories=tuple(clean(name) for name in row.repositories),
        last_commit_on=row.last_commit_on,
    )


@cache
def _sql(name: str) -> str:
    return (files("kino_reports") / "sql" / f"{name}.sql").read_text()
