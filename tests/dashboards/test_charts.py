from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dashboards.charts import SPARK_HEIGHT, SPARK_WIDTH, bar_chart, rounded_up, sparkline
from kino_core.gold import Point
from kino_core.metrics.code import COMMITS
from kino_core.periods import Grain

TODAY = date(2026, 11, 22)


def months(values: list[float | None]) -> list[Point]:
    return [
        Point(date(2026, place, 1), Grain.MONTH.last_of(date(2026, place, 1)), value, int(value or 0))
        for place, value in enumerate(values, start=1)
    ]


@given(st.lists(st.none() | st.integers(0, 10_000), min_size=1, max_size=30))
def test_a_sparkline_stays_in_its_box_and_ends_in_a_dot(values: list[int | None]) -> None:
    line = sparkline(values, max((value for value in values if value is not None), default=0))
    points = [tuple(map(float, pair.split(","))) for drawn in line.lines for pair in drawn.split()]
    assert all(0 <= x <= SPARK_WIDTH and 0 <= y <= SPARK_HEIGHT for x, y in points)
    assert (line.dot is None) == all(value is None for value in values)


def test_a_gap_breaks_the_line_and_one_scale_serves_a_whole_column() -> None:
    broken = sparkline([1, 2, None, 2, 1], top=4)
    assert len(broken.lines) == 2
    low, high = sparkline([0, 1], top=10), sparkline([0, 10], top=10)
    assert low.dot is not None
    assert high.dot is not None
    assert low.dot[1] > high.dot[1]


@given(st.floats(0, 1e9))
def test_an_axis_covers_its_values_without_much_room_above(value: float) -> None:
    top = rounded_up(value)
    assert top >= value
    assert top / 2 == int(top / 2)
    assert top <= max(2.0, 2 * value)


def test_what_is_missing_has_no_bar_and_what_is_zero_has_none_either_but_says_so() -> None:
    chart = bar_chart(months([10, 0, None]), COMMITS, Grain.MONTH, TODAY)
    assert [bar.height for bar in chart.bars] == [100, 0, None]
    assert [bar.words for bar in chart.bars] == ["January 2026: 10", "February 2026: 0", "March 2026: no data"]


def test_the_running_period_is_marked() -> None:
    chart = bar_chart(months([1] * 11), COMMITS, Grain.MONTH, TODAY)
    assert [bar.unfinished for bar in chart.bars] == [False] * 10 + [True]
    assert "November 2026 so far: 1" in chart.summary


def test_ticks_leave_each_other_room() -> None:
    days = [Point(TODAY + timedelta(days=place), TODAY + timedelta(days=place), 1, 1) for place in range(31)]
    chart = bar_chart(days, COMMITS, Grain.DAY, TODAY)
    assert 3 <= sum(1 for bar in chart.bars if bar.tick) <= 6
