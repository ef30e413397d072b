"""The period picker: month, quarter or year, a step back and a step forward, all of it in the URL."""

from dataclasses import dataclass
from datetime import date

from dashboards.formats import period_name
from kino_core.periods import Grain, Period

_GRAINS = (Grain.MONTH, Grain.QUARTER, Grain.YEAR)
_CHART_GRAIN = {Grain.YEAR: Grain.MONTH, Grain.QUARTER: Grain.WEEK}


@dataclass(frozen=True)
class Choice:
    """One length to choose."""

    label: str
    href: str
    current: bool


@dataclass(frozen=True)
class Picker:
    """The picker as it is drawn; `later` is None where the future begins."""

    name: str
    grains: tuple[Choice, ...]
    earlier: str
    later: str | None


def picker(period: Period, today: date) -> Picker:
    """Return the picker that stands on `period`."""
    anchor = today if period.start <= today <= period.end else period.end
    later = Period.of(period.grain, _day_after(period)) if period.grain else None
    return Picker(
        name=period_name(period) + (" so far" if period.start <= today < period.end else ""),
        grains=tuple(
            Choice(grain.capitalize(), f"?period={Period.of(grain, anchor)}", period.grain is grain)
            for grain in _GRAINS
        ),
        earlier=f"?period={period.previous()}",
        later=f"?period={later}" if later and later.start <= today else None,
    )


def chart_grain(period: Period) -> Grain:
    """Return the length of a bar: months of a year, weeks of a quarter, days of anything shorter."""
    if period.grain in _CHART_GRAIN:
        return _CHART_GRAIN[period.grain]
    return Grain.MONTH if period.days > 190 else Grain.WEEK if period.days > 45 else Grain.DAY


def _day_after(period: Period) -> date:
    return date.fromordinal(period.end.toordinal() + 1)
