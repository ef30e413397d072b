"""The portfolio: every project with what a manager looks at first, in a fixed number of queries."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row

from kino_api.access import viewer
from kino_api.blockers import Blocker, open_blockers
from kino_api.health import BLOCKED_AFTER, QUIET_AFTER, Health, Signs, health_of
from kino_api.project_list import Place, ProjectFilter, ProjectSort, ordered
from kino_api.project_states import Priority, ProjectStatus
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
        first_week=_first_week(now),
        quiet_since=now - QUIET_AFTER,
        blocked=_blocked_long(session, now) if wanted.health else [],
        **(asdict(wanted) | {"archived": wanted.archived or project_id is not None}),
        **viewer(user),
    )
    project_ids = [row.id for row in rows]
    blockers: dict[uuid.UUID, list[Blocker]] = defaultdict(list)
    for blocker in open_blockers(session, project_ids):
        blockers[blocker.project_id].append(blocker)
    slipping = _slipping(session, project_ids)
    return [_card(row, blockers[row.id], slipping.get(row.id, 0), now) for row in rows]


def _first_week(now: datetime) -> datetime:
    running_week = Grain.WEEK.start_of(now.date())
    return datetime.combine(running_week - timedelta(weeks=SPARKLINE_WEEKS - 1), time(), UTC)


def _blocked_long(session: ReadSession, now: datetime) -> list[uuid.UUID]:
    found = open_blockers(session, None)
    return list({blocker.project_id for blocker in found if now - blocker.opened_at > BLOCKED_AFTER})


def _slipping(session: ReadSession, project_ids: list[uuid.UUID]) -> dict[uuid.UUID, int]:
    rows = query(
        session,
        "SELECT project_id, count(*) AS slipping FROM kino.slipping_dependency"
        " WHERE project_id = ANY (:ids) GROUP BY project_id",
        ids=project_ids,
    )
    return {row.project_id: row.slipping for row in rows}


def _card(row: Row[Any], blockers: Sequence[Blocker], slipping: int, now: datetime) -> ProjectCard:
    fields = dict(row._mapping)
    weeks = fields.pop("weeks")
    weekly = tuple(weeks.get(str(week), 0) for week in range(SPARKLINE_WEEKS))
    # Where no agent ever reported, nobody could have told of a blocker.
    told = len(blockers) if fields.pop("agents_report") else None
    fields["priority"] = Priority(row.priority)
    fields["status"] = ProjectStatus(row.status) if row.status else None
    signs = Signs(
        open_blockers=len(blockers),
        oldest_blocker_at=blockers[0].opened_at if blockers else None,
        last_activity_at=row.last_activity_at,
        end_date=row.end_date,
        time_zone=row.time_zone,
        slipping=slipping,
    )
    health = health_of(fields["status"], row.status_reason, signs, now)
    return ProjectCard(**fields, health=health, open_blockers=told, weekly_commits=weekly)
