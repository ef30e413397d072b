"""`/projects/{id}`: how one project does in a period, and what its agents do right now."""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.charts import BarChart, bar_chart
from dashboards.feed import KINDS, FeedLine, feed_line
from dashboards.formats import bounds, period_name, plural, quantity, relative
from dashboards.health import Status, status_of
from dashboards.periods import chart_grain, picker
from dashboards.project_facts import Crew, PullRequest, crew_of, recent_pull_requests
from dashboards.site import Site, site_of
from dashboards.tiles import Tile, tiles
from dashboards.visitors import Visitor
from kino_api.activity import Activity, recent_activity
from kino_api.blockers import Blocker, open_blockers
from kino_api.portfolio import ProjectCard, list_projects
from kino_api.projects import get_project
from kino_api.repositories import Repository, list_repositories
from kino_core.gold import MetricValue, Scope
from kino_core.lake import LakeNotReady
from kino_core.metrics import COMMITS, PRS_MERGED, Metric, ScopeType
from kino_core.periods import Grain, Period, parse_period

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


@dataclass(frozen=True)
class Facts:
    """What PostgreSQL knows about the project at this moment."""

    card: ProjectCard
    feed: list[Activity]
    blockers: list[Blocker]
    pulls: list[PullRequest]
    crew: Crew
    repositories: list[Repository]


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
    facts = _facts(site, project_id)
    chosen = parse_period(period) if period else default_period(facts.card.last_activity_at, now)
    numbers = _numbers(site, project_id, chosen, now.date())
    status = _status(facts, now)
    return site.renderer.page(
        request,
        "project.html",
        here="project",
        user=visitor,
        as_of=numbers.as_of if numbers else None,
        here_url=f"/projects/{project_id}?period={chosen}",
        project=facts.card,
        project_status=status,
        statement=statement(facts, numbers.values if numbers else {}, chosen, now),
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


def default_period(last_activity_at: datetime | None, now: datetime) -> Period:
    """Return the quarter in which something last happened: an old history should not open on an empty page."""
    newest = min(last_activity_at or now, now)
    return Period.of(Grain.QUARTER, newest.astimezone(UTC).date())


def _facts(site: Site, project_id: uuid.UUID) -> Facts:
    with site.database.read() as session:
        get_project(session, project_id)
        (card,) = list_projects(session, project_id=project_id)
        return Facts(
            card=card,
            feed=recent_activity(session, project_id, FEED_LINES),
            blockers=open_blockers(session, project_id),
            pulls=recent_pull_requests(session, project_id),
            crew=crew_of(session, project_id),
            repositories=list_repositories(session, project_id),
        )


def _numbers(site: Site, project_id: uuid.UUID, period: Period, today: date) -> Numbers | None:
    """Return the numbers, or None while the lake is being prepared."""
    scope = Scope(ScopeType.PROJECT, project_id)
    grain = chart_grain(period)
    try:
        with site.warehouse.gold() as gold:
            found = gold.values(SAID, [scope], period, by=grain)
            return Numbers(
                as_of=gold.as_of,
                values={key: found[key, scope] for key in SAID},
                tiles=tiles(gold, TILES, scope, period, today, f"/projects/{project_id}/metrics"),
                charts=[
                    (bar_chart(found[metric.key, scope].series, metric, grain, today), metric) for metric in CHARTS
                ],
            )
    except LakeNotReady:
        return None


def _status(facts: Facts, now: datetime) -> Status:
    return status_of(
        said=facts.card.status,
        said_reason=facts.card.status_reason,
        open_blockers=len(facts.blockers),
        oldest_blocker_at=facts.blockers[0].opened_at if facts.blockers else None,
        last_activity_at=facts.card.last_activity_at,
        now=now,
    )


def statement(facts: Facts, values: dict[str, MetricValue], period: Period, now: datetime) -> str:
    """Return the project in a sentence or two, made from its numbers; what has no data is left out."""
    found = []
    commits, merged, share = (values.get(key) for key in ("commits", "prs_merged", "agent_commit_share"))
    if commits and commits.value is not None:
        found.append(plural(int(commits.value), "commit"))
    if merged and merged.value is not None:
        found.append(plural(int(merged.value), "merged pull request"))
    running = " so far" if period.start <= now.date() < period.end else ""
    sentences = [f"{' and '.join(found)} in {period_name(period)}{running}"] if found else []
    if sentences and share and share.value is not None:
        spread = bounds(share)
        agents = f"agents left evidence on {quantity(share.value, share.metric.unit)} of commits"
        sentences[0] += f"; {agents}" + (f" (range {spread})" if spread else "")
    open_now = plural(len(facts.blockers), "open blocker") if facts.blockers else "nothing blocked"
    if facts.card.last_activity_at is None:
        sentences.append("nothing has happened yet")
    else:
        sentences.append(f"{open_now}, last activity {relative(facts.card.last_activity_at, now)}")
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences)


def _line(activity: Activity) -> FeedLine:
    return feed_line(
        activity.event_row,
        activity.event_type,
        activity.agent_name,
        activity.task_id,
        activity.data,
        activity.occurred_at,
    )


def connect(project_name: str, base_url: str) -> dict[str, str]:
    """Return the commands that make a token and send a first event; names hold no quotes that a shell would read."""
    quoted = project_name.replace("'", "'\\''")
    event = (
        '{"agent_id": "claude-1", "event_type": "task_started", "task_id": "KIN-1",'
        ' "timestamp": "\'$(date -u +%FT%TZ)\'", "data": {}}'
    )
    return {
        "token_command": f"kino token create --project '{quoted}'",
        "curl": f"curl {base_url}/webhooks/agent-update \\\n  -H 'Authorization: Bearer YOUR_TOKEN' \\\n"
        f"  -H 'Content-Type: application/json' \\\n  -d '{event}'",
    }
