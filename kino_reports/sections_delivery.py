"""Sections 7 and 9 to 12: what was delivered, its flow, people and agents, quality, the agents' work."""

from kino_core.metrics import ScopeType, Unit
from kino_reports import findings
from kino_reports.charts import Chart, ChartKind, by_name, over_time, shares_with_bounds
from kino_reports.sections import Gap, Page
from kino_reports.snapshot import Number, ReportSnapshot
from kino_reports.story import Align, Block, Column, Lines, Table, Tiles
from kino_reports.wording import figure, listed, named, period_name, plural, short_day, shorten

MOST_BARS = 12
MOST_LISTED = 8


def outcomes(snapshot: ReportSnapshot) -> Page | Gap:
    """Return what was merged: by project, and the largest pull requests."""
    total = snapshot.number("prs_merged").now.value
    if not total:
        return Gap("No pull request is known to be merged in the period.")
    blocks: list[Block] = []
    if chart := _by_project(snapshot):
        blocks.append(chart)
    if snapshot.merged:
        blocks.append(_largest(snapshot, compact=len(blocks) > 0))
    if not blocks:
        return Gap("Which pull requests were merged is not known, only how many.")
    return Page(_delivered(snapshot, total), (tuple(blocks),), ("prs_merged",))


def _delivered(snapshot: ReportSnapshot, total: float) -> str:
    counts = [(project.number("prs_merged").now.value or 0, project.name) for project in snapshot.projects]
    if len(counts) > 1:
        most, name = max(counts)
        return f"{named(name)} delivered the most, {most:,.0f} of {plural(total, 'merged pull request')}."
    lines = [found.lines for found in snapshot.merged if found.lines is not None]
    largest = f"; the largest changed {plural(max(lines), 'line')}" if lines else ""
    return f"{findings.subject(snapshot)} delivered {plural(total, 'merged pull request')}{largest}."


def _by_project(snapshot: ReportSnapshot) -> Chart | None:
    if len(snapshot.projects) < 2:
        return None
    counts = [(shorten(project.name, 34), project.number("prs_merged").now.value) for project in snapshot.projects]
    known = sorted(((name, value) for name, value in counts if value), key=lambda pair: (-pair[1], pair[0]))
    title = "Pull requests merged by project"
    if len(known) > MOST_BARS:
        title = f"{title} (the {MOST_BARS} with most of {len(known)})"
    return by_name("merged-by-project", title, Unit.COUNT, known[:MOST_BARS], "Pull requests merged")


def _largest(snapshot: ReportSnapshot, *, compact: bool) -> Table:
    columns = [Column("Largest pull requests", 5), Column("Lines", 1, Align.RIGHT)]
    if not compact:
        columns.insert(1, Column("Merged", 1.1))
    rows = []
    for found in snapshot.merged[:MOST_LISTED]:
        place = f"{shorten(found.project, 24)}: " if snapshot.scope_type is not ScopeType.PROJECT else ""
        cells = [f"{place}{shorten(found.title, 80)}", figure(found.lines, Unit.LINES)]
        if not compact:
            cells.insert(1, short_day(found.merged_on))
        rows.append(tuple(cells))
    return Table("The largest merged pull requests", tuple(columns), tuple(rows), "pull request")


def flow(snapshot: ReportSnapshot) -> Page | Gap:
    """Return throughput along the period; cycle time waits for data that a git history does not hold."""
    grain = snapshot.step_grain
    charts = [
        over_time(key, f"{title} a {grain.value}", Unit.COUNT, [(title, snapshot.number(key).steps)], grain, kind)
        for key, title, kind in (
            ("prs_merged", "Pull requests merged", ChartKind.COLUMN),
            ("commits", "Commits", ChartKind.COLUMN),
        )
    ]
    drawn = tuple(chart for chart in charts if chart)
    if not drawn:
        return Gap("Too little was merged or committed in the period to draw its course.")
    size = snapshot.number("pr_size")
    facts = [f"Median size of a merged pull request: {_sized(size)}."] if size.now.value is not None else []
    finding = findings.busiest_step(snapshot, snapshot.number("prs_merged"), "pull request")
    rows: tuple[tuple[Block, ...], ...] = (drawn, (Lines(tuple(facts)),)) if facts else (drawn,)
    return Page(finding, rows, ("prs_merged", "commits", "pr_size"))


