"""Nothing overflows: every block fits its box, every box the page, and no two boxes meet."""

from collections.abc import Callable
from functools import cache
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kino_core.metrics import ScopeType
from kino_core.periods import parse_period
from kino_reports import fit, layout, measure, qbr
from kino_reports.charts import Chart
from kino_reports.layout import Box, PageLayout, Placed, lay_out, tile_boxes
from kino_reports.snapshot import ReportSnapshot
from kino_reports.story import Change, Claims, Lines, Story, Table, Tile, Tiles
from tests.kino_reports.portfolios import HARD_NAMES, many, snapshot

PORTFOLIOS: dict[str, Callable[[], ReportSnapshot]] = {
    "five projects": snapshot,
    "hard names": lambda: snapshot(HARD_NAMES, blockers=7),
    "one project": lambda: snapshot(("FastAPI",), scope=ScopeType.PROJECT),
    "one hard project": lambda: snapshot(("W" * 100,), scope=ScopeType.PROJECT),
    "no project": lambda: snapshot(()),
    "no data": lambda: snapshot(("Quiet",), silent=True),
    "sixty projects": lambda: many(60),
    "a hundred projects": lambda: many(100),
    "a month": lambda: snapshot(period=parse_period("2026-09")),
    "a year": lambda: snapshot(period=parse_period("2025")),
    "a free range": lambda: snapshot(period=parse_period("2026-07-03/2026-09-17")),
    "a running period": lambda: snapshot(period=parse_period("2026-Q4")),
}

# Told and laid out once, when the first test asks: the tests only look.


@cache
def told(name: str) -> Story:
    return qbr.tell(PORTFOLIOS[name]())


@cache
def laid_out(name: str) -> tuple[PageLayout, ...]:
    return lay_out(told(name))


@pytest.fixture(params=PORTFOLIOS)
def pages(request: pytest.FixtureRequest) -> tuple[PageLayout, ...]:
    return laid_out(request.param)


def test_every_block_stands_on_the_page_above_the_footer(pages: tuple[PageLayout, ...]) -> None:
    for page in pages:
        for placed in page.placed:
            box = placed.box
            assert box.left >= layout.MARGIN - 1e-6
            assert box.left + box.width <= layout.PAGE_WIDTH - layout.MARGIN + 1e-6
            assert layout.TITLE_BOX.top < box.top
            assert box.bottom <= layout.FOOTER_BOX.top, (page.title, placed)


def test_no_two_blocks_meet(pages: tuple[PageLayout, ...]) -> None:
    for page in pages:
        for one, other in combinations(page.placed, 2):
            assert not _meet(one.box, other.box), (page.title, one, other)


def test_every_text_fits_its_box(pages: tuple[PageLayout, ...]) -> None:
    for page in pages:
        assert measure.height(page.title, page.title_size, layout.TITLE_BOX.width, bold=True) <= 1.0 + 1e-6
        assert measure.width(page.section, 12, bold=True) <= layout.SECTION_BOX.width
        for placed in page.placed:
            assert _needed(placed) <= placed.box.height + 1e-6, (page.title, placed)


def test_tiles_hold_their_lines(pages: tuple[PageLayout, ...]) -> None:
    for page in pages:
        for placed in page.placed:
            if isinstance(placed.block, Tiles):
                for tile, box in zip(placed.block.tiles, tile_boxes(placed.block, placed.box), strict=True):
                    for line in fit.tile_lines(tile, box.width):
                        bold = line.role is fit.TileRole.VALUE
                        assert measure.width(line.text, line.size, bold=bold) <= box.width - 2 * fit.TILE_PADDING


def test_no_page_is_empty_and_charts_have_room(pages: tuple[PageLayout, ...]) -> None:
    for page in pages:
        assert page.placed
        for placed in page.placed:
            match placed.block:
                case Chart(series=series):
                    assert any(value is not None for each in series for value in each.values)
                    assert placed.box.height >= 1.9
                case Claims(items) | Lines(items):
                    assert items
                case Table(rows=rows):
                    assert rows
                case Tiles(tiles):
                    assert tiles


def test_nothing_of_a_flowing_slide_is_lost() -> None:
    story = told("sixty projects")
    method = [page for page in laid_out("sixty projects") if page.slide.key == "definitions"]
    shown = [row for page in method for placed in page.placed for row in placed.block.rows]  # type: ignore[union-attr]
    [table] = [block for slide in story.slides if slide.key == "definitions" for block in slide.blocks]
    assert isinstance(table, Table)
    assert shown == list(table.rows)


def test_rows_that_do_not_fit_are_counted() -> None:
    page = next(page for page in laid_out("sixty projects") if page.slide.section == "Roadmap")
    table = page.placed[0].block
    assert isinstance(table, Table)
    assert table.left_out > 0
    assert len(table.rows) + table.left_out == 60
    assert fit.left_out(table) == f"and {table.left_out} more projects"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=200), st.floats(0.5, 8.0))
def test_broken_lines_are_as_wide_as_asked(text: str, wide: float) -> None:
    broken = measure.lines(text, 14, wide)
    assert all(measure.width(line, 14) <= wide for line in broken if len(line) > 1)
    assert "".join(broken).replace(" ", "") == text.replace(" ", "")


@given(st.text(alphabet="abc WW—é漢", min_size=1, max_size=300), st.integers(1, 4))
def test_cut_text_needs_no_more_lines_than_allowed(text: str, most: int) -> None:
    assert len(measure.lines(measure.cut(text, 12, 2.0, most), 12, 2.0)) <= most


def _needed(placed: Placed) -> float:
    return fit.height(placed.block, placed.box.width, placed.size)


def _meet(one: Box, other: Box) -> bool:
    return (
        one.left < other.left + other.width - 1e-6
        and other.left < one.left + one.width - 1e-6
        and one.top < other.bottom - 1e-6
        and other.top < one.bottom - 1e-6
    )


def test_long_words_on_a_tile_are_cut() -> None:
    tile = Tile(
        "Label " * 20, "1,234,567,890,123,456,789", (Change("+12% on " + "W" * 60),), "n = " + "9" * 60, "9" * 60
    )
    for line in fit.tile_lines(tile, 2.0):
        bold = line.role is fit.TileRole.VALUE
        assert measure.width(line.text, line.size, bold=bold) <= 2.0 - 2 * fit.TILE_PADDING
