"""The geometry of the small pictures that templates draw as SVG; no colour and no markup here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dashboards.formats import period_name, quantity, tick_name
from kino_core.gold import Point
from kino_core.metrics import Metric
from kino_core.periods import Grain, Period

SPARK_WIDTH = 80
SPARK_HEIGHT = 20
_DOT_RADIUS = 2.5
MOST_TICKS = 6
"""Words that fit under a chart on a telephone."""


@dataclass(frozen=True)
class Sparkline:
    """A line in a box of 80 by 20: `lines` are SVG point lists, one for each stretch without a gap."""

    lines: tuple[str, ...]
    dot: tuple[float, float] | None


def sparkline(values: Sequence[float | None], top: float) -> Sparkline:
    """Return the line of `values`, oldest first, where `top` is the greatest value of the whole column.

    A missing value breaks the line; the dot marks the last point that has one.
    """
    step = (SPARK_WIDTH - 2 * _DOT_RADIUS) / max(1, len(values) - 1)
    span = SPARK_HEIGHT - 2 * _DOT_RADIUS
    stretches: list[list[tuple[float, float]]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            stretches.append([])
            continue
        height = value / top if top > 0 else 0.0
        stretches[-1].append((round(_DOT_RADIUS + index * step, 1), round(_DOT_RADIUS + span * (1 - height), 1)))
    drawn = [stretch for stretch in stretches if stretch]
    lines = tuple(" ".join(f"{x:g},{y:g}" for x, y in stretch) for stretch in drawn if len(stretch) > 1)
    return Sparkline(lines, drawn[-1][-1] if drawn else None)


@dataclass(frozen=True)
class Bar:
    """One period of a bar chart; `height` is its part of the axis, 0 to 100, and None where there is no data.

    `tick` stands under it and may be empty, `name` says the period in full, `words` the period and its value.
    """

    name: str
    words: str
    tick: str
    value: float | None
    height: float | None
    unfinished: bool


@dataclass(frozen=True)
class BarChart:
    """Bars from the oldest to the newest and the values that stand at the axis, from the top down."""

    grain: Grain
    bars: tuple[Bar, ...]
    axis: tuple[float, float, float]
    summary: str

    @property
    def has_data(self) -> bool:
        """Return whether any bar has a value."""
        return any(bar.value is not None for bar in self.bars)


def bar_chart(points: Sequence[Point], metric: Metric, grain: Grain, today: date) -> BarChart:
    """Return the bars of a metric's series; `today` tells which period is still running."""
    top = rounded_up(max((point.value for point in points if point.value is not None), default=0.0))
    every = max(1, math.ceil(len(points) / MOST_TICKS))
    bars = tuple(
        _bar(point, metric, grain, top, today, ticked=index % every == 0) for index, point in enumerate(points)
    )
    summary = f"{metric.label} by {grain}: " + "; ".join(bar.words for bar in bars)
    return BarChart(grain, bars, (top, top / 2, 0.0), summary)


def _bar(point: Point, metric: Metric, grain: Grain, top: float, today: date, *, ticked: bool) -> Bar:
    name = period_name(Period(point.start, point.end))
    unfinished = point.start <= today <= point.end
    return Bar(
        name=name,
        words=f"{name}{' so far' if unfinished else ''}: {quantity(point.value, metric.unit)}",
        tick=tick_name(point.start, grain) if ticked else "",
        value=point.value,
        height=None if point.value is None else round(100 * point.value / top, 2),
        unfinished=unfinished,
    )


def rounded_up(value: float) -> float:
    """Return the next round number that is not below `value` and whose half is whole: 2, 4, 6, 8, 10, 12, 16, 20 …"""
    magnitude = 10.0 ** max(0, math.floor(math.log10(value))) if value > 0 else 1.0
    steps = (2.0, 4.0, 6.0, 8.0, 10.0) if magnitude == 1 else (1.0, 1.2, 1.6, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0)
    return next(step * magnitude for step in steps if step * magnitude >= value)
