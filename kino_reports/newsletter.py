"""The newsletter: what happened in a month, for people who read it in their mail."""

from dataclasses import dataclass
from datetime import timedelta

from kino_core.metrics import ScopeType, Unit
from kino_reports import findings
from kino_reports.charts import Chart, ChartKind, over_time
from kino_reports.method import not_recorded, source_line
from kino_reports.sections_summary import STATUS, fourth_figure, slipped
from kino_reports.snapshot import ReportSnapshot
from kino_reports.story import Align, Column, Table, Tile
from kino_reports.wording import brief_day, day, figure, named, period_name, plural, shorten

MOST_ITEMS = 5
MOST_PROJECTS = 20
STALE_DAYS = 14
AHEAD_DAYS = 30


@dataclass(frozen=True)
class Part:
    """One heading and the statements under it."""

    heading: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Letter:
    """A newsletter before anyone decides how it looks; parts without anything to say are not there."""

    title: str
    scope: str
    headline: str
    tiles: tuple[Tile, ...]
    chart: Chart | None
    parts: tuple[Part, ...]
    projects: Table | None
    method: tuple[str, ...]
    source: str


def tell(snapshot: ReportSnapshot) -> Letter:
    """Return the newsletter of `snapshot`."""
    keys = ("prs_merged", "commits", "agent_commit_share", fourth_figure(snapshot))
    known = any(snapshot.number(key).now.value is not None for key in keys)
    parts = (
        Part("Wins", _wins(snapshot)),
        Part("Needs help", _needs_help(snapshot)),
        Part("Status", _status(snapshot)),
        Part("Agents’ highlights", _agents(snapshot)),
        Part(f"Next {AHEAD_DAYS} days", _ahead(snapshot)),
        Part("Quality and security", _quality(snapshot)),
    )
    return Letter(
        title=f"{shorten(snapshot.scope_name, 80)} in {period_name(snapshot.period)}",
        scope=snapshot.scope_name,
        headline=_headline(snapshot),
        tiles=tuple(findings.tile(snapshot, snapshot.number(key)) for key in keys) if known else (),
        chart=_chart(snapshot),
        parts=tuple(part for part in parts if part.items),
        projects=_projects(snapshot),
        method=_method(snapshot, [part.heading for part in parts if not part.items]),
        source=source_line(snapshot),
    )


def _headline(snapshot: ReportSnapshot) -> str:
    who = findings.subject(snapshot)
    return (
        findings.merged(snapshot, who, snapshot.number("prs_merged"))
        or findings.committed(snapshot, who, snapshot.number("commits"))
        or f"Nothing was recorded of {who[0].lower() + who[1:] if who == 'The portfolio' else who} "
        f"in {period_name(snapshot.period)}."
    )


def _chart(snapshot: ReportSnapshot) -> Chart | None:
    grain = snapshot.step_grain
    for key, title in (("prs_merged", "Pull requests merged"), ("commits", "Commits")):
        lines = [(title, snapshot.number(key).steps)]
        if chart := over_time(key, f"{title} a {grain.value}", Unit.COUNT, lines, grain, ChartKind.COLUMN):
            return chart
    return None


def _wins(snapshot: ReportSnapshot) -> tuple[str, ...]:
    told = []
    for found in snapshot.merged[:MOST_ITEMS]:
        where = f"{named(found.project, 30)}: " if snapshot.scope_type is not ScopeType.PROJECT else ""
        lines = f", {plural(found.lines, 'line')}" if found.lines is not None else ""
        told.append(f"{where}{shorten(found.title, 120)} (#{found.number}{lines})")
    return tuple(told)


