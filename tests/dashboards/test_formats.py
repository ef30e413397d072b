from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.formats import number, period_name, plural, quantity, relative, share, with_commands
from kino_core.metrics import Unit
from kino_core.periods import parse_period

NOW = datetime(2026, 11, 22, 20, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (7691, "7,691"), (2.54, "2.5"), (2.04, "2"), (-3, "\N{MINUS SIGN}3"), (1234.5, "1,234.5")],
)
def test_numbers_mark_thousands_and_keep_at_most_one_decimal(value: float, words: str) -> None:
    assert number(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0 %"), (1, "100 %"), (0.134, "13.4 %"), (0.0001, "< 0.1 %"), (0.9999, "> 99.9 %"), (0.999, "99.9 %")],
)
def test_a_share_that_is_neither_none_nor_all_never_reads_so(value: float, words: str) -> None:
    assert share(value).replace("\N{NARROW NO-BREAK SPACE}", " ") == words


def test_what_is_missing_is_named() -> None:
    assert quantity(None, Unit.COUNT) == "no data"
    assert quantity(0.0, Unit.COUNT) == "0"


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(seconds=50), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=25), "1 day ago"),
        (timedelta(days=400), "1 year ago"),
        (timedelta(hours=-3), "in 3 hours"),
    ],
)
def test_times_are_told_in_their_largest_whole_unit(before: timedelta, words: str) -> None:
    assert relative(NOW - before, NOW) == words


@given(st.timedeltas(min_value=timedelta(days=-9000), max_value=timedelta(days=9000)))
def test_every_distance_has_words(distance: timedelta) -> None:
    assert relative(NOW - distance, NOW)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026", "2026"),
        ("2026-Q4", "Q4 2026"),
        ("2026-11", "November 2026"),
        ("2026-W47", "week 47 of 2026"),
        ("2026-10-01/2026-10-22", "1\N{EN DASH}22 Oct 2026"),
        ("2026-01-01/2026-11-22", "1 Jan \N{EN DASH} 22 Nov 2026"),
        ("2025-12-30/2026-01-02", "30 Dec 2025 \N{EN DASH} 2 Jan 2026"),
        ("2026-11-22/2026-11-22", "22 Nov 2026"),
    ],
)
def test_periods_are_named_as_people_say_them(text: str, words: str) -> None:
    assert period_name(parse_period(text)) == words


def test_nouns_follow_their_count() -> None:
    assert [plural(count, "commit") for count in (0, 1, 2)] == ["0 commits", "1 commit", "2 commits"]
    assert plural(2, "entity", "entities") == "2 entities"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Run `kino migrate`.", "Run <code>kino migrate</code>."),
        ("`a` & `b`", "<code>a</code> &amp; <code>b</code>"),
        ("`<script>`", "<code>&lt;script&gt;</code>"),
        ("<b>no</b>", "&lt;b&gt;no&lt;/b&gt;"),
        ("half ` of one", "half ` of one"),
        ("", ""),
    ],
)
def test_commands_in_messages_are_set_as_code_and_nothing_else_is_markup(text: str, shown: str) -> None:
    assert with_commands(text) == shown
