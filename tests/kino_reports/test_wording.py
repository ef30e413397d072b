import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from kino_core.metrics import Unit
from kino_core.periods import parse_period
from kino_reports import wording


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, Unit.COUNT, "no data"),
        (0.0, Unit.COUNT, "0"),
        (1234.0, Unit.COUNT, "1,234"),
        (18.5, Unit.LINES, "18.5"),
        (0.0, Unit.SHARE, "0%"),
        (1.0, Unit.SHARE, "100%"),
        (0.0004, Unit.SHARE, "<0.1%"),
        (0.9996, Unit.SHARE, ">99.9%"),
        (0.342, Unit.SHARE, "34.2%"),
    ],
)
def test_figures(value: float | None, unit: Unit, shown: str) -> None:
    assert wording.figure(value, unit) == shown


@pytest.mark.parametrize(
    ("now", "before", "unit", "shown"),
    [
        (120.0, 100.0, Unit.COUNT, "+20%"),
        (80.0, 100.0, Unit.COUNT, "−20%"),
        (100.0, 100.0, Unit.COUNT, "unchanged"),
        (5.0, 0.0, Unit.COUNT, "+5, from 0"),
        (0.0, 0.0, Unit.COUNT, "unchanged"),
        (0.342, 0.3, Unit.SHARE, "+4.2 points"),
        (None, 100.0, Unit.COUNT, None),
        (100.0, None, Unit.COUNT, None),
    ],
)
def test_differences(now: float | None, before: float | None, unit: Unit, shown: str | None) -> None:
    assert wording.difference(now, before, unit) == shown


@pytest.mark.parametrize(
    ("period", "name"),
    [
        ("2026", "2026"),
        ("2026-Q3", "Q3 2026"),
        ("2026-09", "September 2026"),
        ("2026-W37", "week 37 of 2026"),
        ("2026-07-01/2026-08-15", "1 July to 15 August 2026"),
        ("2025-12-24/2026-01-06", "24 December 2025 to 6 January 2026"),
    ],
)
def test_periods_are_named_as_people_say_them(period: str, name: str) -> None:
    assert wording.period_name(parse_period(period)) == name


def test_times() -> None:
    assert wording.minute(datetime(2026, 11, 2, 7, 5, tzinfo=UTC)) == "2 November 2026, 07:05 UTC"
    assert wording.day(date(2026, 9, 3)) == "3 September 2026"


@given(st.text())
def test_cleaned_text_is_one_line_that_xml_allows(text: str) -> None:
    cleaned = wording.clean(text)
    element = etree.Element("name")
    element.text = cleaned
    assert etree.fromstring(etree.tostring(element)).text in (cleaned, None if cleaned == "" else cleaned)
    assert not re.search(r"[\r\n\t]", cleaned)
    assert wording.clean(cleaned) == cleaned


@given(st.text(), st.integers(2, 60))
def test_shortened_text_is_short_enough(text: str, limit: int) -> None:
    assert len(wording.shorten(text, limit)) <= limit


def test_names_that_run_right_to_left_cannot_turn_the_sentence_around() -> None:
    assert wording.named("مشروع") == "\u2068مشروع\u2069"
    assert wording.named("Kino") == "Kino"
    assert wording.clean("evil\u202etxt.exe") == "eviltxt.exe"


def test_file_names_are_plain() -> None:
    assert wording.slug("Zahlungen & Über/../uns") == "zahlungen-uber-uns"
    assert wording.slug("数据平台") == ""
