"""Sections 2 to 5: the decisions sought, the summary, the scorecard and the portfolio's health."""

from collections.abc import Iterator

from kino_core.metrics import Direction
from kino_core.periods import Grain
from kino_reports import findings
from kino_reports.charts import Chart, ChartKind, over_time
from kino_reports.sections import Gap, Page
from kino_reports.snapshot import Number, ProjectFacts, ReportSnapshot
from kino_reports.story import Align, Block, Claims, Column, Judgement, Table, Tiles
from kino_reports.wording import day, difference, figure, listed, named, period_name, plural, shorten

STATUS = {
    "ON_TRACK": "● on track",
    "AT_RISK": "▲ at risk",
    "BLOCKED": "■ blocked",
    "COMPLETED": "✓ completed",
}


def decisions(snapshot: ReportSnapshot) -> Page | Gap:
    """Return what the reader is asked to decide: old blockers, passed end dates, troubled projects."""
    asked = tuple(_decisions(snapshot))
    if not asked:
        return Gap("None follows: no old blocker, no passed end date, no project in trouble.")
    columns = (Column("Decision", 2.4), Column("Project", 2.6), Column("Because", 6))
    title = f"{plural(len(asked), 'decision')} {_is(len(asked))} sought from this review."
    return Page(title, ((Table("Decisions sought", columns, asked, "decision"),),))


def _decisions(snapshot: ReportSnapshot) -> Iterator[tuple[str, str, str]]:
    for place, blocker in enumerate(snapshot.blockers):
        if age := findings.days_open(snapshot, place):
            because = f"Open for {plural(age, 'day')}: {shorten(blocker.description, 120)}"
            yield "Who removes a blocker?", blocker.project, because
    late = slipped(snapshot)
    for project in late:
        ended = day(project.end_date or snapshot.end)
        yield "Which new end date?", project.name, f"It was planned to end on {ended} and is not completed."
    for project in snapshot.projects:
        if project.status in ("AT_RISK", "BLOCKED") and project not in late:
            reason = shorten(project.status_reason or "No reason was given", 120)
            yield "Which help?", project.name, f"It is {STATUS[project.status][2:]}: {reason}"


def slipped(snapshot: ReportSnapshot) -> list[ProjectFacts]:
    """Return the projects past their planned end that nobody marked as completed, the longest overdue first."""
    late = [
        project
        for project in snapshot.projects
        if project.end_date and project.end_date < snapshot.last_day and project.status != "COMPLETED"
    ]
    return sorted(late, key=lambda project: (project.end_date or snapshot.end, project.name))


def summary(snapshot: ReportSnapshot) -> Page | Gap:
    """Return the key figures, three claims and the year's throughput."""
    keys = [*("prs_merged", "commits", "agent_commit_share"), fourth_figure(snapshot)]
    if all(snapshot.number(key).now.value is None for key in keys):
        return Gap(f"Nothing was recorded in {period_name(snapshot.period)}.")
    who = findings.subject(snapshot)
    told = [
        findings.merged(snapshot, who, snapshot.number("prs_merged")),
        _workforce(snapshot),
        findings.agents_share(snapshot, snapshot.number("agent_commit_share")),
        findings.blocked(snapshot) or findings.tested(snapshot.number("test_pass_rate")),
        _leading_project(snapshot),
    ]
    known = [sentence for sentence in told if sentence]
    title, claims = (known[0], known[1:4]) if told[0] else (None, known[:3])
    supports: list[Block] = [Claims(tuple(claims))] if claims else []
    if trend := throughput_trend(snapshot):
        supports.append(trend)
    tiles = Tiles(tuple(findings.tile(snapshot, snapshot.number(key)) for key in keys))
    return Page(title, ((tiles,), tuple(supports)) if supports else ((tiles,),), tuple(keys))


def fourth_figure(snapshot: ReportSnapshot) -> str:
    """Return the metric of the fourth key figure: blockers where there is data, else tests, else size."""
    return next(
        (key for key in ("blockers_open", "test_pass_rate") if snapshot.number(key).now.value is not None), "pr_size"
    )


