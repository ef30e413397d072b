"""Periods: names in, days out, and back."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kino_core.errors import InvalidPeriod
from kino_core.periods import Grain, Period, parse_period

DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-Q3", date(2026, 7, 1), date(2026, 9, 30)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-W01", date(2025, 12, 29), date(2026, 1, 4)),
        ("2020-W53", date(2020, 12, 28), date(2021, 1, 3)),
        ("2026-07-01/2026-09-30", date(2026, 7, 1), date(2026, 9, 30)),
    ],
)
def test_parses_every_form(text: str, start: date, end: date) -> None:
    assert parse_period(text) == Period(start, end)


@pytest.mark.parametrize(
    "text",
    ["", "26", "2026-13", "2026-Q5", "2026-W54", "2025-W53", "2026-02-30/2026-03-01", "2026-09-30/2026-07-01"]
    + ["0001-01-01/9999-12-31", "1850", "9999-W52"],
)
def test_refuses_what_is_no_period(text: str) -> None:
    with pytest.raises(InvalidPeriod):
        parse_period(text)


@given(day=DAYS, grain=st.sampled_from(Grain))
def test_every_day_is_in_exactly_one_period_of_a_grain(day: date, grain: Grain) -> None:
    period = Period.of(grain, day)
    assert period.start <= day <= period.end
    assert Period.of(grain, period.end + timedelta(days=1)).start == period.end + timedelta(days=1)


@given(day=DAYS, grain=st.sampled_from([grain for grain in Grain if grain is not Grain.DAY]))
def test_a_whole_period_reads_back_from_its_name(day: date, grain: Grain) -> None:
    period = Period.of(grain, day)
    assert parse_period(str(period)) == period


@given(first=DAYS, length=st.integers(0, 800), grain=st.sampled_from(Grain))
def test_a_split_covers_every_day_once(first: date, length: int, grain: Grain) -> None:
    period = Period(first, first + timedelta(days=length))
    parts = list(period.split(grain))
    assert parts[0].start == period.start
    assert parts[-1].end == period.end
    assert sum(part.days for part in parts) == period.days
    assert all(Period.of(grain, part.start).end >= part.end for part in parts)


def test_previous_and_year_before() -> None:
    assert str(parse_period("2026-Q1").previous()) == "2025-Q4"
    assert str(parse_period("2026-W01").previous()) == "2025-W52"
    assert str(parse_period("2026-03").year_before()) == "2025-03"
    assert str(parse_period("2020-W53").year_before()) == "2019-W52"
    assert parse_period("2026-01-11/2026-01-20").previous() == parse_period("2026-01-01/2026-01-10")
    assert parse_period("2024-02-29/2024-03-01").year_before() == parse_period("2023-02-28/2023-03-01")
