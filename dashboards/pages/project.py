"""`/projects/{id}`: how one project does in a period, and what its agents do right now."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.charts import BarChart, bar_chart
from dashboards.feed import KINDS, FeedLine, feed_line
from dashboards.health import status_of
from dashboards.periods import chart_grain, picker
from dashboards.project_facts import Crew, PullRequest, crew_of, recent_pull_requests
from dashboards.project_words import connect, default_period, statement
from dashboards.rendering import part_of
from dashboards.site import Site, site_of
from dashboards.tiles import Tile, tiles
from dashboards.visitors import Visitor
from kino_api.activity import Activity, recent_activity
from kino_api.blockers import Blocker, open_blockers
from kino_api.permissions import Action, Permission, Resource, may_in_project
from kino_api.portfolio import ProjectCard, list_projects
from kino_api.projects import get_project
from kino_api.repositories import Repository, list_repositories
from kino_api.users import User
from kino_core.database import ReadSession
from kino_core.gold import Gold, MetricValue, Scope
from kino_core.lake import LakeNotReady
from kino_core.metrics import Metric, ScopeType
from kino_core.metrics.code import COMMITS, PRS_MERGED
from kino_core.periods import Period, parse_period
from kino_core.published import Publication, newest_publication

router = APIRouter(include_in_schema=False)

TILES = (
    "commits",
    "prs_merged",
    "agent_commit_share",
    "agent_pr_share",
    "pr_size",
    "tasks_completed",
    "test_pass_rate",
    "blockers_open",
)
CHARTS = (COMMITS, PRS_MERGED)
SAID = ("commits", "prs_merged", "agent_commit_share")
"""What the sentence under the project's name and the charts are made of."""
FEED_LINES = 50
SEE_REPOSITORIES = Permission(Resource.REPOSITORY, Action.READ)


@dataclass(frozen=True)
class Facts:
    """What PostgreSQL knows about the project at this moment."""

    card: ProjectCard
    feed: list[Activity]
    blockers: list[Blocker]
    pulls: list[PullRequest]
    crew: Crew
    repositories: list[Repository] | None
    publication: Publication | None


@dataclass(frozen=True)
class Numbers:
    """What gold knows about the project in the period, at one snapshot."""

    as_of: datetime
    values: dict[str, MetricValue]
    tiles: list[Tile]
    charts: list[tuple[BarChart, Metric]]


@router.get("/projects/{project_id}")
def project(request: Request, visitor: Visitor, project_id: uuid.UUID, period: str = "") -> Response:
    """Show the project, or the part of its page that htmx asks for."""
    site = site_of(request)
    now = datetime.now(UTC)
    part = part_of(request)
    if part in LIVE_PARTS:
        return site.renderer.page(request, "project.html", **_live_part(site, part, project_id, period))
    facts = _facts(site, visitor, project_id)
    chosen = parse_period(period) if period else default_period(facts.card.last_activity_at, now)
    numbers = _numbers(site, facts.publication, project_id, chosen, now.date())
    return site.renderer.page(
        request,
        "project.html",
        here="project",
        user=visitor,
        as_of=numbers.as_of if numbers else None,
        here_url=f"/projects/{project_id}?period={chosen}",
        project=facts.card,
        project_status=status_of(facts.card.health),
        statement=statement(
            numbers.values if numbers else {}, chosen, len(facts.blockers), facts.card.last_activity_at, now
        ),
        picker=picker(chosen, now.date()),
        ready=numbers is not None,
        tiles=numbers.tiles if numbers else [],
        charts=numbers.charts if numbers else [],
        feed=[_line(each) for each in facts.feed],
        feed_kinds=dict(KINDS),
        blockers=facts.blockers,
        pulls=facts.pulls,
        crew=facts.crew,
        repositories=facts.repositories,
        connect=connect(facts.card.name, site.settings.api_base_url),
    )


def _feed(session: ReadSession, project_id: uuid.UUID) -> list[FeedLine]:
    return [_line(each) for each in recent_activity(session, project_id, FEED_LINES)]


LIVE_PARTS: dict[str, Callable[[ReadSession, uuid.UUID], object]] = {
    "feed": _feed,
    "blockers": open_blockers,
    "pulls": recent_pull_requests,
    "crew": crew_of,
}
"""What each live part of the page shows, by the name of its block."""


def _live_part(site: Site, part: str, project_id: uuid.UUID, period: str) -> dict[str, Any]:
    """Return what a live part of the page shows, without asking gold or for the other parts: it has to be quick."""
    with site.database.read() as session:
        get_project(session, project_id)
        here_url = f"/projects/{project_id}?{urlencode({'period': period})}"
        return {"here_url": here_url, part: LIVE_PARTS[part](session, project_id)}


def _facts(site: Site, visitor: User, project_id: uuid.UUID) -> Facts:
    sees_repositories = may_in_project(visitor, SEE_REPOSITORIES, project_id)
    with site.database.read() as session:
        get_project(session, project_id)
        (card,) = list_projects(session, visitor, project_id=project_id)
        return Facts(
            card=card,
            feed=recent_activity(session, project_id, FEED_LINES),
            blockers=open_blockers(session, project_id),
            pulls=recent_pull_requests(session, project_id),
            crew=crew_of(session, project_id),
            repositories=list_repositories(session, project_id) if sees_repositories else None,
            publication=newest_publication(session),
        )


def _numbers(
    site: Site, publication: Publication | None, project_id: uuid.UUID, period: Period, today: date
) -> Numbers | None:
    """Return the numbers, or None while the lake is being prepared."""
    if publication is None:
        return None

    def work_out() -> Numbers:
        with site.warehouse.gold() as gold:
            return _work_out(gold, project_id, period, today)

    try:
        return site.numbers.get(publication.snapshot_id, ("project", project_id, period, today), work_out)
    except LakeNotReady:
        return None


def _work_out(gold: Gold, project_id: uuid.UUID, period: Period, today: date) -> Numbers:
    scope = Scope(ScopeType.PROJECT, project_id)
    grain = chart_grain(period)
    found = gold.values(SAID, [scope], period, by=grain)
    return Numbers(
        as_of=gold.as_of,
        values={key: found[key, scope] for key in SAID},
        tiles=tiles(gold, TILES, scope, period, today, f"/projects/{project_id}/metrics"),
        charts=[(bar_chart(found[metric.key, scope].series, metric, grain, today), metric) for metric in CHARTS],
    )


def _line(activity: Activity) -> FeedLine:
    return feed_line(
        activity.event_row,
        activity.event_type,
        activity.agent_name,
        activity.task_id,
        activity.data,
        activity.occurred_at,
    )
