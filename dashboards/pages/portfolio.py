"""`/`: every project at a glance, what needs attention first."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.formats import period_name
from dashboards.portfolio_table import Row, columns, concerns, in_order, make_rows, matching, statement, table_url
from dashboards.rendering import part_of
from dashboards.site import Site, site_of
from dashboards.spreadsheets import csv_response
from dashboards.tiles import Tile, tiles
from dashboards.visitors import Visitor
from kino_api.authentication import writing
from kino_api.blockers import open_blockers
from kino_api.portfolio import list_projects
from kino_api.users import User
from kino_core.audit import record
from kino_core.gold import PORTFOLIO, Gold, Scope
from kino_core.lake import LakeNotReady
from kino_core.metrics import ScopeType
from kino_core.periods import Grain, Period

router = APIRouter(include_in_schema=False)

TILES = ("commits", "prs_merged", "agent_commit_share", "blockers_open")
ROWS_ON_A_PAGE = 100
MOST_CONCERNS = 6
CSV_COLUMNS = (
    "project",
    "initiative",
    "status",
    "reason",
    "people",
    "agents",
    "commits",
    "commits this month",
    "open blockers",
    "last activity",
)


@dataclass(frozen=True)
class Numbers:
    """What gold knows for this page at one snapshot: the month's tiles, and each project's commits in it."""

    as_of: datetime | None = None
    tiles: list[Tile] = field(default_factory=list)
    commits: dict[uuid.UUID, float | None] = field(default_factory=dict)


@router.get("/")
def portfolio(request: Request, visitor: Visitor, q: str = "", sort: str = "name", page: int = 1) -> Response:
    """Show the portfolio, or the part of it that htmx asks for."""
    site = site_of(request)
    now = datetime.now(UTC)
    month = Period.of(Grain.MONTH, now.date())
    rows, numbers = _read(site, visitor, month, now)
    here_url = table_url(query=q, sort=sort, page=page)
    response = site.renderer.page(
        request,
        "portfolio.html",
        here="portfolio",
        user=visitor,
        query=q,
        as_of=numbers.as_of,
        here_url=here_url,
        csv_query=table_url(query=q, sort=sort).removeprefix("/"),
        columns=columns(q, sort),
        month=month,
        month_name=period_name(month),
        tiles=numbers.tiles,
        total=len(rows),
        statement=statement(rows, now),
        concerns=concerns(rows)[:MOST_CONCERNS],
        more_concerns=max(0, len(concerns(rows)) - MOST_CONCERNS),
        **_table(rows, q, sort, page),
    )
    if part_of(request) == "projects":
        response.headers["HX-Push-Url"] = here_url
    return response


@router.get("/projects.csv")
def projects_csv(request: Request, visitor: Visitor, q: str = "", sort: str = "name") -> Response:
    """Download the table as it is filtered and sorted."""
    now = datetime.now(UTC)
    rows, _ = _read(site_of(request), visitor, Period.of(Grain.MONTH, now.date()), now)
    with writing(request) as session:
        record(session, "EXPORT", "portfolio", None, details={"format": "csv"})
    return csv_response("projects.csv", CSV_COLUMNS, (_cells(row) for row in in_order(matching(rows, q), sort)))


def _read(site: Site, visitor: User, month: Period, now: datetime) -> tuple[list[Row], Numbers]:
    with site.database.read() as session:
        cards = list_projects(session, visitor)
        blockers = open_blockers(session, [card.id for card in cards])
    numbers = _numbers(site, visitor, [card.id for card in cards], month, now.date())
    return make_rows(cards, blockers, numbers.commits, now), numbers


def _numbers(site: Site, visitor: User, projects: Sequence[uuid.UUID], month: Period, today: date) -> Numbers:
    """Return the numbers; there are none while the lake is being prepared."""
    try:
        with site.warehouse.gold() as gold:
            whole = visitor.role is not None
            key = ("portfolio", whole, month, today, tuple(projects))
            return site.numbers.get(gold, key, lambda: _work_out(gold, projects, month, today, whole=whole))
    except LakeNotReady:
        return Numbers()


def _work_out(gold: Gold, projects: Sequence[uuid.UUID], month: Period, today: date, *, whole: bool) -> Numbers:
    # The portfolio's own numbers are for those who see all of it.
    scopes = {project: Scope(ScopeType.PROJECT, project) for project in projects}
    commits = gold.values(["commits"], list(scopes.values()), month)
    return Numbers(
        as_of=gold.as_of,
        tiles=tiles(gold, TILES, PORTFOLIO, month, today, "/portfolio/metrics") if whole else [],
        commits={project: commits["commits", scope].value for project, scope in scopes.items()},
    )


def _table(rows: list[Row], query: str, sort: str, page: int) -> dict[str, Any]:
    found = in_order(matching(rows, query), sort)
    first = max(0, page - 1) * ROWS_ON_A_PAGE
    shown = found[first : first + ROWS_ON_A_PAGE]
    more = len(found) > first + len(shown)
    return {
        "found": len(found),
        "groups": [{"name": name, "rows": list(group)} for name, group in groupby(shown, lambda row: row.initiative)],
        "back_href": table_url(query=query, sort=sort, page=page - 1) if first else None,
        "more_href": table_url(query=query, sort=sort, page=page + 1) if more else None,
    }


def _cells(row: Row) -> list[object]:
    last = row.last_activity_at.isoformat(timespec="seconds") if row.last_activity_at else None
    return [
        row.name,
        row.initiative,
        row.status.word,
        row.status.reason,
        row.people,
        row.agents,
        row.all_commits,
        row.commits,
        row.blockers,
        last,
    ]
