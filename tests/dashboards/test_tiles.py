from datetime import UTC, date, datetime

import pytest

from dashboards.tiles import tile
from kino_core.comparisons import period_before
from kino_core.gold import PORTFOLIO, MetricValue
from kino_core.metrics import Metric
from kino_core.metrics.agents import AGENT_COMMIT_SHARE, BLOCKERS_OPEN
from kino_core.metrics.code import COMMITS, PR_SIZE, PRS_MERGED
from kino_core.periods import parse_period

NOVEMBER = parse_period("2026-11")
OCTOBER = parse_period("2026-10")


def found(
    metric: Metric,
    value: float | None,
    *,
    n: int = 50,
    coverage: float | None = 1.0,
    lower: float | None = None,
    upper: float | None = None,
) -> MetricValue:
    return MetricValue(metric, PORTFOLIO, NOVEMBER, value, n, coverage, lower, upper, datetime.now(UTC), 7)


@pytest.mark.parametrize(
    ("period", "today", "words"),
    [
        ("2026-11", date(2026, 11, 22), "2026-10-01/2026-10-22"),
        ("2026-11", date(2026, 11, 30), "2026-10"),
        ("2026-03", date(2026, 3, 31), "2026-02"),
        ("2026-03", date(2026, 3, 30), "2026-02"),
        ("2026-Q4", date(2026, 10, 1), "2026-07-01/2026-07-01"),
        ("2026-Q2", date(2026, 11, 22), "2026-Q1"),
    ],
)
def test_a_running_period_is_held_against_as_many_days(period: str, today: date, words: str) -> None:
    assert str(period_before(COMMITS, parse_period(period), today)) == words


@pytest.mark.parametrize("metric", [AGENT_COMMIT_SHARE, PR_SIZE, BLOCKERS_OPEN])
def test_what_does_not_grow_with_the_days_is_held_against_the_whole_period_before(metric: Metric) -> None:
    assert period_before(metric, NOVEMBER, date(2026, 11, 3)) == OCTOBER


def test_no_data_is_no_zero_and_has_no_change() -> None:
    made = tile(found(COMMITS, None, n=0, coverage=None), found(COMMITS, 5), OCTOBER, "/x")
    assert made.value is None
    assert made.change is None
    assert made.href is None


def test_a_share_shows_its_range_and_changes_in_points() -> None:
    made = tile(found(AGENT_COMMIT_SHARE, 0.25, lower=0.25, upper=0.4), found(AGENT_COMMIT_SHARE, 0.2), OCTOBER, "/x")
    assert made.range == (0.25, 0.4)
    assert made.change is not None
    assert made.change.words.startswith("+5.0 points")
    assert made.change.verdict == ""


@pytest.mark.parametrize(
    ("now", "before", "n", "verdict"), [(60, 50, 60, "better"), (40, 50, 40, "worse"), (3, 2, 3, "")]
)
def test_a_change_is_judged_only_on_enough_entities(now: float, before: float, n: int, verdict: str) -> None:
    made = tile(found(PRS_MERGED, now, n=n), found(PRS_MERGED, before, n=int(before)), OCTOBER, "/x")
    assert made.change is not None
    assert made.change.verdict == verdict


def test_a_level_changes_by_a_number_never_by_percent() -> None:
    made = tile(found(BLOCKERS_OPEN, 30, n=30), found(BLOCKERS_OPEN, 10, n=10), OCTOBER, "/x")
    assert made.change is not None
    assert made.change.words.startswith("+20 ")
    assert made.change.verdict == "worse"


def test_missing_input_is_named() -> None:
    made = tile(found(COMMITS, 5, n=5, coverage=0.5), None, OCTOBER, "/x")
    assert made.note is not None
    assert "50.0" in made.note
    assert "known" in made.note
