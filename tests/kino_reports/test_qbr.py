"""The story: the same skeleton every time, findings from the data, and gaps that are named."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from kino_core.metrics import ScopeType
from kino_core.periods import parse_period
from kino_reports import findings, qbr
from kino_reports.snapshot import Number, Reading, ReportSnapshot
from kino_reports.story import Judgement, Lines, Slide, Story, Table, Tiles
from tests.kino_reports.portfolios import HARD_NAMES, many, snapshot


def numbered(story: Story) -> list[int]:
    return [slide.number for slide in story.slides if slide.number]


def texts(slide: Slide) -> str:
    told = [slide.title]
    for block in slide.blocks:
        match block:
            case Lines(items):
                told += items
            case Table(rows=rows):
                told += [cell for row in rows for cell in row]
            case Tiles(tiles):
                told += [tile.value for tile in tiles]
    return "\n".join(told)


def slide_of(story: Story, section: str) -> Slide:
    return next(slide for slide in story.slides if slide.section == section)


def with_number(one: ReportSnapshot, key: str, now: Reading, previous: Reading) -> ReportSnapshot:
    kept = tuple(number for number in one.numbers if number.key != key)
    return replace(one, numbers=(*kept, Number(key, now, previous, Reading())))


def test_a_full_review_has_every_section_in_order() -> None:
    story = qbr.tell(snapshot())
    assert numbered(story) == [*range(2, 16), 15]
    assert [slide.section for slide in story.slides if slide.number is None] == [
        f"Appendix · {name}" for name in ("FastAPI", "Payments", "Mobile app", "Data platform", "Search")
    ]


def test_sections_without_data_become_lines_and_the_order_stays() -> None:
    story = qbr.tell(snapshot(("Quiet",), silent=True))
    assert numbered(story) == [15, 15]
    named = texts(slide_of(story, "Method, gaps and sources"))
    for section in (
        "Decisions sought",
        "Executive summary",
        "Scorecard",
        "Portfolio health",
        "Flow",
        "Agent economics",
    ):
        assert f"{section}: " in named
    assert "nothing is recorded of Quiet" in named


def test_what_is_never_recorded_is_named() -> None:
    named = texts(slide_of(qbr.tell(snapshot()), "Method, gaps and sources"))
    for missing in ("DORA", "milestones", "cost and tokens", "security", "reviews"):
        assert missing in named


def test_missing_is_no_data_and_never_zero() -> None:
    one = with_number(snapshot(), "prs_merged", Reading(), Reading(40.0, 40, 1.0))
    tile = findings.tile(one, one.number("prs_merged"))
    assert tile.value == "no data"
    assert "0" not in tile.value
    score = slide_of(qbr.tell(one), "Scorecard").blocks[0]
    assert isinstance(score, Table)
    row = next(row for row in score.rows if row[0] == "Pull requests merged")
    assert row[1:4] == ("no data", "40", "–")


@pytest.mark.parametrize(
    ("now", "before", "sentence"),
    [
        (120.0, 100.0, "The portfolio merged 120 pull requests, 20% more than in Q2 2026."),
        (80.0, 100.0, "The portfolio merged 80 pull requests, 20% fewer than in Q2 2026."),
        (102.0, 100.0, "The portfolio merged 102 pull requests, about as many as in Q2 2026."),
        (400.0, 100.0, "The portfolio merged 400 pull requests, after 100 in Q2 2026."),
        (1.0, 0.0, "The portfolio merged 1 pull request, after none in Q2 2026."),
        (0.0, 9.0, "The portfolio merged no pull requests, after 9 in Q2 2026."),
        (12.0, None, "The portfolio merged 12 pull requests in Q3 2026."),
        (None, 12.0, None),
    ],
)
def test_the_throughput_finding(now: float | None, before: float | None, sentence: str | None) -> None:
    one = snapshot()
    number = Number("prs_merged", Reading(now, 9), Reading(before, 9), Reading())
    assert findings.merged(one, findings.subject(one), number) == sentence


def test_a_running_period_is_not_judged() -> None:
    one = snapshot(period=parse_period("2026-Q4"), as_of=datetime(2026, 11, 22, tzinfo=UTC))
    assert not one.complete
    sentence = findings.merged(one, "Kino", one.number("prs_merged"))
    assert sentence == "Kino merged 62 pull requests so far; Q3 2026 had 55 in all."
    changes = [change for number in one.numbers for change in findings.tile(one, number).changes]
    assert {change.judgement for change in changes} == {Judgement.NEUTRAL}
    assert "The period was not over" in texts(slide_of(qbr.tell(one), "Method, gaps and sources"))


@pytest.mark.parametrize(
    ("now", "before", "n", "judged"),
    [
        (120.0, 100.0, 5, Judgement.BETTER),
        (80.0, 100.0, 5, Judgement.WORSE),
        (120.0, 100.0, 4, Judgement.NEUTRAL),
        (100.0, 100.0, 5, Judgement.NEUTRAL),
    ],
)
def test_changes_are_judged_only_with_enough_behind_them(now: float, before: float, n: int, judged: Judgement) -> None:
    one = with_number(snapshot(), "prs_merged", Reading(now, n), Reading(before, n))
    assert findings.tile(one, one.number("prs_merged")).changes[0].judgement is judged


def test_the_agents_share_carries_its_bounds() -> None:
    one = snapshot()
    number = Number("agent_commit_share", Reading(0.342, 50, 1, 0.342, 0.51), Reading(0.2, 50), Reading())
    assert (
        findings.agents_share(one, number)
        == "Agents had a hand in 34.2% to 51.0% of commits, up from 20.0% in Q2 2026."
    )
    assert findings.tile(one, number).range == "between 34.2% and 51.0%"
    none = Number("agent_commit_share", Reading(0.0, 50, 1, 0.0, 0.0), Reading(), Reading())
    assert findings.agents_share(one, none) == "None of 50 commits shows evidence of an agent."


def test_titles_state_findings_as_sentences() -> None:
    titles = {slide.section: slide.title for slide in qbr.tell(snapshot()).slides}
    assert titles["Decisions sought"] == "5 decisions are sought from this review"
    assert titles["Portfolio health"] == "2 of 4 projects with a status are at risk or blocked"
    assert titles["What slipped and why"] == "2 projects slipped past the planned end, by up to 41 days"
    assert titles["Risks and forecast"] == "2 blockers are open, the oldest for 29 days"
    assert titles["Outcomes delivered"] == "Search delivered the most, 29 of 62 merged pull requests"


def test_a_completed_project_does_not_slip() -> None:
    one = snapshot(("Late",))
    late = replace(one.projects[0], status="COMPLETED", end_date=date(2026, 8, 1))
    story = qbr.tell(replace(one, projects=(late,), blockers=()))
    assert "What slipped and why" not in {slide.section for slide in story.slides}


def test_the_appendix_is_capped_and_says_so() -> None:
    story = qbr.tell(many(75))
    assert sum(slide.number is None for slide in story.slides) == 60
    assert "15 more do not" in texts(slide_of(story, "Method, gaps and sources"))


def test_people_are_counted_and_never_named() -> None:
    story = qbr.tell(snapshot())
    people = texts(slide_of(story, "People and agents"))
    assert "42 people, 3 agents and 2 automation accounts" in people


@pytest.mark.parametrize("name", HARD_NAMES)
def test_a_project_of_any_name_has_a_review(name: str) -> None:
    story = qbr.tell(snapshot((name,), scope=ScopeType.PROJECT))
    assert story.subject.startswith(name[:90])
    assert all(slide.title and not slide.title.endswith(".") for slide in story.slides)


def test_notes_hold_source_and_definitions() -> None:
    for slide in qbr.tell(snapshot()).slides:
        if slide.key not in ("method", "definitions"):
            assert "lake snapshot 42" in slide.notes
    assert "pull requests" in slide_of(qbr.tell(snapshot()), "Flow").notes


def test_a_history_that_ends_early_is_named() -> None:
    one = snapshot(("Imported",))
    ended = replace(one, projects=(replace(one.projects[0], last_commit_on=date(2026, 8, 22)),))
    assert "No commit after 22 August 2026 is known." in texts(slide_of(qbr.tell(ended), "Method, gaps and sources"))
    assert "No commit after" not in texts(slide_of(qbr.tell(one), "Method, gaps and sources"))
