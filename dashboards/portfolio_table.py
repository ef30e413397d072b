"""The portfolio's table as plain data: its rows and columns, found, sorted and judged without asking anyone."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from dashboards.charts import Sparkline, sparkline
from dashboards.formats import plural
from dashboards.health import Status, status_of
from kino_api.portfolio import ProjectCard

RECENT = timedelta(days=7)


@dataclass(frozen=True)
class Row:
    """One project; `all_commits` counts its whole history, `commits` the current month, None without data.

    `blockers` is None where no agent ever reported, `weeks` are its commits a week, None before the first one, and
    `top` is the greatest week of all projects.
    """

    id: uuid.UUID
    name: str
    initiative: str | None
    status: Status
    people: int
    agents: int
    all_commits: int
    commits: int | None
    blockers: int | None
    weeks: Sequence[int] | None
    top: int
    last_activity_at: datetime | None

    @property
    def line(self) -> Sparkline:
        """Return the weeks as a sparkline; worked out only for rows that are shown."""
        return sparkline(self.weeks or (), self.top)

    @property
    def line_words(self) -> str:
        """Return the sparkline in words."""
        weeks = self.weeks or ()
        return f"Commits in each of the last {len(weeks)} weeks: {', '.join(map(str, weeks))}"


@dataclass(frozen=True)
class Column:
    """A heading; `sorted` is what aria-sort wants, `href` sorts by it and once more turns it round."""

    label: str
    number: bool
    sorted: str | None
    href: str | None


@dataclass(frozen=True)
class Concern:
    """Why a manager should look at a project."""

    key: str
    word: str
    project_id: uuid.UUID
    project: str
    reason: str


@dataclass(frozen=True)
class _Kind:
    label: str
    by: Callable[[Row], Any] | None = None
    number: bool = False
    falls: bool = False
    """Whether the greatest comes first when it is sorted by for the first time."""


_STATUS_ORDER = ("blocked", "at-risk", "on-track", "completed", "none")
_COLUMNS: Mapping[str, _Kind] = {
    "name": _Kind("Project", lambda row: row.name.casefold()),
    "status": _Kind("Status", lambda row: _STATUS_ORDER.index(row.status.key)),
    "people": _Kind("People", lambda row: row.people, number=True, falls=True),
    "agents": _Kind("Agents", lambda row: row.agents, number=True, falls=True),
    "all_commits": _Kind("Commits", lambda row: row.all_commits, number=True, falls=True),
    "commits": _Kind("This month", lambda row: row.commits or 0, number=True, falls=True),
    "blockers": _Kind("Open blockers", lambda row: row.blockers, number=True, falls=True),
    "trend": _Kind("12 weeks"),
    "activity": _Kind(
        "Last activity", lambda row: row.last_activity_at.timestamp() if row.last_activity_at else 0, falls=True
    ),
}


def make_rows(
    cards: Sequence[ProjectCard],
    commits: Mapping[uuid.UUID, float | None],
) -> list[Row]:
    """Return a row for each card; all sparklines share one scale."""
    top = max((count for card in cards for count in card.weekly_commits), default=0)
    return [_row(card, commits.get(card.id), top) for card in cards]


def matching(rows: Sequence[Row], text: str) -> list[Row]:
    """Return the rows whose name or initiative holds every word of `text`."""
    words = text.casefold().split()
    return [row for row in rows if all(word in f"{row.name} {row.initiative or ''}".casefold() for word in words)]


def in_order(rows: Sequence[Row], sort: str) -> list[Row]:
    """Return the rows by initiative, those without one last, and within it by `sort`: a column, turned round by "-"."""
    kind = _COLUMNS.get(sort.removeprefix("-"), _COLUMNS["name"])
    by_name = sorted(rows, key=lambda row: row.name.casefold())
    ordered = sorted(by_name, key=kind.by, reverse=kind.falls != sort.startswith("-")) if kind.by else by_name
    return sorted(ordered, key=lambda row: (row.initiative is None, (row.initiative or "").casefold()))


def columns(query: str, sort: str) -> list[Column]:
    """Return the headings while the table is sorted by `sort`."""
    made = []
    for key, kind in _COLUMNS.items():
        here = sort.removeprefix("-") == key
        falls = kind.falls != sort.startswith("-")
        href = table_url(query=query, sort=f"-{key}" if sort == key else key) if kind.by else None
        made.append(Column(kind.label, kind.number, ("descending" if falls else "ascending") if here else None, href))
    return made


def concerns(rows: Sequence[Row]) -> list[Concern]:
    """Return what to look at first: blocked projects, then blockers of today, then what went quiet."""
    found = [concern for row in rows if (concern := _concern(row))]
    order = ("Blocked", "Open blocker", "At risk")
    return sorted(found, key=lambda concern: (order.index(concern.word), concern.project.casefold()))


def statement(rows: Sequence[Row], now: datetime) -> str:
    """Return the portfolio in one sentence."""
    recent = sum(1 for row in rows if row.last_activity_at and now - row.last_activity_at <= RECENT)
    counts = {key: sum(1 for row in rows if row.status.key == key) for key in ("blocked", "at-risk")}
    judged = [f"{count} {key.replace('-', ' ')}" for key, count in counts.items() if count]
    parts = [plural(len(rows), "project"), f"{recent} active in the last 7 days", *judged]
    return f"{', '.join(parts)}." if judged else f"{', '.join(parts)}, none blocked or at risk."


def table_url(*, query: str = "", sort: str = "name", page: int = 1) -> str:
    """Return the portfolio's address for what is shown; what is as usual is left out."""
    given = {"q": query, "sort": "" if sort == "name" else sort, "page": str(page) if page > 1 else ""}
    words = urlencode({key: value for key, value in given.items() if value})
    return f"/?{words}" if words else "/"


def _row(card: ProjectCard, commits: float | None, top: int) -> Row:
    return Row(
        id=card.id,
        name=card.name,
        initiative=card.initiative,
        status=status_of(card.health),
        people=card.people,
        agents=card.agents,
        all_commits=card.commits,
        commits=None if commits is None else int(commits),
        blockers=card.open_blockers,
        weeks=card.weekly_commits if card.commits else None,
        top=top,
        last_activity_at=card.last_activity_at,
    )


def _concern(row: Row) -> Concern | None:
    if row.status.key == "blocked":
        return Concern("blocked", "Blocked", row.id, row.name, row.status.reason)
    if row.blockers:
        return Concern("at-risk", "Open blocker", row.id, row.name, row.status.reason)
    if row.status.key == "at-risk":
        return Concern("at-risk", "At risk", row.id, row.name, row.status.reason)
    return None
