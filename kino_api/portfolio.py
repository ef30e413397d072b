"""The portfolio: every project with what a manager looks at first, in a fixed number of queries."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from kino_api.access import viewer
from kino_api.sql import read_sql
from kino_api.users import User
from kino_core.database import ReadSession, query
from kino_core.periods import Grain

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
    priority: str
    status: str | None
    status_reason: str | None
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


def list_projects(
    session: ReadSession,
    user: User | None = None,
    *,
    project_id: uuid.UUID | None = None,
    initiative_id: uuid.UUID | None = None,
    text: str | None = None,
    after: tuple[str, uuid.UUID] | None = None,
    limit: int | None = None,
    archived: bool = False,
) -> list[ProjectCard]:
    """Return the projects that `user` sees by name, all where None.

    `text` filters by a part of the name, `after` is the last (lower-case name, id) seen.
    """
    rows = query(
        session,
        read_sql("project_cards"),
        project_id=project_id,
        initiative_id=initiative_id,
        text=text,
        after_name=after and after[0],
        after_id=after and after[1],
        limit=limit,
        archived=archived or project_id is not None,
        **viewer(user),
    )
    today = datetime.now(UTC).date()
    return [card_of(row, today) for row in rows]


def card_of(row: Row[Any], today: date) -> ProjectCard:
    """Return a row of `project_cards.sql` as a card; its weeks end with the one that holds `today`."""
    known = {name: value for name, value in row._mapping.items() if name in _FIELDS}
    # Where no agent ever reported, nobody could have told of a blocker.
    told = row.open_blockers if row.agents_report else None
    return ProjectCard(**known | {"open_blockers": told, "weekly_commits": weekly_commits(row.weeks, today)})


def weekly_commits(weeks: Mapping[str, int], today: date) -> tuple[int, ...]:
    """Return the commits of SPARKLINE_WEEKS weeks, the one that holds `today` last; `weeks` has them by Monday."""
    monday = Grain.WEEK.start_of(today)
    return tuple(weeks.get(str(monday - timedelta(weeks=back)), 0) for back in reversed(range(SPARKLINE_WEEKS)))


_FIELDS = frozenset(each.name for each in fields(ProjectCard))
