"""The PowerPoint file as PowerPoint would read it."""

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.presentation import Presentation as Deck
from pptx.util import Inches

from kino_core.metrics import ScopeType
from kino_reports import measure, qbr
from kino_reports.charts import ChartKind
from kino_reports.deck.charts import safe_cell
from kino_reports.deck.render import render
from kino_reports.layout import lay_out
from kino_reports.snapshot import ReportSnapshot
from kino_reports.story import Story
from tests.kino_reports.portfolios import AS_OF, HARD_NAMES, many, snapshot

PORTFOLIOS: dict[str, Callable[[], ReportSnapshot]] = {
    "five projects": snapshot,
    "hard names": lambda: snapshot(HARD_NAMES),
    "one project": lambda: snapshot(("W" * 100,), scope=ScopeType.PROJECT),
    "no project": lambda: snapshot(()),
    "sixty projects": lambda: many(60),
}

# Drawn and opened once, when the first test asks: the tests only look.


@cache
def told(name: str) -> Story:
    return qbr.tell(PORTFOLIOS[name]())


@cache
def made(name: str) -> bytes:
    return render(told(name), AS_OF)


@cache
def opened(name: str) -> Deck:
    return Presentation(io.BytesIO(made(name)))


@pytest.fixture(params=PORTFOLIOS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def deck(name: str) -> Deck:
    return opened(name)


def test_it_is_16_9_with_our_own_layouts(deck: Deck) -> None:
    assert (deck.slide_width, deck.slide_height) == (Inches(13.333), Inches(7.5))
    assert [layout.name for layout in deck.slide_layouts] == ["Cover", "Finding"]


def test_every_shape_stands_on_its_slide(deck: Deck) -> None:
    assert deck.slide_width
    assert deck.slide_height
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.top >= 0
            assert shape.left + shape.width <= deck.slide_width, shape.name
            assert shape.top + shape.height <= deck.slide_height, shape.name


def test_every_text_fits_its_shape(deck: Deck) -> None:
    for slide in deck.slides:
        for shape in slide.shapes:
            if not shape.has_text_frame or not shape.text_frame.text:
                continue
            frame = shape.text_frame
            wide = (shape.width - frame.margin_left - frame.margin_right) / 914400
            high = (shape.height - frame.margin_top - frame.margin_bottom) / 914400
            needed = 0.0
            for paragraph in frame.paragraphs:
                for run in paragraph.runs:
                    size = run.font.size.pt if run.font.size else 12
                    indent = 0.22 if paragraph._p.xpath("./a:pPr/@indent") else 0
                    gap = paragraph.space_before.pt / 72 if paragraph.space_before else 0
                    needed += gap + measure.height(run.text, size, wide - indent, bold=bool(run.font.bold))
            assert needed <= high + 0.02, (shape.name, frame.text)


def test_no_placeholder_is_empty_and_every_slide_has_title_footer_and_number(deck: Deck) -> None:
    for slide in deck.slides:
        kinds = set()
        for placeholder in slide.placeholders:
            assert placeholder.text_frame.text.strip(), placeholder.name
            kinds.add(placeholder.placeholder_format.type)
        assert slide.shapes.title is not None
        assert {PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER} <= kinds
        footer = next(p for p in slide.placeholders if p.placeholder_format.type == PP_PLACEHOLDER.FOOTER)
        assert "As of 22 November 2026, 20:00 UTC" in footer.text_frame.text
        assert "lake snapshot 42" in footer.text_frame.text


def test_charts_are_native_and_hold_the_storys_numbers(name: str, deck: Deck) -> None:
    story = told(name)
    native = [shape.chart for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    assert len(native) == len(story.charts)
    for chart, drawn in zip(story.charts, native, strict=True):
        plot = drawn.plots[0]
        assert list(plot.categories) == [safe_cell(category) for category in chart.categories]
        for series, native_series in zip(chart.series, plot.series, strict=True):
            assert native_series.name == series.name
            assert native_series.values == series.values
        assert plot.vary_by_categories is False
        assert drawn.has_legend == (len(chart.series) > 1)
        if drawn.has_legend:
            assert drawn.legend.include_in_layout is False


def test_charts_can_be_edited_and_are_told_in_words(deck: Deck) -> None:
    for slide in deck.slides:
        for shape in slide.shapes:
            if shape.has_chart:
                assert shape.chart.part.chart_workbook.xlsx_part is not None
                assert shape.element.xpath("./p:nvGraphicFramePr/p:cNvPr/@descr")[0].startswith("Chart: ")


def test_tables_are_native_with_a_heading_row(name: str, deck: Deck) -> None:
    tables = [shape.table for slide in deck.slides for shape in slide.shapes if shape.has_table]
    assert tables
    for table in tables:
        assert table.first_row
        assert all(cell.text for cell in table.rows[0].cells)


def test_notes_hold_the_source(deck: Deck) -> None:
    for slide in deck.slides:
        frame = slide.notes_slide.notes_text_frame
        assert frame is not None
        assert "lake snapshot 42" in frame.text


def test_slides_are_the_pages_of_the_layout(name: str, deck: Deck) -> None:
    pages = lay_out(told(name))
    titles = [slide.shapes.title.text_frame.text for slide in deck.slides if slide.shapes.title]
    assert titles[1:] == [page.title for page in pages]


def test_the_same_snapshot_gives_the_same_bytes() -> None:
    assert render(qbr.tell(PORTFOLIOS["five projects"]()), AS_OF) == made("five projects")


def test_nothing_in_the_file_tells_when_or_where_it_was_made() -> None:
    def check(package: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(package)) as parts:
            for part in parts.infolist():
                assert part.date_time == (1980, 1, 1, 0, 0, 0)
                content = parts.read(part)
                if part.filename == "docProps/core.xml":
                    times = set(re.findall(rb"\d{4}-\d\d-\d\dT[\d:]+Z", content))
                    assert times == {b"2026-11-22T20:00:00Z"}
                if part.filename.endswith(".xlsx"):
                    check(content)

    check(made("five projects"))


def test_nothing_in_the_file_points_outside() -> None:
    with zipfile.ZipFile(io.BytesIO(made("hard names"))) as parts:
        names = parts.namelist()
        for part in names:
            assert b'TargetMode="External"' not in parts.read(part), part
    assert "docProps/thumbnail.jpeg" not in names


def test_control_characters_and_formulas_do_no_harm() -> None:
    one: ReportSnapshot = snapshot(("=1+1", "Bell", "+cmd"))
    broken = replace(one.projects[1], name="Be\x07ll\x00 \ufffe\x1b[31m")
    deck = Presentation(io.BytesIO(render(qbr.tell(replace(one, projects=(one.projects[0], broken))), AS_OF)))
    texts = [shape.text_frame.text for slide in deck.slides for shape in slide.shapes if shape.has_text_frame]
    assert any("Bell [31m" in text for text in texts)
    bars = next(
        shape.chart
        for slide in deck.slides
        for shape in slide.shapes
        if shape.has_chart and shape.name == "Pull requests merged by project"
    )
    with zipfile.ZipFile(io.BytesIO(bars.part.chart_workbook.xlsx_part.blob)) as sheet:
        assert b"<f>" not in sheet.read("xl/worksheets/sheet1.xml")


def test_pale_colours_are_outlined() -> None:
    deck = opened("five projects")
    stacked = next(chart for chart in told("five projects").charts if chart.kind is ChartKind.STACKED_BAR)
    shape = next(
        shape for slide in deck.slides for shape in slide.shapes if shape.has_chart and shape.name == stacked.title
    )
    for series in shape.chart.plots[0].series:
        pale = str(series.format.fill.fore_color.rgb) in ("56B4E9", "D5DAE1")
        assert (series.format.line.fill.type is not None) == pale
