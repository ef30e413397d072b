"""Numbers, dates and names as the words and figures that every form of a report shows."""

import re
import unicodedata
from datetime import date, datetime

from kino_core.metrics import Unit
from kino_core.periods import Grain, Period

NO_DATA = "no data"

_ILLEGAL_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPACES = re.compile(r"\s+")
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI"})
_BIDI_CONTROLS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f]")


def clean(text: str) -> str:
    """Return `text` on one line without what XML forbids and without controls that turn the line around.

    Variation selectors go too: where no emoji font is, they alone would leave a dotted circle behind.
    """
    return _SPACES.sub(" ", _VARIATION_SELECTORS.sub("", _BIDI_CONTROLS.sub("", legal(text)))).strip()


def legal(text: str) -> str:
    """Return `text` without the characters that XML forbids."""
    return _ILLEGAL_IN_XML.sub("", text)


def shorten(text: str, limit: int) -> str:
    """Return `text`, cut with an ellipsis to at most `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def named(name: str, limit: int = 40) -> str:
    """Return a name to stand inside an English sentence: shortened, and isolated when it runs right to left."""
    short = shorten(name, limit)
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in short):
        return f"\u2068{short}\u2069"
    return short


def figure(value: float | None, unit: Unit) -> str:
    """Return a value as shown everywhere: `1,234`, `34.2%` or `no data`; only nothing is 0% and only all is 100%."""
    if value is None:
        return NO_DATA
    if unit is Unit.SHARE:
        return _share(value * 100)
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def bounds(lower: float | None, upper: float | None, unit: Unit) -> str | None:
    """Return `34% to 51%`, or None when there are no bounds."""
    if lower is None or upper is None:
        return None
    return f"{figure(lower, unit)} to {figure(upper, unit)}"


def difference(now: float | None, before: float | None, unit: Unit) -> str | None:
    """Return the change as `+12%`, `−3.0 points` or `+5` (counts from 0), or None where one of the two is missing."""
    if now is None or before is None:
        return None
    if unit is Unit.SHARE:
        points = round((now - before) * 100, 1)
        return "unchanged" if points == 0 else f"{_sign(points)}{abs(points):.1f} points"
    if before == 0:
        return "unchanged" if now == 0 else f"{_sign(now)}{abs(now):,.0f}, from 0"
    percent = round((now - before) / abs(before) * 100)
    return "unchanged" if now == before else f"{_sign(now - before)}{abs(percent):,}%"


def plural(count: float, one: str, many: str | None = None) -> str:
    """Return `1 commit`, `1,234 commits`."""
    return f"{count:,.0f} {one if count == 1 else many or one + 's'}"


def listed(items: list[str]) -> str:
    """Return `a`, `a and b` or `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def day(moment: date) -> str:
    """Return `3 September 2026`."""
    return f"{moment.day} {moment:%B} {moment.year}"


def brief_day(moment: date) -> str:
    """Return `3 Sep 2026`."""
    return f"{moment.day} {moment:%b} {moment.year}"


def short_day(moment: date) -> str:
    """Return `3 Sep`."""
    return f"{moment.day} {moment:%b}"


def minute(moment: datetime) -> str:
    """Return `22 November 2026, 20:00 UTC`; `moment` is in UTC."""
    return f"{day(moment)}, {moment:%H:%M} UTC"


def period_name(period: Period) -> str:
    """Return `Q3 2026`, `September 2026`, `week 37 of 2026`, `2026`, or the days of a free range."""
    match period.grain:
        case Grain.QUARTER:
            return f"Q{(period.start.month + 2) // 3} {period.start.year}"
        case Grain.MONTH:
            return f"{period.start:%B %Y}"
        case Grain.WEEK:
            year, week, _ = period.start.isocalendar()
            return f"week {week} of {year}"
        case Grain.YEAR:
            return f"{period.start.year}"
        case Grain.DAY:
            return day(period.start)
        case _:
            return days_of(period)


def short_period(period: Period) -> str:
    """Return the period's name where there is little room: `Q3 2026`, `Sep 2026`, `week 37`."""
    match period.grain:
        case Grain.MONTH:
            return f"{period.start:%b %Y}"
        case Grain.WEEK:
            return f"week {period.start.isocalendar().week}"
        case Grain.DAY:
            return brief_day(period.start)
        case _:
            return period_name(period)


def period_word(period: Period) -> str:
    """Return what a period of this length is called: `quarter`, `month` … or `period`."""
    return period.grain.value if period.grain else "period"


def days_of(period: Period) -> str:
    """Return the first and last day: `1 July to 30 September 2026`."""
    if period.start == period.end:
        return day(period.start)
    if period.start.year == period.end.year:
        return f"{period.start.day} {period.start:%B} to {day(period.end)}"
    return f"{day(period.start)} to {day(period.end)}"


def step_label(start: date, grain: Grain) -> str:
    """Return the short name of one step of a series, for an axis."""
    match grain:
        case Grain.MONTH:
            return f"{start:%b %y}"
        case Grain.QUARTER:
            return f"Q{(start.month + 2) // 3} {start:%y}"
        case Grain.YEAR:
            return f"{start.year}"
        case _:
            return short_day(start)


def slug(name: str) -> str:
    """Return `name` for a file name: lower-case ASCII letters, digits and hyphens; empty when none is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def _share(percent: float) -> str:
    if 0 < percent < 0.1:
        return "<0.1%"
    if 99.9 < percent < 100:
        return ">99.9%"
    return f"{percent:.0f}%" if percent in (0, 100) else f"{percent:.1f}%"


def _sign(value: float) -> str:
    return "+" if value > 0 else "−"
