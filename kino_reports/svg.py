"""A chart as SVG text: in the PDF, and in HTML for readers without scripts. No inline style, no script, no id."""

from collections.abc import Callable, Iterator
from html import escape

from kino_core.metrics import Unit
from kino_reports import measure
from kino_reports.charts import BLUE, OUTLINE, OUTLINED, VERMILLION, Chart, ChartKind, Series, label_every
from kino_reports.look import FONTS, INK, OTHER_FONTS, RULE
from kino_reports.wording import figure

TEXT = 12.0
"""Points; a pixel here is 1/96 inch, so text is 16 px high."""

_PX = 96.0
_TEXT_PX = TEXT * _PX / 72
_LINE = _TEXT_PX * 1.25


def draw(chart: Chart, wide: float, high: float) -> str:
    """Return `chart` as an SVG element of `wide` × `high` inches that scales with its `viewBox`."""
    width, height = wide * _PX, high * _PX
    top = _LINE * 1.4 if len(chart.series) > 1 else 4.0
    parts = list(_legend(chart)) if len(chart.series) > 1 else []
    if chart.kind in (ChartKind.BAR, ChartKind.STACKED_BAR):
        parts += _bars(chart, width, top, height)
    else:
        parts += _along_time(chart, width, top, height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" color="{INK}" font-family="{FONTS}" '
        f'font-size="{_TEXT_PX:.0f}" role="img" aria-label="{escape(chart.alt)}">{"".join(parts)}</svg>'
    )


def _legend(chart: Chart) -> Iterator[str]:
    left = 0.0
    for series in chart.series:
        yield _rectangle(left, 4, 12, 12, series.color)
        yield _text(series.name, left + 18, 15)
        left += 18 + _wide(series.name) + 26


def _along_time(chart: Chart, width: float, top: float, height: float) -> Iterator[str]:
    ticks = chart.ticks
    left = max(_wide(_tick(tick, chart.unit)) for tick in ticks) + 12
    plot_top, bottom = top + 10, height - _LINE * (2.2 if chart.kind is ChartKind.LINE else 1.3)

    def vertical(value: float) -> float:
        return bottom - (bottom - plot_top) * value / ticks[-1]

    for tick in ticks:
        y = vertical(tick)
        yield f'<line x1="{left:.1f}" x2="{width:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{RULE}" stroke-width="1"/>'
        yield _text(_tick(tick, chart.unit), left - 8, y + _TEXT_PX * 0.35, anchor="end")
    slot = (width - left) / len(chart.categories)
    yield from _categories(chart, left, slot, height)
    if chart.kind is ChartKind.LINE:
        for series in chart.series:
            points = [
                None if value is None else (left + slot * (place + 0.5), vertical(value))
                for place, value in enumerate(series.values)
            ]
            yield from _line(chart, series, points)
    else:
        yield from _columns(chart, left, slot, bottom, vertical)


def _categories(chart: Chart, left: float, slot: float, height: float) -> Iterator[str]:
    every = label_every(chart, slot / _PX)
    for place, category in enumerate(chart.categories):
        if place % every == 0:
            yield _text(category, left + slot * (place + 0.5), height - 6, anchor="middle")


def _columns(
    chart: Chart, left: float, slot: float, bottom: float, vertical: Callable[[float], float]
) -> Iterator[str]:
    wide = min(48.0, slot * 0.62 / len(chart.series))
    for index, series in enumerate(chart.series):
        for place, value in enumerate(series.values):
            if value is None:
                continue
            x = left + slot * (place + 0.5) + wide * (index - len(chart.series) / 2)
            yield _rectangle(x, vertical(value), wide, max(0.0, bottom - vertical(value)), series.color)
            if chart.labelled and _wide(chart.text(value)) <= slot / len(chart.series) + 2:
                yield _text(chart.text(value), x + wide / 2, vertical(value) - 5, anchor="middle")


def _line(chart: Chart, series: Series, points: list[tuple[float, float] | None]) -> Iterator[str]:
    path, pen = [], "M"
    for point in points:
        if point is None:
            pen = "M"
            continue
        path.append(f"{pen}{point[0]:.1f} {point[1]:.1f}")
        pen = "L"
    yield f'<path d="{"".join(path)}" fill="none" stroke="{series.color}" stroke-width="2.5"/>'
    for place, (point, value) in enumerate(zip(points, series.values, strict=True)):
        if point is not None:
            yield f'<circle cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="4" fill="{series.color}"/>'
            if chart.labelled:
                yield _text(
                    chart.text(value), point[0], point[1] + (24 if chart.dips(series, place) else -9), anchor="middle"
                )


def _bars(chart: Chart, width: float, top: float, height: float) -> Iterator[str]:
    label = min(width * 0.4, max(_wide(category) for category in chart.categories) + 12)
    stacked = chart.kind is ChartKind.STACKED_BAR
    values = [value for series in chart.series for value in series.values if value is not None]
    room = width - label - (0 if stacked else max(_wide(chart.text(value)) for value in values) + 10)
    most = 1.0 if stacked else max(values) or 1.0
    slot = (height - top) / len(chart.categories)
    thick = min(48.0, slot * 0.62)
    for place, category in enumerate(chart.categories):
        y = top + slot * place + (slot - thick) / 2
        middle = y + thick / 2 + _TEXT_PX * 0.35
        yield _text(measure.cut(category, TEXT, label / _PX, 1), label - 12, middle, anchor="end")
        x = label
        for series in chart.series:
            value = series.values[place]
            if value is None:
                continue
            long = room * value / most
            yield _rectangle(x, y, long, thick, series.color)
            if not stacked:
                yield _text(chart.text(value), x + long + 8, middle)
            elif _wide(chart.text(value)) + 10 <= long:
                inside = "#FFFFFF" if series.color in (BLUE, VERMILLION) else INK
                yield _text(chart.text(value), x + long / 2, middle, anchor="middle", fill=inside)
            x += long


def _tick(value: float, unit: Unit) -> str:
    return f"{value * 100:.0f}%" if unit is Unit.SHARE else figure(value, unit)


def _wide(text: str) -> float:
    return measure.width(text, TEXT) * _PX


def _rectangle(x: float, y: float, wide: float, high: float, color: str) -> str:
    outline = f' stroke="{OUTLINE}" stroke-width="1"' if color in OUTLINED else ""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" fill="{color}"{outline}/>'


def _text(words: str, x: float, y: float, *, anchor: str = "start", fill: str = "currentColor") -> str:
    family = "" if all(known for _, known in measure.runs(words)) else f' font-family="{OTHER_FONTS}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}"{family}>{escape(words)}</text>'
