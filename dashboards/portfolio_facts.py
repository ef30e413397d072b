"""What the portfolio shows, found, sorted and counted by PostgreSQL, whatever the number of projects."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import Row

from dashboards.health import status_of
from dashboards.portfolio_table import Concern, Order, TableRow
from kino_api.access import viewer
from kino_api.portfolio import judged, weekly_commits
from kino_api.users import User
from kino_core.database import ReadSession, query
from kino_core.periods import Period

MOST_CONCERNS = 6
EVERY_ROW = 2**31 - 1


@dataclass(frozen=True)
class Overview:
    """The portfolio as one user sees it, in a few counts; `first_concerns` are the worst of `concerns`.

    `busiest_week` is the scale that all sparklines share.
    """

    projects: int
    active: int
    blocked: int
    at_risk: int
    concerns: int
    busiest_week: int
    first_concerns: list[Concern]


@dataclass(frozen=True)
class Rows:
    """A part of the table, and how many rows there are in all."""

    shown: list[TableRow]
    found: int


def read_overview(session: ReadSession, user: User, now: datetime) -> Overview:
    """Return the counts over all that `user` sees, and what they should look at first."""
    [row] = query(session, _sql("portfolio_overview"), now=now, worst=MOST_CONCERNS, **viewer(user))
    counts = dict(row._mapping)
    worst = query(session, _sql("portfolio_concerns"), ids=counts.pop("worst"))
    return Overview(**counts, first_concerns=[_concern(each, now) for each in worst])


def read_rows(
    session: ReadSession,
    user: User,
    text: str,
    order: Order,
    month: Period,
    now: datetime,
    *,
    skip: int = 0,
    limit: int = EVERY_ROW,
) -> Rows:
    """Return the projects that `user` sees whose name or initiative holds every word of `text`, in `order`."""
    rows = query(
        session,
        _sql("portfolio_rows"),
        patterns=[f"%{_literally(word)}%" for word in text.lower().split()],
        sort=order.column,
        falls=order.falls,
        month=str(month),
        now=now,
        skip=skip,
        limit=limit,
        **viewer(user),
    )
    return Rows([_row(row, now) for row in rows], rows[0].matching if rows else 0)


def _row(row: Row[Any], now: datetime) -> TableRow:
    return TableRow(
        id=row.id,
        name=row.name,
        initiative=row.initiative,
        status=status_of(judged(row, now)),
        people=row.people,
        agents=row.agents,
        all_commits=row.commits,
        commits=None if row.commits_this_month is None else int(row.commits_this_month),
        blockers=row.open_blockers if row.agents_report else None,
        weeks=weekly_commits(row.weeks, now.date()) if row.commits else None,
        last_activity_at=row.last_activity_at,
    )


def _concern(row: Row[Any], now: datetime) -> Concern:
    status = status_of(judged(row, now))
    if status.key == "blocked":
        return Concern("blocked", "Blocked", row.id, row.name, status.reason)
    return Concern("at-risk", "Open blocker" if row.open_blockers else "At risk", row.id, row.name, status.reason)


def _literally(word: str) -> str:
    """Return a word in which LIKE finds no wildcard."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


@cache
def _sql(name: str) -> str:
    return (files("dashboards") / "sql" / f"{name}.sql").read_text()
