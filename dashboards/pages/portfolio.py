"""`/`: every project at a glance, what needs attention first."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.charts import Sparkline, sparkline
from dashboards.formats import period_name, plural
from dashboards.health import Status, status_of
from dashboards.site import Site, site_of
from dashboards.spreadsheets import csv_response
from dashboards.tiles import Tile, comparable, tile
from dashboards.visitors import Visitor
from kino_api.blockers import Blocker, open_blockers
from kino_api.portfolio import ProjectCard, list_projects
from kino_core.gold import PORTFOLIO, MetricValue, Scope
from kino_core.lake import LakeNotReady
from kino_core.metrics import ScopeType
from kino_core.periods import Grain, Period

router = APIRouter(include_in_schema=False)

TILES = ("commits", "prs_merged", "agent_commit_share", "blockers_open")
ROWS_ON_A_PAGE = 100
MOST_ATTENTION = 6


@dataclass(frozen=True)
class Row:
    """One project of the table; `commits` counts the current month and is None without data."""

    id: uuid.UUID
    name: str
    initiative: str | None
    status: Status
    people: int
    agents: int
    commits: int | None
    blockers: int
    weeks: Sequence[int]
    line: Sparkline | None
    last_activity_at: datetime | None

    @property
    def line_words(self) -> str:
        """Return the sparkline in words."""
        return f"Commits in each of the last {len(self.weeks)} weeks: {', '.join(map(str, self.weeks))}"


@dataclass(frozen=True)
class Numbers:
    """What gold knows for this page, at one snapshot; the tiles are this month, compared with the same days before."""

    as_of: datetime
    tiles: list[Tile]
    commits: dict[uuid.UUID, float | None]


@router.get("/")
def portfolio(request: Request, visitor: Visitor, q: str = "", sort: str = "name", page: int = 1) -> Response:
    """Show the portfolio, or the part of it that htmx asks for."""
    site = site_of(request)
    now = datetime.now(UTC)
    month = Period.of(Grain.MONTH, now.date())
    cards, blockers = _read(site)
    numbers = _numbers(site, [card.id for card in cards], month, now.date())
    rows = _rows(cards, blockers, numbers, now)
    return site.renderer.page(
        request,
        "portfolio.html",
        here="portfolio",
        user=visitor,
        query=q,
        as_of=numbers.as_of if numbers else None,
        here_url=_url(q=q, sort=sort, page=page),
        csv_query=_url(q=q, sort=sort).removeprefix("/"),
        columns=_columns(q, sort),
        portfolio=_view(rows, numbers, q, sort, page, month, now),
    )


@router.get("/projects.csv")
def projects_csv(request: Request, visitor: Visitor, q: str = "", sort: str = "name") -> Response:
    """Download the table as it is filtered and sorted."""
    site = site_of(request)
    now = datetime.now(UTC)
    month = Period.of(Grain.MONTH, now.date())
    cards, blockers = _read(site)
    numbers = _numbers(site, [card.id for card in cards], month, now.date())
    rows = _sorted(_matching(_rows(cards, blockers, numbers, now), q), sort)
    header = ["project", "initiative", "status", "reason", "people", "agents", f"commits {month}", "open blockers",
              "last activity"]
    return csv_response("projects.csv", header, (
        [row.name, row.initiative, row.status.word, row.status.reason, row.people, row.agents, row.commits,
         row.blockers, row.last_activity_at and row.last_activity_at.isoformat(timespec="seconds")]
        for row in rows
    ))


def _read(site: Site) -> tuple[list[ProjectCard], list[Blocker]]:
    with site.database.read() as session:
        cards = list_projects(session)
        return cards, open_blockers(session, [card.id for card in cards])


def _numbers(site: Site, projects: Sequence[uuid.UUID], month: Period, today: date) -> Numbers | None:
    """Return the numbers, or None while the lake is being prepared."""
    before = comparable(month, today)
    scopes = [Scope(ScopeType.PROJECT, project) for project in projects]
    try:
        with site.warehouse.gold() as gold:
            now = gold.values(TILES, [PORTFOLIO], month)
            earlier = gold.values(TILES, [PORTFOLIO], before)
            commits = gold.values(["commits"], scopes, month)
            as_of = gold.as_of
    except LakeNotReady:
        return None
    return Numbers(
        as_of,
        [_tile(now[key, PORTFOLIO], earlier[key, PORTFOLIO], before) for key in TILES],
        {project: commits["commits", scope].value for project, scope in zip(projects, scopes, strict=True)},
    )


def _tile(found: MetricValue, earlier: MetricValue, before: Period) -> Tile:
    return tile(found, earlier, before, f"/portfolio/metrics/{found.metric.key}?period={found.period}")


def _rows(
    cards: Sequence[ProjectCard], blockers: Sequence[Blocker], numbers: Numbers | None, now: datetime
) -> list[Row]:
    top = max((count for card in cards for count in card.weekly_commits), default=0)
    oldest: dict[uuid.UUID, datetime] = {}
    for blocker in blockers:
        oldest.setdefault(blocker.project_id, blocker.opened_at)
    return [_row(card, oldest.get(card.id), numbers, top, now) for card in cards]


def _row(
    card: ProjectCard, oldest_blocker_at: datetime | None, numbers: Numbers | None, top: int, now: datetime
) -> Row:
    commits = numbers.commits.get(card.id) if numbers else None
    return Row(
        id=card.id,
        name=card.name,
        initiative=card.initiative,
        status=status_of(
            said=card.status,
            said_reason=card.status_reason,
            open_blockers=card.open_blockers,
            oldest_blocker_at=oldest_blocker_at,
            last_activity_at=card.last_activity_at,
            now=now,
        ),
        people=card.people,
        agents=card.agents,
        commits=None if commits is None else int(commits),
        blockers=card.open_blockers,
        weeks=card.weekly_commits,
        line=sparkline(card.weekly_commits, top) if card.commits else None,
        last_activity_at=card.last_activity_at,
    )


# Name, whether it holds numbers, and what to sort by: the greatest number and the latest activity come first.
_COLUMNS: dict[str, tuple[str, bool, Callable[[Row], Any] | None]] = {
    "name": ("Project", False, lambda row: row.name.casefold()),
    "status": ("Status", False, lambda row: ("blocked", "at-risk", "on-track", "completed", "none").index(row.status.key)),
    "people": ("People", True, lambda row: -row.people),
    "agents": ("Agents", True, lambda row: -row.agents),
    "commits": ("Commits this month", True, lambda row: -(row.commits or 0)),
    "blockers": ("Open blockers", True, lambda row: -row.blockers),
    "trend": ("12 weeks", False, None),
    "activity": ("Last activity", False, lambda row: -(row.last_activity_at.timestamp() if row.last_activity_at else 0)),
}


@dataclass(frozen=True)
class Column:
    """A heading of the table; `sorted` is what aria-sort wants, `href` sorts by it and once more turns it round."""

    label: str
    number: bool
    sorted: str | None
    href: str | None


def _columns(q: str, sort: str) -> list[Column]:
    made = []
    for key, (label, number, by) in _COLUMNS.items():
        here = sort.removeprefix("-") == key
        falls = (key not in ("name", "status")) != sort.startswith("-")
        href = _url(q=q, sort=f"-{key}" if sort == key else key) if by else None
        made.append(Column(label, number, ("descending" if falls else "ascending") if here else None, href))
    return made


def _matching(rows: Sequence[Row], q: str) -> list[Row]:
    words = q.casefold().split()
    return [row for row in rows if all(word in f"{row.name} {row.initiative or ''}".casefold() for word in words)]


def _sorted(rows: Sequence[Row], sort: str) -> list[Row]:
    """Return the rows by initiative, those without one last, and within it by the chosen column."""
    by = _COLUMNS.get(sort.removeprefix("-"), _COLUMNS["name"])[2] or _COLUMNS["name"][2]
    assert by is not None
    ordered = sorted(rows, key=by, reverse=sort.startswith("-"))
    return sorted(ordered, key=lambda row: (row.initiative is None, (row.initiative or "").casefold()))


def _view(
    rows: list[Row], numbers: Numbers | None, q: str, sort: str, page: int, month: Period, now: datetime
) -> dict[str, Any]:
    found = _sorted(_matching(rows, q), sort)
    waiting = attention(rows)
    first = max(0, page - 1) * ROWS_ON_A_PAGE
    shown = found[first : first + ROWS_ON_A_PAGE]
    return {
        "total": len(rows),
        "found": len(found),
        "statement": statement(rows, now),
        "ready": numbers is not None,
        "tiles": numbers.tiles if numbers else [],
        "month": str(month),
        "month_name": period_name(month),
        "attention": waiting[:MOST_ATTENTION],
        "more_attention": max(0, len(waiting) - MOST_ATTENTION),
        "groups": [{"name": name, "rows": list(group)} for name, group in groupby(shown, lambda row: row.initiative)],
        "back_href": _url(q=q, sort=sort, page=page - 1) if first else None,
        "more_href": _url(q=q, sort=sort, page=page + 1) if len(found) > first + len(shown) else None,
    }


def attention(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return what a manager should look at first: blocked, then open blockers of today, then what went quiet."""
    kinds = (
        ("blocked", "Blocked", lambda row: row.status.key == "blocked"),
        ("at-risk", "Open blocker", lambda row: row.blockers > 0),
        ("at-risk", "At risk", lambda row: row.status.key == "at-risk"),
    )
    found: dict[uuid.UUID, dict[str, Any]] = {}
    for key, word, holds in kinds:
        for row in sorted(rows, key=lambda row: (-row.blockers, row.name.casefold())):
            if holds(row) and row.id not in found:
                found[row.id] = {"key": key, "word": word, "project_id": row.id, "project": row.name,
                                 "reason": row.status.reason}
    return list(found.values())


def statement(rows: Sequence[Row], now: datetime) -> str:
    """Return the portfolio in one sentence."""
    recent = sum(1 for row in rows if row.last_activity_at and now - row.last_activity_at <= timedelta(days=7))
    blocked = sum(1 for row in rows if row.status.key == "blocked")
    at_risk = sum(1 for row in rows if row.status.key == "at-risk")
    parts = [f"{plural(len(rows), 'project')}, {recent} active in the last 7 days"]
    if blocked:
        parts.append(f"{blocked} blocked")
    if at_risk:
        parts.append(f"{at_risk} at risk")
    if not blocked and not at_risk:
        parts.append("none blocked or at risk")
    return ", ".join(parts[:-1]) + f" and {parts[-1]}."


def _url(*, q: str = "", sort: str = "name", page: int = 1) -> str:
    given = {"q": q, "sort": "" if sort == "name" else sort, "page": page if page > 1 else ""}
    query = urlencode({key: value for key, value in given.items() if value})
    return f"/?{query}" if query else "/"
