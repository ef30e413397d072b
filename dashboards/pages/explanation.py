"""`…/metrics/{key}`: the entities and events behind one number."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.formats import bounds
from dashboards.site import Site, site_of
from dashboards.spreadsheets import csv_response
from dashboards.visitors import Visitor
from kino_api.authentication import writing
from kino_api.metrics import READ_METRICS
from kino_api.permissions import may_everywhere, not_allowed
from kino_api.projects import Project, get_project
from kino_core.audit import record
from kino_core.errors import InvalidInput
from kino_core.events import Source
from kino_core.gold import PORTFOLIO, Evidence, MetricValue, Scope
from kino_core.lake import LakeNotReady
from kino_core.metrics import ScopeType, metric
from kino_core.periods import Grain, Period, parse_period

router = APIRouter(include_in_schema=False)

ENTITIES_ON_A_PAGE = 100
MOST_CSV_ROWS = 100_000
CSV_COLUMNS = ("entity", "numerator", "denominator", "occurred at", "event source", "event id")


@dataclass(frozen=True)
class Explanation:
    """A value and one page of what is behind it."""

    found: MetricValue
    evidence: list[Evidence]


@router.get("/portfolio/metrics/{key}")
def explain_portfolio(request: Request, visitor: Visitor, key: str, period: str = "", page: int = 1) -> Response:
    """Show what is behind a number of the portfolio."""
    if not may_everywhere(visitor, READ_METRICS):
        raise not_allowed(READ_METRICS)
    return _page(request, visitor, key, PORTFOLIO, None, period, page)


@router.get("/projects/{project_id}/metrics/{key}")
def explain_project(
    request: Request, visitor: Visitor, project_id: uuid.UUID, key: str, period: str = "", page: int = 1
) -> Response:
    """Show what is behind a number of a project."""
    with site_of(request).database.read() as session:
        project = get_project(session, project_id)
    return _page(request, visitor, key, Scope(ScopeType.PROJECT, project.id), project, period, page)


def _page(
    request: Request, visitor: Visitor, key: str, scope: Scope, project: Project | None, text: str, page: int
) -> Response:
    if page < 1:
        raise InvalidInput("Pages are counted from 1.", field="page")
    site = site_of(request)
    declared = metric(key)
    period = parse_period(text) if text else Period.of(Grain.MONTH, datetime.now(UTC).date())
    if request.query_params.get("as") == "csv":
        with writing(request) as session:
            details = {"format": "csv", "period": str(period)}
            record(session, "EXPORT", "metric", key, project_id=project.id if project else None, details=details)
        return _csv(site, key, scope, period)
    explained = _explain(site, key, scope, period, page)
    first = (page - 1) * ENTITIES_ON_A_PAGE
    evidence = explained.evidence if explained else []
    path = request.url.path
    return site.renderer.page(
        request,
        "explanation.html",
        user=visitor,
        metric=declared,
        project=project,
        period=period,
        scope_name=project.name if project else "Portfolio",
        found=explained.found if explained else None,
        spread=bounds(explained.found) if explained else None,
        evidence=[(each, event_id(each)) for each in evidence[:ENTITIES_ON_A_PAGE]],
        first=first + 1,
        last=first + min(len(evidence), ENTITIES_ON_A_PAGE),
        earlier_href=_href(path, period, page=str(page - 1)) if page > 1 else None,
        later_href=_href(path, period, page=str(page + 1)) if len(evidence) > ENTITIES_ON_A_PAGE else None,
        csv_href=_href(path, period, **{"as": "csv"}),
        as_of=explained.found.as_of if explained else None,
    )


def _explain(site: Site, key: str, scope: Scope, period: Period, page: int) -> Explanation | None:
    """Return the page's content and one entity more where there is a next page; None while the lake is prepared."""
    try:
        with site.warehouse.gold() as gold:
            offset = (page - 1) * ENTITIES_ON_A_PAGE
            evidence = gold.explain(key, scope, period, ENTITIES_ON_A_PAGE + 1, offset)
            return Explanation(gold.value(key, scope, period), evidence)
    except LakeNotReady:
        return None


def _csv(site: Site, key: str, scope: Scope, period: Period) -> Response:
    with site.warehouse.gold() as gold:
        evidence = gold.explain(key, scope, period, MOST_CSV_ROWS)
    rows = (
        [each.entity, each.numerator, each.denominator, each.occurred_at.isoformat(), each.event_source, event_id(each)]
        for each in evidence
    )
    return csv_response(f"{key}-{period}.csv".replace("/", "_"), CSV_COLUMNS, rows)


def event_id(evidence: Evidence) -> str:
    """Return the id that the event's sender gave it; the log keeps agents' ids apart by their project."""
    found = evidence.event_id
    return found.partition("/")[2] or found if evidence.event_source == Source.AGENT else found


def _href(path: str, period: Period, **given: str) -> str:
    return f"{path}?{urlencode({'period': str(period), **given})}"