def throughput_trend(snapshot: ReportSnapshot) -> Chart | None:
    """Return the last twelve months of merged pull requests, else of commits."""
    for key, title in (("prs_merged", "Pull requests merged a month"), ("commits", "Commits a month")):
        number = snapshot.number(key)
        lines = [(snapshot.definition(key).label, number.months)]
        if chart := over_time("throughput", title, snapshot.definition(key).unit, lines, Grain.MONTH, ChartKind.COLUMN):
            return chart
    return None


def _workforce(snapshot: ReportSnapshot) -> str | None:
    actors = snapshot.actors
    people = [plural(actors.humans, "person", "people")] if actors.humans else []
    agents = [plural(actors.agents, "agent")] if actors.agents else []
    told = [findings.committed(snapshot, findings.subject(snapshot), snapshot.number("commits"))]
    # Automation commits too, and agents may only have reported: who took part did not make all of them.
    told += [f"{listed(people + agents)} took part."] if people or agents else []
    return " ".join(each for each in told if each) or None


def _leading_project(snapshot: ReportSnapshot) -> str | None:
    total = snapshot.number("prs_merged").now.value
    counts = [(project.number("prs_merged").now.value or 0, project.name) for project in snapshot.projects]
    if not total or len(counts) < 2:
        return None
    most, name = max(counts)
    return f"{named(name)} merged the most, {most:,.0f} of {plural(total, 'pull request')}."


def scorecard(snapshot: ReportSnapshot) -> Page | Gap:
    """Return every measure against the period before and the year before."""
    known = [number for number in snapshot.numbers if number.known]
    if not known:
        return Gap("No measure has a value in the period, the one before or a year before.")
    period = snapshot.period
    right = Align.RIGHT
    columns = (
        Column("Measure", 2.9),
        Column(period_name(period), 1.2, right),
        Column(period_name(period.previous()), 1.2, right),
        Column("Change", 1.9, right),
        Column(period_name(period.year_before()), 1.2, right),
        Column("Change", 1.9, right),
        Column("Based on", 2.0, right),
    )
    rows = tuple(_score(snapshot, number) for number in known)
    table = Table("Every measure against the period before and a year before", columns, rows, "measure")
    return Page(findings.moved(snapshot), ((table,),), tuple(number.key for number in known))


def _score(snapshot: ReportSnapshot, number: Number) -> tuple[str, ...]:
    declared = snapshot.definition(number.key)
    direction = declared.direction if snapshot.complete else Direction.NEITHER
    cells = [declared.label, figure(number.now.value, declared.unit)]
    for then in (number.previous, number.year_before):
        change = difference(number.now.value, then.value, declared.unit) or "–"
        verdict = findings.judgement(direction, number.now, then)
        cells += [
            figure(then.value, declared.unit),
            change if verdict is Judgement.NEUTRAL else f"{change} · {verdict}",
        ]
    return (*cells, findings.basis(number.now))


def health(snapshot: ReportSnapshot) -> Page | Gap:
    """Return the status that people gave each project, with its reason."""
    known = [project for project in snapshot.projects if project.status]
    if not known:
        return Gap("No project has a status.")
    order = ["BLOCKED", "AT_RISK", "ON_TRACK", "COMPLETED"]
    known.sort(key=lambda project: (order.index(project.status or "COMPLETED"), project.name.casefold()))
    troubled = sum(project.status in ("BLOCKED", "AT_RISK") for project in known)
    title = f"{troubled or 'None'} of {plural(len(known), 'project')} with a status {_is(troubled)} at risk or blocked."
    right = Align.RIGHT
    columns = (Column("Project", 3), Column("Status", 1.5), Column("Reason", 5), Column("Open blockers", 1.7, right))
    rows = tuple(
        (
            project.name,
            STATUS[project.status or ""],
            project.status_reason or "none given",
            f"{sum(blocker.project_id == project.id for blocker in snapshot.blockers):,}",
        )
        for project in known
    )
    return Page(title, ((Table("Projects by status", columns, rows, "project"),),), ("blockers_open",))


def _is(count: int) -> str:
    return "is" if count <= 1 else "are"
