"""The quarterly business review: the same fifteen sections every time, then a page a project."""

from collections.abc import Callable

from kino_core.metrics import ScopeType
from kino_reports import appendix, method
from kino_reports import sections_delivery as delivery
from kino_reports import sections_plan as plan
from kino_reports import sections_summary as summary
from kino_reports.sections import Gap, Page
from kino_reports.snapshot import ReportSnapshot
from kino_reports.story import Slide, Story
from kino_reports.wording import days_of, minute, period_name, shorten

_SECTIONS: tuple[tuple[int, str, Callable[[ReportSnapshot], Page | Gap]], ...] = (
    (2, "Decisions sought", summary.decisions),
    (3, "Executive summary", summary.summary),
    (4, "Scorecard", summary.scorecard),
    (5, "Portfolio health", summary.health),
    (6, "Roadmap", plan.roadmap),
    (7, "Outcomes delivered", delivery.outcomes),
    (8, "What slipped and why", plan.what_slipped),
    (9, "Flow", delivery.flow),
    (10, "People and agents", delivery.people_and_agents),
    (11, "Quality and security", delivery.quality),
    (12, "Agent economics", delivery.agent_economics),
    (13, "Risks and forecast", plan.risks),
    (14, "Commitments for the next period", plan.commitments),
)
METHOD = (15, "Method, gaps and sources")


def tell(snapshot: ReportSnapshot) -> Story:
    """Return the review of `snapshot`: sections that have data in their order, the others named in the last one."""
    slides: list[Slide] = []
    gaps: list[tuple[str, str]] = []
    for number, name, section in _SECTIONS:
        match section(snapshot):
            case Page() as page:
                slides.append(_slide(snapshot, number, name, page))
            case Gap(reason):
                gaps.append((name, reason))
    projects = appendix.project_slides(snapshot)
    gaps += appendix.gaps(snapshot)
    slides.append(method.method_slide(*METHOD, snapshot, gaps))
    slides.append(method.definitions_slide(*METHOD, snapshot))
    return Story(
        title="Quarterly business review" if snapshot.period.grain == "quarter" else "Business review",
        subject=shorten(snapshot.scope_name, 100),
        subtitle=f"{period_name(snapshot.period)} · {days_of(snapshot.period)}"
        if snapshot.period.grain
        else days_of(snapshot.period),
        as_of=f"As of {minute(snapshot.as_of)}",
        source=method.source_line(snapshot),
        slides=(*slides, *projects),
        label=_label(snapshot),
    )


def _slide(snapshot: ReportSnapshot, number: int, name: str, page: Page) -> Slide:
    title = (page.finding or name).rstrip(".")
    return Slide(
        name.casefold().replace(" ", "-"), number, name, title, page.rows, method.notes(snapshot, page.metrics)
    )


def _label(snapshot: ReportSnapshot) -> str:
    whose = {ScopeType.PORTFOLIO: "", ScopeType.INITIATIVE: "Initiative · "}.get(snapshot.scope_type, "Project · ")
    return f"{whose}{shorten(snapshot.scope_name, 60)} · {period_name(snapshot.period)}"
