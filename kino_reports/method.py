"""Section 15: how the report was made, what it could not say, and what every measure means."""

from collections.abc import Sequence

from kino_core.metrics import ScopeType
from kino_reports.snapshot import ReportSnapshot
from kino_reports.story import Block, Column, Lines, Slide, Table
from kino_reports.wording import day, days_of, listed, minute, named, period_name, plural

NEVER_RECORDED = (
    "scope items and milestones, and with them progress, cycle time and forecasts",
    "deployments and incidents, and with them the DORA measures",
    "reviews, and with them pickup and review times",
    "security and static findings",
    "cost and tokens of agents",
    "targets and plans to compare with",
    "past values of a project’s status",
)
"""Data that this version collects nowhere; named, so that nobody takes silence for zero."""


QUIET_DAYS = 14
"""So long a silence before the end of a period is worth a word: it may be an end of the data."""


def source_line(snapshot: ReportSnapshot) -> str:
    """Return the line that every page carries: source and as-of time."""
    return f"Source: Kino, lake snapshot {snapshot.lake_snapshot_id} · As of {minute(snapshot.as_of)}"


def method_slide(number: int, section: str, snapshot: ReportSnapshot, gaps: Sequence[tuple[str, str]]) -> Slide:
    """Return the page of method, gaps and sources; `gaps` are the sections without a page and why."""
    rows: list[tuple[Block, ...]] = [
        (Lines(_sources(snapshot), "Sources"),),
        (Lines(_method(snapshot), "Method"),),
    ]
    if silent := [each.label for each in snapshot.definitions if not snapshot.number(each.key).known]:
        gaps = [*gaps, ("Measures without data", f"{listed(silent)}.")]
    if gaps:
        rows.append((Lines(tuple(f"{name}: {_inside(reason)}" for name, reason in gaps), "Sections without a page"),))
    rows.append((Lines((not_recorded(),), "Not recorded yet"),))
    return Slide("method", number, section, section, tuple(rows), flows=True, columns=2)


def definitions_slide(number: int, section: str, snapshot: ReportSnapshot) -> Slide:
    """Return the page that defines every measure of the report."""
    columns = (Column("Measure", 2.4), Column("Definition", 9))
    rows = tuple(
        (f"{each.label}, v{each.version}", each.definition)
        for each in snapshot.definitions
        if snapshot.number(each.key).known or not any(number.known for number in snapshot.numbers)
    )
    return Slide(
        "definitions",
        number,
        section,
        "What every measure means",
        ((Table("Definitions of the measures", columns, rows, "measure"),),),
        flows=True,
    )


def not_recorded() -> str:
    """Return one sentence that names the data which no report of this version has."""
    told = "; ".join(NEVER_RECORDED)
    return f"{told[0].upper()}{told[1:]}."


def notes(snapshot: ReportSnapshot, keys: Sequence[str]) -> str:
    """Return speaker's notes: the source and the definitions of the measures shown."""
    told = [source_line(snapshot) + "."]
    for definition in snapshot.definitions:
        if definition.key in keys:
            told.append(f"{definition.label} ({definition.key}, version {definition.version}): {definition.definition}")
    return "\n".join(told)


def _method(snapshot: ReportSnapshot) -> tuple[str, ...]:
    period = snapshot.period
    told = [
        f"The period is {days_of(period)}, compared with {period_name(period.previous())} and "
        f"{period_name(period.year_before())}. Days follow each project’s own time zone.",
        "A number that has no input is shown as “no data”, never as 0; a count is 0 only after its first input. "
        "“n” counts the entities behind a number, "
        "“covered” is the share of them whose input exists.",
        "Changes are called better or worse only where the measure has a direction and at least five entities "
        "stand behind both numbers.",
        "People, agents and automation are told apart by address and account; people are not ranked.",
        f"The first and the last {snapshot.step_grain.value} of a chart are cut at the ends of the period.",
    ]
    last = max((project.last_commit_on for project in snapshot.projects if project.last_commit_on), default=None)
    if last and snapshot.start <= last and (snapshot.last_day - last).days >= QUIET_DAYS:
        told.insert(
            1,
            f"No commit after {day(last)} is known. Where a history was brought in up to that day only, later "
            "zeros and the comparisons are incomplete.",
        )
    if not snapshot.complete:
        told.insert(
            1, f"The period was not over: its numbers run to {minute(snapshot.as_of)}, earlier periods are whole."
        )
    return tuple(told)


def _sources(snapshot: ReportSnapshot) -> tuple[str, ...]:
    repositories = [name for project in snapshot.projects for name in project.repositories]
    told = [f"{source_line(snapshot)} · Fingerprint of the data {snapshot.sha256[:16]}."]
    samples = [named(project.name) for project in snapshot.projects if project.sample]
    if repositories:
        shown = repositories if len(repositories) <= 6 else [*repositories[:5], f"{len(repositories) - 5:,} more"]
        told.append(f"Repositories: {listed(shown)}.")
    elif snapshot.projects:
        told.append(f"No repository is connected to {_whose(snapshot)}.")
    if samples:
        told.append(f"Sample data is included: {listed(samples[:5])}{'' if len(samples) <= 5 else ' and more'}.")
    if not snapshot.projects:
        told.append("There was no project at the as-of time.")
    return tuple(told)


def _whose(snapshot: ReportSnapshot) -> str:
    if snapshot.scope_type is ScopeType.PROJECT:
        return "the project"
    return f"any of the {plural(len(snapshot.projects), 'project')}"


def _inside(reason: str) -> str:
    first = reason.split(" ", 1)[0]
    return reason if first in ("DORA",) else reason[0].lower() + reason[1:]
