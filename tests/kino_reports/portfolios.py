"""Hand-made snapshots: portfolios of any size with numbers that follow from a project's place alone."""

import uuid
from datetime import UTC, date, datetime, timedelta

from kino_core.events import stable_id
from kino_core.metrics import METRICS, ScopeType, Unit, metric
from kino_core.periods import Grain, Period, parse_period
from kino_reports.freeze import STEPPED, TRENDS, step_grain
from kino_reports.snapshot import (
    Actors,
    Blocker,
    Definition,
    MergedPullRequest,
    Number,
    ProjectFacts,
    Reading,
    ReportKind,
    ReportSnapshot,
    Step,
)

AS_OF = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
QUARTER = parse_period("2026-Q3")

HARD_NAMES = (
    "<script>alert(1)</script>",
    "Launch 🚀 control 👩‍💻",
    "مشروع الإطلاق الكبير",
    "N" * 100,
    "=cmd|' /C calc'!A0",
    "Research & Development (R&D)",
    "数据平台重写项目",
)


def reading(key: str, place: int, factor: float) -> Reading:
    """Return a value that looks like its metric's, larger for larger `place` and `factor`."""
    declared = metric(key)
    if declared.unit is Unit.SHARE:
        value = round(min(0.97, (0.12 + 0.021 * (place % 20)) * factor), 4)
        bounded = key.startswith("agent_")
        upper = round(min(1.0, value + 0.14), 4)
        return Reading(value, 40 + place, 1.0, value if bounded else None, upper if bounded else None)
    if key == "prs_opened":
        return Reading(None, 12, 0.0)
    base = {"lines_added": 4100, "lines_deleted": 2300, "commits": 61, "pr_size": 58, "blockers_open": 1}.get(key, 17)
    value = float(round((base + 3 * place) * factor))
    return Reading(value, int(max(6, value)), 1.0)


def number(key: str, place: int, period: Period, *, months: bool) -> Number:
    """Return one number with its comparisons and series."""
    now = reading(key, place, 1.0)
    steps: tuple[Step, ...] = ()
    if key in STEPPED and now.value is not None:
        cut = list(period.split(step_grain(period)))
        steps = tuple(_step(each, now, index, len(cut)) for index, each in enumerate(cut))
    trend: tuple[Step, ...] = ()
    if months and key in TRENDS:
        year = Period(date(period.end.year - 1, period.end.month, 1) + timedelta(days=31), period.end)
        cut = list(Period(year.start.replace(day=1), period.end).split(Grain.MONTH))
        trend = tuple(_step(each, now, index, 3) for index, each in enumerate(cut))
    return Number(key, now, reading(key, place, 0.88), reading(key, place, 0.6), steps, trend)


def _step(period: Period, now: Reading, index: int, parts: int) -> Step:
    assert now.value is not None
    wave = 1 + 0.45 * ((index * 7) % 5 - 2) / 2
    if now.value < 1:
        return Step(period.start, period.end, round(min(1.0, now.value * wave), 4), 9)
    value = float(round(now.value / parts * wave))
    return Step(period.start, period.end, value, int(value))


def project(place: int, name: str, period: Period, *, silent: bool = False) -> ProjectFacts:
    """Return one project; a silent one has no data at all."""
    statuses = ("ON_TRACK", "AT_RISK", None, "BLOCKED", "COMPLETED")
    nothing = Reading()
    numbers = tuple(
        Number(metric.key, nothing, nothing, nothing) if silent else number(metric.key, place, period, months=False)
        for metric in METRICS
    )
    return ProjectFacts(
        id=stable_id("project", f"{place}:{name}"),
        name=name,
        initiative="Platform renewal" if place % 2 else None,
        sample=False,
        status=None if silent else statuses[place % 5],
        status_reason="The payment provider changed its interface twice" if place % 5 == 1 and not silent else None,
        start_date=None if silent else date(2026, 1, 12),
        end_date=None if silent else date(2026, 8, 20) + timedelta(days=23 * (place % 7)),
        repositories=() if silent else (f"octo/{'very-long-' * (place % 4)}repository-{place}",),
        actors=Actors(0, 0, 0) if silent else Actors(3 + place % 9, 1 + place % 3, place % 2),
        last_commit_on=None if silent else date(2026, 9, 29),
        numbers=numbers,
    )


def snapshot(
    names: tuple[str, ...] = ("FastAPI", "Payments", "Mobile app", "Data platform", "Search"),
    *,
    period: Period = QUARTER,
    kind: ReportKind = ReportKind.QBR,
    scope: ScopeType = ScopeType.PORTFOLIO,
    silent: bool = False,
    blockers: int = 2,
    as_of: datetime = AS_OF,
) -> ReportSnapshot:
    """Return a snapshot of a portfolio (or of the one project in `names`)."""
    projects = tuple(project(place, name, period, silent=silent) for place, name in enumerate(names))
    nothing = Reading()
    numbers = tuple(
        number(metric.key, 3 * len(names), period, months=True)
        if projects and not silent
        else Number(metric.key, nothing, nothing, nothing)
        for metric in METRICS
    )
    return ReportSnapshot(
        kind=kind,
        scope_type=scope,
        scope_id=projects[0].id if scope is ScopeType.PROJECT else None,
        scope_name=names[0] if scope is ScopeType.PROJECT else "Portfolio",
        start=period.start,
        end=period.end,
        as_of=as_of,
        complete=period.end < as_of.date(),
        lake_snapshot_id=42,
        step_grain=step_grain(period),
        definitions=tuple(Definition(m.key, m.version, m.label, m.definition, m.unit, m.direction) for m in METRICS),
        numbers=numbers,
        actors=Actors(0, 0, 0) if silent or not projects else Actors(42, 3, 2),
        actors_before=Actors(0, 0, 0) if silent or not projects else Actors(40, 2, 2),
        projects=projects,
        blockers=() if silent or not projects else tuple(_blocker(place, projects) for place in range(blockers)),
        merged=() if silent or not projects else tuple(_merged(place, projects) for place in range(9)),
    )


def many(count: int) -> ReportSnapshot:
    """Return a portfolio of `count` projects with plain names."""
    return snapshot(tuple(f"Project {place:03}" for place in range(count)), blockers=min(count, 30))


def _blocker(place: int, projects: tuple[ProjectFacts, ...]) -> Blocker:
    of = projects[place % len(projects)]
    return Blocker(
        project_id=of.id,
        project=of.name,
        description="Waits for credentials of the staging cluster that only operations can issue",
        task=f"KIN-{42 + place}",
        agent="claude-7",
        since=datetime(2026, 9, 1, 9, 30, tzinfo=UTC) + timedelta(days=place),
    )


def _merged(place: int, projects: tuple[ProjectFacts, ...]) -> MergedPullRequest:
    of = projects[place % len(projects)]
    return MergedPullRequest(
        project_id=of.id,
        project=of.name,
        repository=f"octo/repository-{place}",
        number=100 + place,
        title=f"Replace the old queue by one that keeps its order under load, part {place + 1}",
        lines=4200 - 371 * place if place < 8 else None,
        merged_on=date(2026, 9, 20) - timedelta(days=place),
    )


def uuid_of(text: str) -> uuid.UUID:
    """Return a stable id for a test's entity."""
    return stable_id("test", text)
