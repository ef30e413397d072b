"""The portfolio: every project with what a manager looks at first, in a fixed number of queries."""

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row

from kino_api.access import viewer
from kino_api.blockers import open_blockers
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
    `open_blockers` is None where no agent ever reported.
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
    running_week = Grain.WEEK.start_of(datetime.now(UTC).date())
    first_week = datetime.combine(running_week - timedelta(weeks=SPARKLINE_WEEKS - 1), time(), UTC)
    rows = query(
        session,
        read_sql("project_cards"),
        project_id=project_id,
        initiative_id=initiative_id,
        text=text,
        after_name=after and after[0],
        after_id=after and after[1],
        limit=limit,
        first_week=first_week,
        archived=archived or project_id is not None,
        **viewer(user),
    )
    blocked = Counter(blocker.project_id for blocker in open_blockers(session, [row.id for row in rows]))
    return [_card(row, blocked[row.id]) for row in rows]


def _card(row: Row[Any], blockers: int) -> ProjectCard:
    fields = dict(row._mapping)
    weeks = fields.pop("weeks")
    weekly = tuple(weeks.get(str(week), 0) for week in range(SPARKLINE_WEEKS))
    # Where no agent ever reported, nobody could have told of a blocker.
    told = blockers if fields.pop("agents_report") else None
    return ProjectCard(**fields, open_blockers=told, weekly_commits=weekly)