def _needs_help(snapshot: ReportSnapshot) -> tuple[str, ...]:
    told = []
    for place, blocker in enumerate(snapshot.blockers):
        age = findings.days_open(snapshot, place)
        told.append(
            f"■ {named(blocker.project, 30)}, open for {plural(age, 'day')}: {shorten(blocker.description, 140)}"
        )
    told += [
        f"▲ {named(project.name, 30)} was planned to end on {day(project.end_date or snapshot.end)}."
        for project in slipped(snapshot)
    ]
    for project in snapshot.projects:
        last = project.last_commit_on
        if last and project.status != "COMPLETED" and (snapshot.last_day - last).days >= STALE_DAYS:
            told.append(f"▲ {named(project.name, 30)} has had no commit since {day(last)}.")
    return _capped(told)


def _status(snapshot: ReportSnapshot) -> tuple[str, ...]:
    told = [
        f"{STATUS[project.status]}: {named(project.name, 30)}"
        + (f", {shorten(project.status_reason, 120)}" if project.status_reason else "")
        for project in snapshot.projects
        if project.status
    ]
    return _capped(told)


def _agents(snapshot: ReportSnapshot) -> tuple[str, ...]:
    started, completed = (snapshot.number(key).now.value for key in ("tasks_started", "tasks_completed"))
    activities = snapshot.number("agent_activities").now
    told = [findings.agents_share(snapshot, snapshot.number("agent_commit_share"))]
    if activities.value is not None:
        told.append(
            f"{plural(snapshot.actors.agents, 'agent')} reported {plural(activities.value, 'activity', 'activities')}."
        )
    if started is not None and completed is not None:
        told.append(f"Agents started {plural(started, 'task')} and completed {completed:,.0f}.")
    elif completed is not None:
        told.append(f"Agents completed {plural(completed, 'task')}.")
    return tuple(sentence for sentence in told if sentence)


def _ahead(snapshot: ReportSnapshot) -> tuple[str, ...]:
    until = snapshot.last_day + timedelta(days=AHEAD_DAYS)
    due = [
        (project.end_date, project.name)
        for project in snapshot.projects
        if project.end_date and snapshot.last_day < project.end_date <= until and project.status != "COMPLETED"
    ]
    return _capped([f"{brief_day(end)}: {named(name)} is planned to end." for end, name in sorted(due)])


def _quality(snapshot: ReportSnapshot) -> tuple[str, ...]:
    told = [findings.tested(snapshot.number("test_pass_rate"))]
    size = snapshot.number("pr_size").now
    if size.value is not None:
        told.append(f"Half of the merged pull requests changed {figure(round(size.value), Unit.LINES)} lines or fewer.")
    return tuple(sentence for sentence in told if sentence)


def _projects(snapshot: ReportSnapshot) -> Table | None:
    with_data = [project for project in snapshot.projects if findings.has_data(project)]
    if snapshot.scope_type is ScopeType.PROJECT or not with_data:
        return None
    columns = (Column("Project", 4), Column("Pull requests merged", 2, Align.RIGHT), Column("Commits", 2, Align.RIGHT))
    rows = tuple(
        (
            shorten(project.name, 60),
            *(figure(project.number(key).now.value, Unit.COUNT) for key in ("prs_merged", "commits")),
        )
        for project in with_data[:MOST_PROJECTS]
    )
    return Table("Projects", columns, rows, "project", max(0, len(with_data) - MOST_PROJECTS))


def _method(snapshot: ReportSnapshot, silent: list[str]) -> tuple[str, ...]:
    period = snapshot.period
    told = [
        f"Compared with {period_name(period.previous())} and {period_name(period.year_before())}. “No data” means that "
        "an input is missing, never 0. People are not ranked.",
    ]
    if not snapshot.complete:
        told.append("The period was not over when this was made.")
    if silent:
        told.append(f"Nothing to say under: {', '.join(silent)}.")
    return (*told, f"Not recorded yet: {not_recorded()}")


def _capped(told: list[str]) -> tuple[str, ...]:
    if len(told) <= MOST_ITEMS:
        return tuple(told)
    return (*told[:MOST_ITEMS], f"… and {len(told) - MOST_ITEMS:,} more.")
