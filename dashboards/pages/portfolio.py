"""`/`: every project at a glance, what needs attention first."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request
from pydantic import TypeAdapter
from starlette.responses import Response

from dashboards.formats import period_name
from dashboards.portfolio_facts import Overview, Rows, read_overview, read_rows
from dashboards.portfolio_table import TableRow, columns, order_of, statement, table_url
from dashboards.rendering import part_of
from dashboards.site import Site, site_of
from dashboards.spreadsheets import csv_response
from dashboards.tiles import Tile, tiles
from dashboards.visitors import Visitor
from kino_api.access import sight_of
from kino_api.authentication import reading, writing
from kino_api.resources import resources_of
from kino_api.users import User
from kino_core.audit import record
from kino_core.gold import PORTFOLIO, Gold
from kino_core.lake import LakeNotReady
from kino_core.live import PORTFOLIO as LIVE_PORTFOLIO
from kino_core.periods import Grain, Period
from kino_core.published import Publication, newest_publication

router = APIRouter(include_in_schema=False)

TILES = ("commits", "prs_merged", "agent_commit_share", "blockers_open")
ROWS_ON_A_PAGE = 50
OVERVIEW = TypeAdapter(Overview)
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
    """What gold knows for this page at one snapshot: the month's tiles."""

    as_of: datetime | None = None
    tiles: list[Tile] = field(default_factory=list)


@router.get("/")
def portfolio(request: Request, visitor: Visitor, q: str = "", sort: str = "name", page: int = 1) -> Response:
    """Show the portfolio, or the part of it that htmx asks for."""
    site = site_of(request)
    now = datetime.now(UTC)
    month = Period.of(Grain.MONTH, now.date())
    first = max(0, page - 1) * ROWS_ON_A_PAGE
    with reading(request) as session:
        rows = read_rows(session, visitor, q, order_of(sort), month, now, skip=first, limit=ROWS_ON_A_PAGE)
        publication = newest_publication(session)
    overview = _overview(request, visitor, now)
    numbers = _numbers(site, visitor, publication, month, now.date())
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
        month=str(month),
        month_name=period_name(month),
        tiles=numbers.tiles,
        total=overview.projects,
        top=overview.busiest_week,
        statement=statement(
            projects=overview.projects, active=overview.active, blocked=overview.blocked, at_risk=overview.at_risk
        ),
        concerns=overview.first_concerns,
        more_concerns=overview.concerns - len(overview.first_concerns),
        **_table(rows, q, sort, page),
    )
    if part_of(request) == "projects":
        response.headers["HX-Push-Url"] = here_url
    return response


@router.get("/projects.csv")
def projects_csv(request: Request, visitor: Visitor, q: str = "", sort: str = "name") -> Response:
    """Download the table as it is filtered and sorted."""
    now = datetime.now(UTC)
    month = Period.of(Grain.MONTH, now.date())
    with reading(request) as session:
        rows = read_rows(session, visitor, q, order_of(sort), month, now)
    with writing(request) as session:
        record(session, "EXPORT", "portfolio", None, details={"format": "csv"})
    return csv_response("projects.csv", CSV_COLUMNS, (_cells(row) for row in rows.shown))


def _overview(request: Request, visitor: User, now: datetime) -> Overview:
    """Return the counts over all that the visitor sees: kept for those who see the same, until anything changes."""

    def work_out() -> Overview:
        with site_of(request).database.read() as session:
            return read_overview(session, visitor, now)

    return resources_of(request).cache.get(f"portfolio:{sight_of(visitor)}", (LIVE_PORTFOLIO,), OVERVIEW, work_out)


def _numbers(site: Site, visitor: User, publication: Publication | None, month: Period, today: date) -> Numbers:
    """Return the numbers; there are none while the lake is being prepared."""
    if publication is None:
        return Numbers()
    if visitor.role is None:
        # The portfolio's own numbers are for those who see all of it.
        return Numbers(publication.as_of)

    def work_out() -> Numbers:
        with site.warehouse.gold() as gold:
            return _work_out(gold, month, today)

    try:
        return site.numbers.get(publication.snapshot_id, ("portfolio", month, today), work_out)
    except LakeNotReady:
        return Numbers()


def _work_out(gold: Gold, month: Period, today: date) -> Numbers:
    return Numbers(gold.as_of, tiles(gold, TILES, PORTFOLIO, month, today, "/portfolio/metrics"))


def _table(rows: Rows, query: str, sort: str, page: int) -> dict[str, Any]:
    first = max(0, page - 1) * ROWS_ON_A_PAGE
    more = rows.found > first + len(rows.shown)
    groups = groupby(rows.shown, lambda row: row.initiative)
    return {
        "found": rows.found,
        "groups": [{"name": name, "rows": list(group)} for name, group in groups],
        "back_href": table_url(query=query, sort=sort, page=page - 1) if first else None,
        "more_href": table_url(query=query, sort=sort, page=page + 1) if more else None,
    }


def _cells(row: TableRow) -> list[object]:
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
