"""The appendix: one page a project."""

from kino_core.metrics import Unit
from kino_reports import findings
from kino_reports.charts import Chart, ChartKind, over_time
from kino_reports.method import notes
from kino_reports.sections_summary import STATUS
from kino_reports.snapshot import ProjectFacts, ReportSnapshot
from kino_reports.story import Block, Lines, Slide, Tiles
from kino_reports.wording import day, listed, named, plural, shorten

MOST_PAGES = 60
_TILES = (
    "prs_merged",
    "commits",
    "agent_commit_share",
    "blockers_open",
    "test_pass_rate",
    "tasks_completed",
    "pr_size",
)


def project_slides(snapshot: ReportSnapshot) -> tuple[Slide, ...]:
    """Return a page for each project that has data, by name, at most MOST_PAGES."""
    with_data = [project for project in snapshot.projects if findings.has_data(project)]
    return tuple(_slide(snapshot, project) for project in with_data[:MOST_PAGES])


def gaps(snapshot: ReportSnapshot) -> list[tuple[str, str]]:
    """Return what the appendix leaves out, and why."""
    with_data = [project for project in snapshot.projects if findings.has_data(project)]
    told = []
    if (left := len(with_data) - MOST_PAGES) > 0:
        told.append(("Appendix", f"The first {MOST_PAGES} projects by name have a page; {left:,} more do not."))
    silent = [named(project.name, 30) for project in snapshot.projects if not findings.has_data(project)]
    if silent:
        shown = silent if len(silent) <= 6 else [*silent[:5], f"{len(silent) - 5:,} more"]
        told.append(("Projects without data", f"Nothing is recorded of {listed(shown)} in these periods."))
    return told


def _slide(snapshot: ReportSnapshot, project: ProjectFacts) -> Slide:
    keys = [key for key in _TILES if project.number(key).now.value is not None][:4] or ["prs_merged", "commits"]
    supports: list[Block] = [Lines(_facts(snapshot, project))]
    if chart := _chart(snapshot, project):
        supports.insert(0, chart)
    who = named(project.name)
    title = (
        findings.merged(snapshot, who, project.number("prs_merged"))
        or findings.committed(snapshot, who, project.number("commits"))
        or shorten(project.name, 90)
    )
    tiles = Tiles(tuple(findings.tile(snapshot, project.number(key)) for key in keys))
    section = f"Appendix · {shorten(project.name, 60)}"
    return Slide(
        f"project-{project.id}", None, section, title.rstrip("."), ((tiles,), tuple(supports)), notes(snapshot, keys)
    )


def _chart(snapshot: ReportSnapshot, project: ProjectFacts) -> Chart | None:
    grain = snapshot.step_grain
    for key, title in (
        ("prs_merged", "Pull requests merged"),
        ("commits", "Commits"),
        ("agent_activities", "Activities"),
    ):
        number = project.number(key)
        if number.now.value is None:
            continue
        chart = over_time(
            f"{key}-{project.id}",
            f"{title} a {grain.value}",
            Unit.COUNT,
            [(title, number.steps)],
            grain,
            ChartKind.COLUMN,
        )
        if chart:
            return chart
    return None


def _facts(snapshot: ReportSnapshot, project: ProjectFacts) -> tuple[str, ...]:
    told = [f"Initiative: {shorten(project.initiative, 60)}."] if project.initiative else []
    if project.status:
        reason = f": {shorten(project.status_reason, 140)}" if project.status_reason else ""
        told.append(f"Status: {STATUS[project.status]}{reason}")
    actors = project.actors
    if actors.humans or actors.agents or actors.automation:
        parts = [
            plural(actors.humans, "person", "people"),
            plural(actors.agents, "agent"),
            plural(actors.automation, "automation account"),
        ]
        told.append(f"Active: {listed(parts)}.")
    if project.end_date:
        told.append(f"Planned end: {day(project.end_date)}.")
    if project.last_commit_on:
        told.append(f"Last commit: {day(project.last_commit_on)}.")
    told.append(_repositories(project.repositories))
    for place, blocker in enumerate(snapshot.blockers):
        if blocker.project_id == project.id and len(told) < 8:
            told.append(
                f"■ Open for {plural(findings.days_open(snapshot, place), 'day')}: {shorten(blocker.description, 100)}"
            )
    return tuple(told)


def _repositories(names: tuple[str, ...]) -> str:
    if not names:
        return "No repository is connected."
    shown = [shorten(name, 60) for name in names[:3]]
    if len(names) > 3:
        shown.append(f"{len(names) - 3:,} more")
    return f"{'Repository' if len(names) == 1 else 'Repositories'}: {listed(shown)}."
