"""Which periods a period is held against: the one before, the same a year ago, and the last ones in a row."""

from datetime import date, timedelta

from kino_core.metrics.declaration import Kind, Metric
from kino_core.periods import Grain, Period
from kino_core.statistics import TREND_PERIODS


def period_before(metric: Metric, period: Period, today: date) -> Period:
    """Return the period before; for sums cut to as many days as this one has had."""
    return _as_far(metric, period, period.previous(), today)


def period_a_year_ago(metric: Metric, period: Period, today: date) -> Period:
    """Return the same period a year ago; for sums cut to as many days as this one has had."""
    return _as_far(metric, period, period.year_before(), today)


def last_periods(period: Period, today: date) -> list[Period]:
    """Return TREND_PERIODS periods in a row, the oldest first: up to this one, or to the one before while it runs."""
    last = period if period.end < today else period.previous()
    found = [last]
    while len(found) < TREND_PERIODS:
        found.append(found[-1].previous())
    return found[::-1]


def last_weeks(period: Period, today: date) -> list[Period]:
    """Return the TREND_PERIODS weeks in a row that were over when the period was, or are by now, the oldest first."""
    # The day after the period's last is the first on which that one is over.
    day = min(period.end + timedelta(days=1), today)
    return last_periods(Period.of(Grain.WEEK, day - timedelta(days=7)), day)


def _as_far(metric: Metric, period: Period, whole: Period, today: date) -> Period:
    # A sum over half a month is not held against a whole one; shares, medians and levels do not grow with the days.
    if metric.kind not in (Kind.SUM, Kind.DAYS) or not period.start <= today < period.end:
        return whole
    return Period(whole.start, min(whole.end, whole.start + (today - period.start)))
