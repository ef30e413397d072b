"""A chart, declared once; `svg`, `plotly_figure` and `deck.charts` draw it, all from the same numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from kino_core.metrics import Unit
from kino_core.periods import Grain
from kino_reports import measure
from kino_reports.snapshot import Step
from kino_reports.wording import figure, plural, step_label

BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
PURPLE, ORANGE, SKY = "#CC79A7", "#E69F00", "#56B4E9"
GREY = "#D5DAE1"
OUTLINE = "#4B5563"
OUTLINED = frozenset({ORANGE, SKY, PURPLE, GREY})
"""Colours too pale to stand on white alone: drawn with an outline."""

AXIS_SIZE = 12.0
"""Points."""

MOST_LABELS = 16
"""More numbers than this crowd a chart; its table still holds every one."""


class ChartKind(StrEnum):
    """How the series are drawn."""

    COLUMN = "column"
    BAR = "bar"
    STACKED_BAR = "stacked_bar"
    LINE = "line"


@dataclass(frozen=True)
class Series:
    """One row of numbers, as long as the chart's categories; None where there is no data."""

    name: str
    values: tuple[float | None, ...]
    color: str


@dataclass(frozen=True)
class Chart:
    """What is drawn; `title` names the measure and its unit, `alt` says in words what the picture shows."""

    key: str
    kind: ChartKind
    title: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    unit: Unit
    alt: str

    @property
    def labelled(self) -> bool:
        """Return whether every value stands beside its mark."""
        return len(self.categories) * len(self.series) <= MOST_LABELS

    @property
    def ticks(self) -> list[float]:
        """Return the round numbers of its value axis, with room for the numbers above the marks."""
        if self.kind is ChartKind.STACKED_BAR:
            return [0.0, 1.0]
        most = max((value for series in self.series for value in series.values if value is not None), default=0.0)
        ticks = nice_ticks(most, self.unit)
        if self.labelled and self.kind is not ChartKind.BAR and most > 0.92 * ticks[-1] and ticks[-1] != 1:
            ticks.append(round(2 * ticks[-1] - ticks[-2], 10))
        return ticks

    def dips(self, series: Series, place: int) -> bool:
        """Return whether a line turns upwards at `place`, so that its number stands better below the line."""
        around = [value for value in series.values[max(0, place - 1) : place + 2] if value is not None]
        here = series.values[place]
        return here is not None and len(around) > 1 and here == min(around) and here != max(around)

    def text(self, value: float | None) -> str:
        """Return one of its values as shown."""
        return figure(value, self.unit)


def over_time(
    key: str, title: str, unit: Unit, lines: Sequence[tuple[str, tuple[Step, ...]]], grain: Grain, kind: ChartKind
) -> Chart | None:
    """Return a chart of one or two series over the same steps; None with fewer than two steps that have data."""
    steps = max((steps for _, steps in lines), key=len, default=())
    if sum(step.value is not None for step in steps) < 2:
        return None
    starts = [step.start for step in steps]
    series = tuple(
        Series(name, tuple({step.start: step.value for step in steps}.get(start) for start in starts), color)
        for (name, steps), color in zip(lines, (BLUE, VERMILLION), strict=False)
    )
    categories = tuple(step_label(start, grain) for start in starts)
    return Chart(key, kind, title, categories, series, unit, _alt(title, categories, series, unit))


def by_name(key: str, title: str, unit: Unit, values: Sequence[tuple[str, float | None]], name: str) -> Chart | None:
    """Return horizontal bars, one a name, in the order given; None without any value."""
    known = [(label, value) for label, value in values if value is not None]
    if not known:
        return None
    categories = tuple(label for label, _ in known)
    series = (Series(name, tuple(value for _, value in known), BLUE),)
    return Chart(key, ChartKind.BAR, title, categories, series, unit, _alt(title, categories, series, unit))


def shares_with_bounds(key: str, title: str, rows: Sequence[tuple[str, float | None, float | None]]) -> Chart | None:
    """Return stacked bars to 100%: with evidence (lower bound), possible (up to the upper bound), and the rest."""
    known = [(label, lower, upper) for label, lower, upper in rows if lower is not None and upper is not None]
    if not known:
        return None
    categories = tuple(label for label, _, _ in known)
    series = (
        Series("Evidence of an agent", tuple(lower for _, lower, _ in known), BLUE),
        Series("Possible", tuple(max(0.0, round(upper - lower, 9)) for _, lower, upper in known), SKY),
        Series("No sign", tuple(max(0.0, round(1 - upper, 9)) for _, _, upper in known), GREY),
    )
    alt = _alt(title, categories, series, Unit.SHARE)
    return Chart(key, ChartKind.STACKED_BAR, title, categories, series, Unit.SHARE, alt)


def nice_ticks(most: float, unit: Unit) -> list[float]:
    """Return three to six round numbers from 0 up to at least `most`."""
    if most <= 0:
        return [0.0, 1.0]
    rough = most / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    if unit is not Unit.SHARE:
        step = max(1.0, float(math.ceil(step)))
    count = math.ceil(most / step - 1e-9)
    ticks = [round(step * place, 10) for place in range(count + 1)]
    return [tick for tick in ticks if tick <= 1] if unit is Unit.SHARE and most <= 1 < ticks[-1] else ticks


def label_every(chart: Chart, slot: float) -> int:
    """Return at which distance categories are named on an axis with `slot` inches for each, so that none collide."""
    widest = max(measure.width(category, AXIS_SIZE) for category in chart.categories) + 0.09
    return max(1, math.ceil(widest / slot))


def _alt(title: str, categories: tuple[str, ...], series: tuple[Series, ...], unit: Unit) -> str:
    told = []
    for each in series:
        known = [(value, label) for value, label in zip(each.values, categories, strict=True) if value is not None]
        if len(known) == 1:
            told.append(f"{each.name}: {figure(known[0][0], unit)} in {known[0][1]}.")
        elif known:
            low, high = min(known, key=lambda pair: pair[0]), max(known, key=lambda pair: pair[0])
            told.append(
                f"{each.name}: lowest {figure(low[0], unit)} ({low[1]}), highest {figure(high[0], unit)} ({high[1]})."
            )
        missing = len(each.values) - len(known)
        if missing:
            told.append(f"{plural(missing, 'value')} of {each.name} without data.")
    return " ".join([f"Chart: {title}.", *told])