def _sized(size: Number) -> str:
    was = size.previous.value
    before = f", {figure(was, Unit.LINES)} in the period before" if was is not None else ""
    return f"{plural(round(size.now.value or 0), 'line')} ({findings.basis(size.now)}){before}"


def people_and_agents(snapshot: ReportSnapshot) -> Page | Gap:
    """Return who did the work, with the bounds of what is known about agents; nobody is named or ranked."""
    commits, pull_requests = snapshot.number("agent_commit_share"), snapshot.number("agent_pr_share")
    charts = (
        _share_chart(snapshot, "agent-commits", "Agents’ part of commits", commits),
        _share_chart(snapshot, "agent-pull-requests", "Agents’ part of merged pull requests", pull_requests),
    )
    drawn = tuple(chart for chart in charts if chart)
    if not drawn:
        return Gap("There are no commits or merged pull requests to tell people’s and agents’ work apart.")
    return Page(
        findings.agents_share(snapshot, commits),
        (drawn, (Lines(_who(snapshot)),)),
        ("agent_commit_share", "agent_pr_share"),
    )


def _share_chart(snapshot: ReportSnapshot, key: str, title: str, number: Number) -> Chart | None:
    period = snapshot.period
    rows = [
        (period_name(when), reading.lower if reading.lower is not None else reading.value, reading.upper)
        for when, reading in (
            (period, number.now),
            (period.previous(), number.previous),
            (period.year_before(), number.year_before),
        )
    ]
    return shares_with_bounds(key, title, rows)


def _who(snapshot: ReportSnapshot) -> tuple[str, ...]:
    now, was = snapshot.actors, snapshot.actors_before
    parts = [
        plural(now.humans, "person", "people"),
        plural(now.agents, "agent"),
        plural(now.automation, "automation account"),
    ]
    return (
        f"Active in {period_name(snapshot.period)}: {listed(parts)}. "
        f"In {period_name(snapshot.period.previous())}: {was.humans:,}, {was.agents:,} and {was.automation:,}.",
        "“Evidence” is a commit’s author or a co-author trailer. “Possible” adds authors who worked with an agent "
        "in the 30 days before.",
    )


def quality(snapshot: ReportSnapshot) -> Page | Gap:
    """Return how the tests that agents ran went; security findings are no data of this version."""
    number = snapshot.number("test_pass_rate")
    if number.now.value is None:
        return Gap("No test run was reported in the period.")
    grain = snapshot.step_grain
    label = snapshot.definition("test_pass_rate").label
    chart = over_time(
        "test-pass-rate", f"{label} by {grain.value}", Unit.SHARE, [(label, number.steps)], grain, ChartKind.LINE
    )
    tiles = Tiles((findings.tile(snapshot, number), findings.tile(snapshot, snapshot.number("pr_size"))))
    rows: tuple[tuple[Block, ...], ...] = ((tiles,), (chart,)) if chart else ((tiles,),)
    return Page(findings.tested(number), rows, ("test_pass_rate", "pr_size"))


def agent_economics(snapshot: ReportSnapshot) -> Page | Gap:
    """Return what agents reported: activities and tasks; cost waits for usage data."""
    keys = ("agent_activities", "tasks_started", "tasks_completed")
    if all(snapshot.number(key).now.value is None for key in keys):
        return Gap("No agent reported an activity in the period.")
    grain = snapshot.step_grain
    started, completed = snapshot.number("tasks_started"), snapshot.number("tasks_completed")
    lines = [("Tasks started", started.steps), ("Tasks completed", completed.steps)]
    chart = over_time(
        "tasks", f"Tasks of agents a {grain.value}", Unit.COUNT, lines, grain, ChartKind.COLUMN
    ) or over_time(
        "activities",
        f"Agent activities a {grain.value}",
        Unit.COUNT,
        [("Agent activities", snapshot.number("agent_activities").steps)],
        grain,
        ChartKind.COLUMN,
    )
    tiles = Tiles(tuple(findings.tile(snapshot, snapshot.number(key)) for key in keys))
    finding = None
    if started.now.value is not None and completed.now.value is not None:
        finding = f"Agents started {plural(started.now.value, 'task')} and completed {completed.now.value:,.0f}."
    rows: tuple[tuple[Block, ...], ...] = ((tiles,), (chart,)) if chart else ((tiles,),)
    return Page(finding, rows, keys)
