"""How numbers, times and periods are written for people."""

import math
from datetime import UTC, date, datetime

from markupsafe import Markup, escape

from kino_core.gold import MetricValue
from kino_core.metrics import Unit
from kino_core.periods import Grain, Period
from kino_core.words import plural as plural
from kino_core.words import relative as relative

NO_DATA = "no data"
_MINUS = "\N{MINUS SIGN}"
_THIN = "\N{NARROW NO-BREAK SPACE}"


def number(value: float) -> str:
    """Return `value` with thousands marked and at most one decimal: 1,234 or 2.5."""
    rounded = round(value, 1)
    text = f"{abs(rounded):,.0f}" if rounded == int(rounded) else f"{abs(rounded):,.1f}"
    return f"{_MINUS}{text}" if rounded < 0 else text


def share(value: float) -> str:
    """Return a share of 0 to 1 as a percentage; what is neither none nor all never reads as 0 or 100."""
    percent = value * 100
    if 0 < percent < 0.1:
        return f"<{_THIN}0.1{_THIN}%"
    if 99.9 < percent < 100:
        return f">{_THIN}99.9{_THIN}%"
    return f"{percent:.0f}{_THIN}%" if percent in (0, 100) else f"{percent:.1f}{_THIN}%"


def quantity(value: float | None, unit: Unit) -> str:
    """Return `value` as its unit is written; "no data" for None."""
    if value is None:
        return NO_DATA
    return share(value) if unit is Unit.SHARE else number(value)


def bounds(found: MetricValue) -> str | None:
    """Return the range of a value that has bounds apart, such as "4.1 % to 18.2 %", else None."""
    if found.lower is None or found.upper is None or math.isclose(found.lower, found.upper):
        return None
    return f"{quantity(found.lower, found.metric.unit)} to {quantity(found.upper, found.metric.unit)}"


def exact(moment: datetime) -> str:
    """Return the moment in UTC to the second: "22 Nov 2026, 20:15:07 UTC"."""
    there = moment.astimezone(UTC)
    return f"{there.day} {there:%b %Y, %H:%M:%S} UTC"


def day(value: date) -> str:
    """Return a day: "22 Nov 2026"."""
    return f"{value.day} {value:%b %Y}"


def period_name(period: Period) -> str:
    """Return the period as people say it: "November 2026", "Q4 2026", "week 47 of 2026"."""
    start, end = period.start, period.end
    match period.grain:
        case Grain.YEAR:
            return f"{start:%Y}"
        case Grain.QUARTER:
            return f"Q{(start.month + 2) // 3} {start:%Y}"
        case Grain.MONTH:
            return f"{start:%B %Y}"
        case Grain.WEEK:
            year, week, _ = start.isocalendar()
            return f"week {week} of {year}"
        case Grain.DAY:
            return day(start)
        case _:
            return _range_name(start, end)


def _range_name(start: date, end: date) -> str:
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day}\N{EN DASH}{day(end)}"
    if start.year == end.year:
        return f"{start.day} {start:%b} \N{EN DASH} {day(end)}"
    return f"{day(start)} \N{EN DASH} {day(end)}"


def tick_name(start: date, grain: Grain) -> str:
    """Return what stands under a bar of a chart: "Nov", "12 Oct", "Q3", "2026"."""
    match grain:
        case Grain.MONTH:
            return f"{start:%b}"
        case Grain.QUARTER:
            return f"Q{(start.month + 2) // 3}"
        case Grain.YEAR:
            return f"{start:%Y}"
        case _:
            return f"{start.day} {start:%b}"


def with_commands(text: str) -> Markup:
    """Return `text` for a page: what stands between backticks, as messages write commands, is set as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else part for place, part in enumerate(parts)
    )
