"""The PDF: the slides' story on pages, with text that a machine can read."""

import base64
import http.server
import io
import re
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from pypdf import PdfReader

from kino_core.metrics import ScopeType
from kino_reports import measure, qbr
from kino_reports.layout import lay_out
from kino_reports.pdf import render, write_pdf
from kino_reports.snapshot import ReportSnapshot
from kino_reports.story import Story, Table, Tiles
from tests.kino_reports.portfolios import AS_OF, HARD_NAMES, snapshot

PORTFOLIOS: dict[str, Callable[[], ReportSnapshot]] = {
    "five projects": snapshot,
    "hard names": lambda: snapshot(HARD_NAMES),
    "one project": lambda: snapshot(("FastAPI",), scope=ScopeType.PROJECT),
    "no project": lambda: snapshot(()),
}

# Drawn and read once, when the first test asks: each takes seconds.


@cache
def told(name: str) -> Story:
    return qbr.tell(PORTFOLIOS[name]())


@cache
def made(name: str) -> bytes:
    return render(told(name), AS_OF)


@cache
def texts(name: str) -> list[str]:
    """The text of each page without its spaces, the title page's first."""
    return [flat(page.extract_text()) for page in PdfReader(io.BytesIO(made(name))).pages]


def flat(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.fixture(params=PORTFOLIOS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def reader(name: str) -> PdfReader:
    return PdfReader(io.BytesIO(made(name)))


def test_pages_mirror_the_slides(name: str, reader: PdfReader) -> None:
    pages = lay_out(told(name))
    assert len(reader.pages) == len(pages) + 1
    for page, text, laid in zip(reader.pages[1:], texts(name)[1:], pages, strict=True):
        box = page.mediabox
        assert (round(float(box.width)), round(float(box.height))) == (960, 540)
        assert text.endswith(f"{laid.number}")
        assert "Asof22November2026,20:00UTC" in text
        if laid.title.isascii():
            assert flat(laid.title) in text


def test_every_number_of_the_story_is_on_its_page() -> None:
    for text, laid in zip(texts("five projects")[1:], lay_out(told("five projects")), strict=True):
        for placed in laid.placed:
            match placed.block:
                case Tiles(tiles):
                    assert all(flat(tile.value) in text for tile in tiles)
                case Table(rows=rows):
                    assert all(flat(cell) in text for row in rows for cell in row)


def test_labelled_charts_show_their_numbers_as_text() -> None:
    text = "".join(texts("five projects"))
    bars = next(chart for chart in told("five projects").charts if chart.key == "merged-by-project")
    for category, value in zip(bars.categories, bars.series[0].values, strict=True):
        assert flat(category) in text
        assert flat(bars.text(value)) in text


def test_it_is_tagged_bookmarked_and_told_in_words(name: str, reader: PdfReader) -> None:
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    titles = [slide.title for slide in told(name).slides]
    outline = [entry.title for entry in reader.outline]  # type: ignore[union-attr]
    assert len(outline) == len(titles) + 1
    assert reader.metadata is not None
    assert reader.metadata.title
    assert reader.metadata.creation_date == AS_OF


def test_pictures_have_alternative_texts() -> None:
    reader = PdfReader(io.BytesIO(made("five projects")))
    alternatives = [
        element["/Alt"]
        for element in (found.get_object() for found in _objects(reader))
        if isinstance(element, dict) and element.get("/S") == "/Figure"
    ]
    assert len(alternatives) == len(told("five projects").charts)
    assert all(str(text).startswith("Chart: ") for text in alternatives)


def test_fonts_are_embedded(reader: PdfReader) -> None:
    fonts = [
        font.get_object()
        for page in reader.pages
        for font in page["/Resources"].get("/Font", {}).values()  # type: ignore[union-attr]
    ]
    assert fonts
    for font in fonts:
        described = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(described)


def test_the_same_snapshot_gives_the_same_bytes() -> None:
    again = PORTFOLIOS["one project"]()
    assert qbr.tell(again).charts
    assert render(qbr.tell(again), AS_OF) == made("one project")


def test_it_stays_small() -> None:
    assert len(made("hard names")) < 400_000


def test_nothing_is_fetched(tmp_path: Path) -> None:
    asked: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    secret = tmp_path / "secret.css"
    secret.write_text("p::after { content: 'leaked' }")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = (
            f'<link rel="stylesheet" href="file://{secret}"><img src="http://127.0.0.1:{server.server_port}/x.png">'
            f'<p>text</p><img src="data:image/svg+xml;base64,{base64.b64encode(b"<svg/>").decode()}">'
        )
        text = PdfReader(io.BytesIO(write_pdf(page))).pages[0].extract_text()
        server.shutdown()
    assert asked == []
    assert "text" in text
    assert "leaked" not in text


def test_titles_stay_on_their_lines() -> None:
    for laid in lay_out(told("hard names")):
        assert len(measure.lines(laid.title, laid.title_size, 12.133, bold=True)) <= 2


def _objects(reader: PdfReader) -> list[object]:
    return [reader.get_object(number) for number in range(1, len(reader.xref_objStm) + len(reader.xref[0]) + 1)]
