"""The portfolio: every project with what a manager looks at first, in a fixed number of queries."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from kino_api.access import viewer
from kino_api.project_list import Place, ProjectFilter, ProjectSort, ordered
from kino_api.sql import read_sql
from kino_api.users import User
from kino_core.database import ReadSession, query
from kino_core.health import Health, Signs, health_of
from kino_core.periods import Grain
from kino_core.project_states import Priority, ProjectStatus

SPARKLINE_WEEKS = 12


@dataclass(frozen=True)
class ProjectCard:
    """A project in the portfolio.

    `people` are distinct human authors over its repositories, `agents` those seen in commits or activity.
    `weekly_commits` has one count a week (Monday to Sunday, UTC), the running week last.
    `open_blockers` is None where no agent ever reported. What is counted is a moment old: the worker counts a project
    again when something in it changed.
    """

    id: uuid.UUID
    name: str
    initiative_id: uuid.UUID | None
    initiative: str | None
    description: str
    priority: Priority
    status: ProjectStatus | None
    status_reason: str | None
    health: Health
    start_date: date | None
    end_date: date | None
    time_zone: str
    sample: bool
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    repositories: int
    people: int
    agents: int
    commits: int
    last_activity_at: datetime | None
    open_blockers: int | None
    weekly_commits: tuple[int, ...]


EVERY_PROJECT = ProjectFilter()


def list_projects(
    session: ReadSession,
    user: User | None = None,
    wanted: ProjectFilter = EVERY_PROJECT,
    *,
    project_id: uuid.UUID | None = None,
    sort: ProjectSort = ProjectSort.NAME,
    after: Place | None = None,
    limit: int | None = None,
) -> list[ProjectCard]:
    """Return the projects that `user` sees, all where None, in the order of `sort` from behind `after` on.

    A single one, named by `project_id`, is found though it is archived.
    """
    now = datetime.now(UTC)
    rows = query(
        session,
        ordered(read_sql("project_cards"), sort),
        project_id=project_id,
        after_key=after and after[0],
        after_id=after and after[1],
        limit=limit,
        now=now,
        **(asdict(wanted) | {"archived": wanted.archived or project_id is not None}),
        **viewer(user),
    )
    return [_card(row, now) for row in rows]


def judged(row: Row[Any], now: datetime) -> Health:
    """Return the health of a project; `row` has what its own row, its summary and its dependencies tell."""
    signs = Signs(
        open_blockers=row.open_blockers,
        oldest_blocker_at=row.oldest_blocker_at,
        last_activity_at=row.last_activity_at,
        end_date=row.end_date,
        time_zone=row.time_zone,
        slipping=row.slipping,
    )
    return health_of(ProjectStatus(row.status) if row.status else None, row.status_reason, signs, now)


def weekly_commits(weeks: Mapping[str, int], today: date) -> tuple[int, ...]:
    """Return the commits of SPARKLINE_WEEKS weeks, the one that holds `today` last; `weeks` has them by Monday."""
    monday = Grain.WEEK.start_of(today)
    return tuple(weeks.get(str(monday - timedelta(weeks=back)), 0) for back in reversed(range(SPARKLINE_WEEKS)))


def _card(row: Row[Any], now: datetime) -> ProjectCard:
    known = {name: value for name, value in row._mapping.items() if name in _FIELDS}
    known["priority"] = Priority(row.priority)
    known["status"] = ProjectStatus(row.status) if row.status else None
    known["health"] = judged(row, now)
    # Where no agent ever reported, nobody could have told of a blocker.
    known["open_blockers"] = row.open_blockers if row.agents_report else None
    return ProjectCard(**known, weekly_commits=weekly_commits(row.weeks, now.date()))


_FIELDS = frozenset(each.name for each in fields(ProjectCard))
