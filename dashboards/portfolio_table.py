"""The portfolio's table as plain data: its rows, its columns, and what is said of them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from dashboards.charts import Sparkline, sparkline
from dashboards.formats import plural
from dashboards.health import Status


@dataclass(frozen=True)
class TableRow:
    """One project; `all_commits` counts its whole history, `commits` the current month, None without data.

    `blockers` is None where no agent ever reported, `weeks` are its commits a week, None before the first one.
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
    last_activity_at: datetime | None

    def line(self, top: int) -> Sparkline:
        """Return the weeks as a sparkline on a scale that ends with `top`."""
        return sparkline(self.weeks or (), top)

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
class Order:
    """What the rows within an initiative are sorted by; `falls` where the greatest comes first."""

    column: str
    falls: bool


@dataclass(frozen=True)
class _Kind:
    label: str
    sortable: bool = True
    number: bool = False
    falls: bool = False
    """Whether the greatest comes first when it is sorted by for the first time."""


_COLUMNS: Mapping[str, _Kind] = {
    "name": _Kind("Project"),
    "status": _Kind("Status"),
    "people": _Kind("People", number=True, falls=True),
    "agents": _Kind("Agents", number=True, falls=True),
    "all_commits": _Kind("Commits", number=True, falls=True),
    "commits": _Kind("This month", number=True, falls=True),
    "blockers": _Kind("Open blockers", number=True, falls=True),
    "trend": _Kind("12 weeks", sortable=False),
    "activity": _Kind("Last activity", falls=True),
}


def order_of(sort: str) -> Order:
    """Return what `sort` asks for: a column, turned round by "-"; the name for what is none."""
    column = sort.removeprefix("-")
    if column not in _COLUMNS or not _COLUMNS[column].sortable:
        return Order("name", falls=False)
    return Order(column, _COLUMNS[column].falls != sort.startswith("-"))


def columns(query: str, sort: str) -> list[Column]:
    """Return the headings while the table is sorted by `sort`."""
    made = []
    for key, kind in _COLUMNS.items():
        here = sort.removeprefix("-") == key
        falls = kind.falls != sort.startswith("-")
        href = table_url(query=query, sort=f"-{key}" if sort == key else key) if kind.sortable else None
        made.append(Column(kind.label, kind.number, ("descending" if falls else "ascending") if here else None, href))
    return made


def statement(*, projects: int, active: int, blocked: int, at_risk: int) -> str:
    """Return the portfolio in one sentence; `active` are those of the last seven days."""
    judged = [f"{count} {word}" for count, word in ((blocked, "blocked"), (at_risk, "at risk")) if count]
    parts = [plural(projects, "project"), f"{active} active in the last 7 days", *judged]
    return f"{', '.join(parts)}." if judged else f"{', '.join(parts)}, none blocked or at risk."


def table_url(*, query: str = "", sort: str = "name", page: int = 1) -> str:
    """Return the portfolio's address for what is shown; what is as usual is left out."""
    given = {"q": query, "sort": "" if sort == "name" else sort, "page": str(page) if page > 1 else ""}
    words = urlencode({key: value for key, value in given.items() if value})
    return f"/?{words}" if words else "/"
