"""Trends and forecasts against numbers worked out by hand."""

import math

import pytest

from kino_core.metrics import Direction
from kino_core.statistics import Forecast, TrendWord, forecast, mann_kendall, theil_sen, trend


def test_the_slope_is_the_median_of_all_pairs() -> None:
    # Pairs of (0, 0), (1, 1), (2, 10), (3, 3): slopes 1, 5, 1, 9, 1, -7; the median of -7, 1, 1, 1, 5, 9 is 1.
    assert theil_sen([(0, 0), (1, 1), (2, 10), (3, 3)]) == 1
    assert theil_sen([(0, 4), (2, 0)]) == -2


@pytest.mark.parametrize(
    ("values", "steps", "variance"),
    [
        # Every one of the 28 pairs rises; the variance of 8 different numbers is 8 * 7 * 21 / 18.
        ([1, 2, 3, 4, 5, 6, 7, 8], 28, 8 * 7 * 21 / 18),
        # Two neighbours exchanged: 27 pairs rise, one falls.
        ([2, 1, 3, 4, 5, 6, 7, 8], 26, 8 * 7 * 21 / 18),
        # Four zeros and four ones: 16 pairs rise, 12 are ties, and each group of four takes 4 * 3 * 13 off.
        ([0, 0, 0, 0, 1, 1, 1, 1], 16, (8 * 7 * 21 - 2 * 4 * 3 * 13) / 18),
    ],
)
def test_how_likely_chance_is(values: list[float], steps: int, variance: float) -> None:
    z = (steps - 1) / math.sqrt(variance)
    assert mann_kendall(values) == pytest.approx(math.erfc(z / math.sqrt(2)))
    assert mann_kendall(values[::-1]) == pytest.approx(mann_kendall(values)), "falling is as unlikely as rising"


def test_chance_as_tables_of_the_normal_distribution_have_it() -> None:
    # z = 25 / 8.0829 = 3.0929, of which tables say 0.00198.
    assert mann_kendall([2, 1, 3, 4, 5, 6, 7, 8]) == pytest.approx(0.00198, abs=0.00001)
    assert mann_kendall([5.0] * 8) == 1
    assert mann_kendall([1, 2]) == 1, "one pair tells nothing"


@pytest.mark.parametrize(
    ("values", "better", "word"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 8], Direction.UP, TrendWord.IMPROVING),
        ([1, 2, 3, 4, 5, 6, 7, 8], Direction.DOWN, TrendWord.WORSENING),
        ([8, 7, 6, 5, 4, 3, 2, 1], Direction.DOWN, TrendWord.IMPROVING),
        ([8, 7, 6, 5, 4, 3, 2, 1], Direction.UP, TrendWord.WORSENING),
        ([1, 2, 3, 4, 5, 6, 7, 8], Direction.NEITHER, TrendWord.RISING),
        ([8, 7, 6, 5, 4, 3, 2, 1], Direction.NEITHER, TrendWord.FALLING),
        ([1, 2, 1, 2, 1, 2, 1, 2], Direction.UP, TrendWord.FLAT),
        ([3] * 8, Direction.UP, TrendWord.FLAT),
        # 21 pairs rise and 7 fall: z = 13 / 8.0829 = 1.608, and chance does that in 10.8 of 100 cases.
        ([2, 1, 4, 3, 6, 5, 1.5, 8], Direction.UP, TrendWord.FLAT),
    ],
)
def test_the_word(values: list[float], better: Direction, word: TrendWord) -> None:
    found = trend(values, better)
    assert found is not None
    assert found.word is word
    assert (found.p < 0.1) == (word is not TrendWord.FLAT)


def test_fewer_than_eight_known_values_are_no_trend() -> None:
    assert trend([1, 2, 3, 4, 5, 6, 7], Direction.UP) is None
    assert trend([1, 2, None, 4, 5, 6, 7, 8], Direction.UP) is None
    found = trend([1, None, 3, 4, 5, 6, 7, 8, 9], Direction.UP)
    assert found is not None
    assert (found.slope, found.n) == (1, 8), "a gap is a gap in time"


def test_a_forecast_by_hand() -> None:
    # Two a week, always: ten are done in the fifth week, whatever is drawn.
    assert forecast([2, 2, 2, 2], 10) == Forecast(5, 5)
    assert forecast([2, 2, 2, 2], 9) == Forecast(5, 5)
    # A week does 0 or 1 with the same chance, so one item needs k weeks with 1 / 2^k: 50 % and more in the first or
    # second week, 87.5 % by the third.
    found = forecast([0, 1, 0, 1], 1)
    assert found is not None
    assert found.p50_weeks in (1, 2)
    assert found.p85_weeks == 3


def test_draws_come_near_to_what_is_exact() -> None:
    # Of 1 or 3 a week, 16 items: the exact chance to be done by week k is that of enough weeks with 3 among k.
    def chance(k: int) -> float:
        return sum(math.comb(k, threes) for threes in range(k + 1) if k + 2 * threes >= 16) / 2**k

    found = forecast([1, 3, 1, 3, 1, 3], 16)
    assert found is not None
    assert chance(found.p50_weeks) >= 0.5 > chance(found.p50_weeks - 1)
    assert chance(found.p85_weeks) >= 0.85 > chance(found.p85_weeks - 1)


def test_no_forecast_without_input() -> None:
    assert forecast([5, 5, 5], 3) is None, "three weeks are too few"
    assert forecast([0, 0, 0, 0], 3) is None, "it would never be done"
    assert forecast([0] * 11 + [1], 1_000) is None, "not in ten years"
    assert forecast([0, 0, 0, 0], 0) == Forecast(0, 0), "there is nothing left to do"


def test_the_same_question_has_the_same_answer() -> None:
    assert forecast([0, 1, 2, 3, 0, 1], 20) == forecast([3, 2, 1, 1, 0, 0], 20) == Forecast(17, 22)
