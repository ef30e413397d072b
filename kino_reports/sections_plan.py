"""Sections 6, 8, 13 and 14: what is planned, what slipped, what blocks, what comes next."""

from datetime import date

from kino_reports import findings
from kino_reports.sections import Gap, Page
from kino_reports.sections_summary import STATUS, slipped
from kino_reports.snapshot import ProjectFacts, ReportSnapshot
from kino_reports.story import Align, Column, Table
from kino_reports.wording import brief_day, day, period_name, plural

_NO_STATUS = "– no status"


def roadmap(snapshot: ReportSnapshot) -> Page | Gap:
    """Return the projects with a planned end, the nearest first."""
    dated = [project for project in snapshot.projects if project.end_date]
    if not dated:
        return Gap("No project has an end date.")
    dated.sort(key=lambda project: (project.end_date or snapshot.end, project.name.casefold()))
    late = slipped(snapshot)
    if late:
        title = f"{len(late)} of {plural(len(dated), 'project')} with an end date {_is(len(late))} past it."
    else:
        title = f"{plural(len(dated), 'project')} {_is(len(dated))} planned to end by {day(_end(dated[-1]))}."
    return Page(title, ((_dated(snapshot, "Projects by planned end", dated),),))


def what_slipped(snapshot: ReportSnapshot) -> Page | Gap:
    """Return the projects past their planned end, with the reasons people gave and what blocks them."""
    late = slipped(snapshot)
    if not late:
        dated = sum(project.end_date is not None for project in snapshot.projects)
        return Gap(
            f"None of {plural(dated, 'project')} with an end date is past it."
            if dated
            else "No project has an end date to slip from."
        )
    columns = (Column("Project", 3), Column("Planned end", 1.7), Column("Overdue", 1.2, Align.RIGHT), Column("Why", 5))
    rows = tuple(
        (project.name, brief_day(_end(project)), _overdue(snapshot, project), _why(snapshot, project))
        for project in late
    )
    title = f"{plural(len(late), 'project')} slipped past the planned end, by up to {_overdue(snapshot, late[0])}."
    return Page(title, ((Table("Projects past their planned end", columns, rows, "project"),),))


def risks(snapshot: ReportSnapshot) -> Page | Gap:
    """Return the open blockers, oldest first."""
    if not snapshot.blockers:
        return Gap("No blocker is open, and a forecast needs scope items.")
    columns = (Column("Blocker", 6), Column("Project", 2.6), Column("Task", 1.6), Column("Open for", 1.4, Align.RIGHT))
    rows = tuple(
        (blocker.description, blocker.project, blocker.task, plural(findings.days_open(snapshot, place), "day"))
        for place, blocker in enumerate(snapshot.blockers)
    )
    table = Table("Open blockers, oldest first", columns, rows, "blocker")
    return Page(findings.blocked(snapshot), ((table,),), ("blockers_open",))


def commitments(snapshot: ReportSnapshot) -> Page | Gap:
    """Return the projects that are planned to end in the next period of the same length."""
    length = snapshot.period.days
    due = [
        project
        for project in snapshot.projects
        if project.end_date and 0 < (project.end_date - snapshot.end).days <= length and project.status != "COMPLETED"
    ]
    if not due:
        return Gap("No project is planned to end in the next period.")
    due.sort(key=lambda project: (project.end_date or snapshot.end, project.name.casefold()))
    after = f"in the {length} days after {period_name(snapshot.period)}"
    title = f"{plural(len(due), 'project')} {_is(len(due))} planned to end {after}."
    return Page(title, ((_dated(snapshot, "Projects that end next", due),),))


def _dated(snapshot: ReportSnapshot, name: str, projects: list[ProjectFacts]) -> Table:
    columns = (
        Column("Project", 4),
        Column("Start", 1.6),
        Column("Planned end", 1.6),
        Column("Status", 1.6),
        Column("Time left", 1.5, Align.RIGHT),
    )
    rows = tuple(
        (
            project.name,
            brief_day(project.start_date) if project.start_date else "not set",
            brief_day(_end(project)),
            STATUS.get(project.status or "", _NO_STATUS),
            _left((_end(project) - snapshot.last_day).days),
        )
        for project in projects
    )
    return Table(name, columns, rows, "project")


def _end(project: ProjectFacts) -> date:
    assert project.end_date is not None
    return project.end_date


def _overdue(snapshot: ReportSnapshot, project: ProjectFacts) -> str:
    return plural((snapshot.last_day - _end(project)).days, "day")


def _left(days: int) -> str:
    return plural(days, "day") if days >= 0 else f"{plural(-days, 'day')} over"


def _why(snapshot: ReportSnapshot, project: ProjectFacts) -> str:
    blocker = next((each for each in snapshot.blockers if each.project_id == project.id), None)
    return project.status_reason or (f"Blocked: {blocker.description}" if blocker else "No reason was given.")


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
