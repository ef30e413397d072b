"""Stretches of whole days: years, quarters, months, ISO weeks, days and free ranges."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from kino_core.errors import InvalidPeriod

_RANGE = re.compile(r"(\d{4}-\d{2}-\d{2})/(\d{4}-\d{2}-\d{2})")
_QUARTER = re.compile(r"(\d{4})-Q([1-4])")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_WEEK = re.compile(r"(\d{4})-W(\d{2})")
_YEAR = re.compile(r"\d{4}")

FIRST_YEAR, LAST_YEAR = 1900, 2999
"""Of the periods that may be asked for: nothing comes in from outside of them, and none leads out of the calendar."""


class Grain(StrEnum):
    """The lengths that gold keeps ready."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    def start_of(self, day: date) -> date:
        """Return the first day of the period of this grain that holds `day`."""
        match self:
            case Grain.DAY:
                return day
            case Grain.WEEK:
                return day - timedelta(days=day.weekday())
            case Grain.MONTH:
                return day.replace(day=1)
            case Grain.QUARTER:
                return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
            case Grain.YEAR:
                return date(day.year, 1, 1)

    def last_of(self, start: date) -> date:
        """Return the last day of the period of this grain that begins on `start`."""
        match self:
            case Grain.DAY:
                return start
            case Grain.WEEK:
                return start + timedelta(days=6)
            case Grain.MONTH:
                return start.replace(day=calendar.monthrange(start.year, start.month)[1])
            case Grain.QUARTER:
                last_month = start.month + 2
                return date(start.year, last_month, calendar.monthrange(start.year, last_month)[1])
            case Grain.YEAR:
                return date(start.year, 12, 31)


@dataclass(frozen=True, order=True)
class Period:
    """The days from `start` to `end`, both included, in the time zone of whatever is measured."""

    start: date
    end: date

    @classmethod
    def of(cls, grain: Grain, day: date) -> "Period":
        """Return the period of `grain` that holds `day`."""
        start = grain.start_of(day)
        return cls(start, grain.last_of(start))

    @property
    def grain(self) -> Grain | None:
        """Return the grain this period is exactly one of, or None for a free range."""
        return next((grain for grain in Grain if Period.of(grain, self.start) == self), None)

    @property
    def days(self) -> int:
        """Return how many days it has."""
        return (self.end - self.start).days + 1

    def split(self, grain: Grain) -> Iterator["Period"]:
        """Yield the periods of `grain` that this one touches, cut at its two ends."""
        day = self.start
        while day <= self.end:
            whole = Period.of(grain, day)
            yield Period(max(whole.start, self.start), min(whole.end, self.end))
            day = whole.end + timedelta(days=1)

    def previous(self) -> "Period":
        """Return the period of the same kind just before this one."""
        before = self.start - timedelta(days=1)
        if grain := self.grain:
            return Period.of(grain, before)
        return Period(before - timedelta(days=self.days - 1), before)

    def year_before(self) -> "Period":
        """Return the same period one year earlier; ISO weeks keep their number, free ranges their dates."""
        if self.grain is Grain.WEEK:
            year, week, _ = self.start.isocalendar()
            weeks = date(year - 1, 12, 28).isocalendar().week
            return Period.of(Grain.WEEK, date.fromisocalendar(year - 1, min(week, weeks), 1))
        if self.grain not in (None, Grain.DAY):
            return Period.of(self.grain, self.start.replace(year=self.start.year - 1))
        return Period(_a_year_before(self.start), _a_year_before(self.end))

    def __str__(self) -> str:
        match self.grain:
            case Grain.YEAR:
                return f"{self.start:%Y}"
            case Grain.QUARTER:
                return f"{self.start:%Y}-Q{(self.start.month + 2) // 3}"
            case Grain.MONTH:
                return f"{self.start:%Y-%m}"
            case Grain.WEEK:
                year, week, _ = self.start.isocalendar()
                return f"{year}-W{week:02}"
            case _:
                return f"{self.start}/{self.end}"


def parse_period(text: str) -> Period:
    """Return the period that `text` names.

    Takes `2026`, `2026-Q3`, `2026-09`, `2026-W37` and `2026-07-01/2026-09-30`; raises InvalidPeriod otherwise.
    """
    period = _named(text)
    if not FIRST_YEAR <= period.start.year <= period.end.year <= LAST_YEAR:
        raise InvalidPeriod(f"The period {text} is not between {FIRST_YEAR} and {LAST_YEAR}.", field="period")
    return period


def _named(text: str) -> Period:
    try:
        if found := _RANGE.fullmatch(text):
            period = Period(date.fromisoformat(found[1]), date.fromisoformat(found[2]))
            if period.start > period.end:
                raise InvalidPeriod(f"The period {text} ends before it begins. Swap its two days.", field="period")
            return period
        if found := _QUARTER.fullmatch(text):
            return Period.of(Grain.QUARTER, date(int(found[1]), 3 * int(found[2]) - 2, 1))
        if found := _MONTH.fullmatch(text):
            return Period.of(Grain.MONTH, date(int(found[1]), int(found[2]), 1))
        if found := _WEEK.fullmatch(text):
            return Period.of(Grain.WEEK, date.fromisocalendar(int(found[1]), int(found[2]), 1))
        if _YEAR.fullmatch(text):
            return Period.of(Grain.YEAR, date(int(text), 1, 1))
    except (ValueError, OverflowError):
        pass
    raise InvalidPeriod(
        f"{text!r} is not a period. Use 2026, 2026-Q3, 2026-09, 2026-W37 or 2026-07-01/2026-09-30.", field="period"
    )


def _a_year_before(day: date) -> date:
    last = calendar.monthrange(day.year - 1, day.month)[1]
    return day.replace(year=day.year - 1, day=min(day.day, last))
