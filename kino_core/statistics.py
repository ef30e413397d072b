"""What chance allows to say of a few numbers in a row: whether they rise or fall, and when work will be done."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import combinations
from random import Random
from statistics import median

import pyarrow as pa
import pyarrow.compute as pc

from kino_core.metrics.declaration import Direction

TREND_PERIODS = 8
"""A trend is judged on the last so many periods, and on no fewer."""
SURE_BELOW = 0.1
"""How likely chance alone may bring about as much before numbers count as rising or falling."""

DRAWS = 10_000
FORECAST_WEEKS = 12
FEWEST_WEEKS = 4
FURTHEST_WEEKS = 520
_SEED = 20_261_122


class TrendWord(StrEnum):
    """How a metric goes; RISING and FALLING of one that has no better way."""

    IMPROVING = "improving"
    WORSENING = "worsening"
    RISING = "rising"
    FALLING = "falling"
    FLAT = "flat"


@dataclass(frozen=True)
class Trend:
    """How `n` periods in a row go: the slope a period (Theil and Sen) and how likely chance is (Mann and Kendall)."""

    word: TrendWord
    slope: float
    p: float
    n: int


@dataclass(frozen=True)
class Forecast:
    """In how many weeks from now all is done, in half of the draws and in 85 of 100."""

    p50_weeks: int
    p85_weeks: int


def trend(values: Sequence[float | None], better: Direction) -> Trend | None:
    """Return how `values`, the oldest first, go; None where fewer than TREND_PERIODS of them are known.

    A period without a value is a gap in time: what comes after it is as far away as if it had one.
    """
    known = [(float(place), value) for place, value in enumerate(values) if value is not None]
    if len(known) < TREND_PERIODS:
        return None
    slope, p = theil_sen(known), mann_kendall([value for _, value in known])
    # So many equal values that they differ for sure and yet half of all pairs does not: nothing to call a slope.
    word = TrendWord.FLAT if p >= SURE_BELOW or slope == 0 else _word(slope, better)
    return Trend(word, slope, p, len(known))


def theil_sen(points: Sequence[tuple[float, float]]) -> float:
    """Return the median of the slopes between all pairs of `points` (x, y), of which there are two or more."""
    return median((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2))


def mann_kendall(values: Sequence[float]) -> float:
    """Return how likely numbers without any trend rise or fall as steadily as `values`, either way.

    By the normal distribution, corrected for ties and for steps of a whole pair.
    """
    n = len(values)
    steps = sum((later > earlier) - (later < earlier) for earlier, later in combinations(values, 2))
    ties = [values.count(value) for value in set(values)]
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    if variance == 0:
        return 1.0
    return math.erfc(max(abs(steps) - 1, 0) / math.sqrt(variance) / math.sqrt(2))


def forecast(finished: Sequence[int], remaining: int) -> Forecast | None:
    """Return when `remaining` items are done if weeks go on like those in which `finished` items were done.

    DRAWS times, week after week is drawn from `finished`. None with fewer than FEWEST_WEEKS of them, and where 15 of
    100 draws are not done in ten years.
    """
    if len(finished) < FEWEST_WEEKS:
        return None
    # In whatever order the weeks were: the answer is the same, and so it is often known already.
    return _drawn(tuple(sorted(finished)), remaining)


@lru_cache(maxsize=65_536)
def _drawn(finished: tuple[int, ...], remaining: int) -> Forecast | None:
    if remaining <= 0:
        return Forecast(0, 0)
    if finished[-1] <= 0:
        return None
    weeks = pa.array(finished, pa.int64())
    done = pa.repeat(pa.scalar(0, pa.int64()), DRAWS)
    p50: int | None = None
    for week in range(1, FURTHEST_WEEKS + 1):
        done = pc.add(done, pc.take(weeks, _places(week, len(finished))))
        through = pc.sum(pc.greater_equal(done, remaining)).as_py()
        if p50 is None and through >= DRAWS * 0.5:
            p50 = week
        if p50 is not None and through >= DRAWS * 0.85:
            return Forecast(p50, week)
    return None


@lru_cache(maxsize=1_024)
def _places(week: int, choices: int) -> pa.Array:
    """Return which of `choices` each draw takes in its `week`: the same on every machine."""
    drawn = Random(f"{_SEED}/{week}").randbytes(DRAWS * 4)
    numbers = pa.Array.from_buffers(pa.uint32(), DRAWS, [None, pa.py_buffer(drawn)]).cast(pa.uint64())
    return pc.shift_right(pc.multiply(numbers, pa.scalar(choices, pa.uint64())), pa.scalar(32, pa.uint64()))


def _word(slope: float, better: Direction) -> TrendWord:
    if better is Direction.NEITHER:
        return TrendWord.RISING if slope > 0 else TrendWord.FALLING
    return TrendWord.IMPROVING if (slope > 0) == (better is Direction.UP) else TrendWord.WORSENING
