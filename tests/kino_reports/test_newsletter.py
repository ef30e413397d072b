"""The newsletter: short enough for mail, readable as text, and silent where there is nothing to say."""

import io
import re
from collections.abc import Callable
from functools import cache

import pytest
from pypdf import PdfReader

from kino_core.metrics import ScopeType
from kino_core.periods import parse_period
from kino_reports import letter, letter_pdf, newsletter
from kino_reports.snapshot import ReportKind, ReportSnapshot
from tests.kino_reports.portfolios import AS_OF, HARD_NAMES, snapshot

MONTH = parse_period("2026-09")


def monthly(names: tuple[str, ...] = ("FastAPI",), *, silent: bool = False, blockers: int = 2) -> ReportSnapshot:
    scope = ScopeType.PROJECT if len(names) == 1 else ScopeType.PORTFOLIO
    return snapshot(names, period=MONTH, kind=ReportKind.NEWSLETTER, scope=scope, silent=silent, blockers=blockers)


@cache
def large() -> ReportSnapshot:
    """Told of a hundred projects, made when the first test asks: it takes a second."""
    names = HARD_NAMES + tuple(f"{'Project with a rather long name ' * 2}{place}" for place in range(93))
    return monthly(names, blockers=90)


def quiet() -> ReportSnapshot:
    return monthly(("Quiet",), silent=True)


Make = Callable[[], ReportSnapshot]


def test_the_parts_stand_in_order() -> None:
    told = newsletter.tell(monthly())
    assert told.headline == "FastAPI merged 26 pull requests, 13% more than in August 2026."
    assert [part.heading for part in told.parts] == [
        "Wins",
        "Needs help",
        "Status",
        "Agents’ highlights",
        "Quality and security",
    ]
    assert len(told.tiles) == 4
    assert "Nothing to say under: Next 30 days." in told.method


def test_a_silent_month_is_one_sentence() -> None:
    told = newsletter.tell(monthly(("Quiet",), silent=True))
    assert told.headline == "Nothing was recorded of Quiet in September 2026."
    assert told.parts == ()
    assert told.tiles == ()
    assert told.chart is None


@pytest.mark.parametrize("make", [monthly, large, quiet], ids=["one", "large", "silent"])
def test_the_mail_is_small_and_needs_nothing_from_outside(make: Make) -> None:
    html = letter.render_html(newsletter.tell(make()), AS_OF).decode()
    assert len(html.encode()) <= 90_000
    assert not re.search(r"<(script|link|img|iframe|object|form)\b", html)
    assert "http" not in re.sub(r"<meta[^>]*>", "", html)
    assert "url(" not in html


def test_long_lists_are_cut_and_counted() -> None:
    told = newsletter.tell(large())
    assert all(len(part.items) <= newsletter.MOST_ITEMS + 1 for part in told.parts)
    assert re.search(r"and \d+ more\.", told.parts[1].items[-1])
    assert told.projects is not None
    assert told.projects.left_out == 80


def test_names_are_text() -> None:
    html = letter.render_html(newsletter.tell(large()), AS_OF).decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_the_plain_text_says_the_same() -> None:
    told = newsletter.tell(monthly())
    text = letter.render_text(told, AS_OF).decode()
    joined = re.sub(r"\s+", " ", text)
    assert told.headline in joined
    for tile in told.tiles:
        assert f"{tile.label}: {tile.value}" in joined
    for part in told.parts:
        assert all(item in joined for item in part.items)
    assert told.source in joined
    assert max(len(line) for line in text.splitlines() if " " in line) <= 72


@pytest.mark.parametrize("make", [monthly, lambda: monthly(HARD_NAMES), quiet], ids=["one", "hard names", "silent"])
def test_the_pdf_says_the_same(make: Make) -> None:
    told = newsletter.tell(make())
    content = letter_pdf.render(told, AS_OF)
    reader = PdfReader(io.BytesIO(content))
    pages = [re.sub(r"\s+", "", page.extract_text()) for page in reader.pages]
    text = "".join(pages)
    assert re.sub(r"\s+", "", told.headline) in text
    for tile in told.tiles:
        assert tile.value in text
    assert all("Asof22November2026,20:00UTC" in page for page in pages)
    assert letter_pdf.render(told, AS_OF) == content
