"""The HTML form: one file, offline, under a policy that lets run only what is in it."""

import json
import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import plotly.graph_objects as go
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from kino_core.metrics import ScopeType
from kino_reports import page, qbr
from kino_reports.plotly_figure import figure
from kino_reports.story import Table, Tiles
from tests.kino_reports.portfolios import AS_OF, HARD_NAMES, snapshot

CHROMIUM = next((path for path in map(Path, ("/usr/bin/chromium", "/usr/bin/google-chrome")) if path.exists()), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


class Reader(HTMLParser):
    """Collects text, addresses and scripts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.addresses: list[str] = []
        self.scripts: list[dict[str, str | None]] = []
        self.hidden = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.hidden = tag if tag in ("script", "style") else self.hidden
        self.addresses += [value for key, value in given.items() if key in ("src", "href", "action") and value]
        if tag == "script":
            self.scripts.append(given)
        assert "style" not in given
        assert not any(name.startswith("on") for name in given)

    def handle_endtag(self, tag: str) -> None:
        self.hidden = "" if tag == self.hidden else self.hidden

    def handle_data(self, data: str) -> None:
        if not self.hidden and data.strip():
            self.texts.append(data.strip())


def rendered(names: tuple[str, ...] = ("FastAPI", "Payments")) -> str:
    return page.render(qbr.tell(snapshot(names)), AS_OF).decode()


def test_nothing_is_loaded_from_elsewhere() -> None:
    assert all(address.startswith("#") for address in Reader(rendered()).addresses)


def test_names_are_text_and_never_markup() -> None:
    html = rendered(HARD_NAMES)
    assert "<script>alert(1)" not in html
    assert "<script>alert(1)</script>" in Reader(html).texts


def test_every_number_of_the_story_is_in_the_page() -> None:
    story = qbr.tell(snapshot(("FastAPI", "Payments")))
    texts = set(Reader(page.render(story, AS_OF).decode()).texts)
    for slide in story.slides:
        assert slide.title in texts
        for block in slide.blocks:
            match block:
                case Tiles(tiles):
                    assert {tile.value for tile in tiles} <= texts
                case Table(rows=rows):
                    assert {cell for row in rows for cell in row} <= texts
    for chart in story.charts:
        assert {chart.text(value) for series in chart.series for value in series.values} <= texts


def test_without_plotly_the_drawings_stay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page._plotly.cache_clear()
    monkeypatch.setattr(page, "PLOTLY", tmp_path / "missing.js")
    html = rendered()
    page._plotly.cache_clear()
    assert Reader(html).scripts == []
    assert "script-src 'none'" in unescape(html)
    assert html.count("<svg") == len(qbr.tell(snapshot(("FastAPI", "Payments"))).charts)


@pytest.mark.parametrize("names", [("FastAPI",), HARD_NAMES])
def test_figures_are_what_plotly_takes(names: tuple[str, ...]) -> None:
    for chart in qbr.tell(snapshot(names)).charts:
        drawn = go.Figure(json.loads(json.dumps(figure(chart))))
        flat = drawn.data[0].orientation == "h" if drawn.data[0].type == "bar" else False
        for trace, series in zip(drawn.data, chart.series, strict=True):
            values, categories = (trace.x, trace.y) if flat else (trace.y, trace.x)
            assert tuple(values) == series.values
            assert tuple(categories) == chart.categories


@pytest.fixture(scope="module")
def browser_page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 1200, "height": 900})
        browser.close()


@needs_chromium
@pytest.mark.parametrize("width", [390, 1200])
def test_it_opens_without_a_complaint(browser_page: Page, tmp_path: Path, width: int) -> None:
    file = tmp_path / "report.html"
    story = qbr.tell(snapshot(HARD_NAMES, scope=ScopeType.PORTFOLIO))
    file.write_bytes(page.render(story, AS_OF))
    said: list[str] = []
    browser_page.on("console", lambda message: said.append(message.text))
    browser_page.on("pageerror", lambda error: said.append(str(error)))
    browser_page.set_viewport_size({"width": width, "height": 900})
    browser_page.goto(file.as_uri())
    for drawing in browser_page.query_selector_all("figure"):
        drawing.scroll_into_view_if_needed()
    if page.PLOTLY.is_file():
        expect(browser_page.locator(".drawing.replaced")).to_have_count(len(story.charts))
    assert said == []
    assert browser_page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_policy_names_exactly_the_scripts_and_styles_in_the_page() -> None:
    html = rendered()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert "unsafe" not in policy[1]
    assert unescape(policy[1]).startswith("default-src 'none'")


def test_the_same_snapshot_gives_the_same_bytes() -> None:
    assert rendered() == rendered()
