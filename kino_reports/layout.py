"""Where everything stands on a 13.333 × 7.5 inch page; slides and PDF pages share it, so they cannot differ."""

from collections.abc import Iterator
from dataclasses import dataclass

from kino_reports import fit, measure
from kino_reports.charts import Chart
from kino_reports.story import Block, Claims, Lines, Slide, Story, Table, Tiles

PAGE_WIDTH, PAGE_HEIGHT = 13.333, 7.5
MARGIN = 0.6
CONTENT_WIDTH = PAGE_WIDTH - 2 * MARGIN
GAP = 0.35
TILE_GAP = 0.25


@dataclass(frozen=True)
class Box:
    """A rectangle in inches from the page's top left corner."""

    left: float
    top: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        """Return where it ends."""
        return self.top + self.height


SECTION_BOX = Box(MARGIN, 0.42, CONTENT_WIDTH, 0.26)
TITLE_BOX = Box(MARGIN, 0.68, CONTENT_WIDTH, 1.0)
FOOTER_BOX = Box(MARGIN, 6.98, CONTENT_WIDTH - 1.0, 0.26)
NUMBER_BOX = Box(PAGE_WIDTH - MARGIN - 0.9, 6.98, 0.9, 0.26)
CONTENT_BOTTOM = 6.82

_SHARE = {Chart: 1.5, Table: 1.35, Claims: 1.0, Lines: 1.0, Tiles: 1.0}
_LEAST_CHART = 1.9
_FLOWING_SIZE = 12


COVER_TITLE_BOX = Box(0.9, 2.35, 11.5, 0.8)
COVER_TEXT_BOX = Box(0.9, 3.25, 11.5, 2.4)


@dataclass(frozen=True)
class Placed:
    """A block, already cut to fit, with the text size in points that makes it fit."""

    block: Block
    box: Box
    size: float


@dataclass(frozen=True)
class PageLayout:
    """One page; `number` is printed on it, `title_size` in points."""

    slide: Slide
    number: int
    title: str
    title_size: float
    section: str
    continued: bool
    placed: tuple[Placed, ...]


@dataclass(frozen=True)
class CoverLayout:
    """The title page: its two large lines with their sizes in points."""

    title: str
    title_size: float
    subject: str
    subject_size: float


def cover(story: Story) -> CoverLayout:
    """Return the title page, its lines cut to fit."""
    wide = COVER_TITLE_BOX.width
    title_size, title = fit.text(story.title, wide, COVER_TITLE_BOX.height, (36, 28), bold=True)
    subject_size, subject = fit.text(story.subject, wide, 1.0, (28, 20))
    return CoverLayout(title, title_size, subject, subject_size)


def footer(story: Story) -> str:
    """Return the line at the foot of every page, cut to fit."""
    return measure.cut(f"{story.source} · {story.label}", 12, FOOTER_BOX.width, 1)


def lay_out(story: Story) -> tuple[PageLayout, ...]:
    """Return the pages after the title page, numbered from 2."""
    pages: list[PageLayout] = []
    for slide in story.slides:
        size, fitted = _title(slide.title)
        top = TITLE_BOX.top + measure.height(fitted, size, TITLE_BOX.width, bold=True) + 0.3
        for part, placed in enumerate(_pages(slide, Box(MARGIN, top, CONTENT_WIDTH, CONTENT_BOTTOM - top))):
            text = (
                fitted if part == 0 else measure.cut(f"{slide.title} (continued)", size, TITLE_BOX.width, 2, bold=True)
            )
            section = f"{slide.number} · {slide.section}" if slide.number else slide.section
            _, section = fit.text(section, SECTION_BOX.width, SECTION_BOX.height, (12,), bold=True)
            pages.append(PageLayout(slide, len(pages) + 2, text, size, section, part > 0, placed))
    return tuple(pages)


def _title(words: str) -> tuple[float, str]:
    """Return the title's size and text: on one line where 24 points allow it, else on two."""
    for size in (28.0, 24.0):
        if measure.width(words, size, bold=True) <= TITLE_BOX.width:
            return size, words
    return fit.text(words, TITLE_BOX.width, TITLE_BOX.height, (24, 20), bold=True)


def _pages(slide: Slide, room: Box) -> Iterator[tuple[Placed, ...]]:
    if not slide.flows:
        yield tuple(_fill(slide.rows, room))
        return
    waiting = [row[0] for row in slide.rows]
    wide = (room.width - GAP * (slide.columns - 1)) / slide.columns
    while waiting:
        placed: list[Placed] = []
        for column in range(slide.columns):
            placed += _column(waiting, Box(room.left + column * (wide + GAP), room.top, wide, room.height))
        yield tuple(placed)


def _column(waiting: list[Block], room: Box) -> Iterator[Placed]:
    """Place blocks under each other until the column is full, taking them off `waiting`."""
    top = room.top
    while waiting:
        here, rest = fit.split(waiting[0], room.width, room.bottom - top, _FLOWING_SIZE, first=top == room.top)
        if here is None:
            return
        high = fit.height(here, room.width, _FLOWING_SIZE)
        yield Placed(here, Box(room.left, top, room.width, high), _FLOWING_SIZE)
        top += high + 0.22
        waiting[:1] = [rest] if rest else []
        if rest:
            return


def _fill(rows: tuple[tuple[Block, ...], ...], room: Box) -> Iterator[Placed]:
    """Place each row below the last; rows with a chart share the height that the others leave."""
    usable = room.height - GAP * (len(rows) - 1)
    fixed = {
        place: min(_natural(row), usable)
        for place, row in enumerate(rows)
        if not any(isinstance(block, Chart) for block in row) and len(rows) > 1
    }
    stretching = len(rows) - len(fixed)
    each = max(_LEAST_CHART, (usable - sum(fixed.values())) / stretching) if stretching else 0
    top = room.top
    for place, row in enumerate(rows):
        high = min(fixed.get(place, each), room.bottom - top)
        yield from _row(row, top, high)
        top += high + GAP


def _row(row: tuple[Block, ...], top: float, high: float) -> Iterator[Placed]:
    left = MARGIN
    for block, wide in zip(row, _row_widths(row), strict=True):
        size, fitted = fit.block(block, wide, high)
        yield Placed(fitted, Box(left, top, wide, high), size)
        left += wide + GAP


def _row_widths(row: tuple[Block, ...]) -> list[float]:
    weights = [_SHARE[type(block)] for block in row]
    usable = CONTENT_WIDTH - GAP * (len(row) - 1)
    return [usable * weight / sum(weights) for weight in weights]


def _natural(row: tuple[Block, ...]) -> float:
    return max(
        fit.height(block, wide, fit.SIZES[type(block)][0]) for block, wide in zip(row, _row_widths(row), strict=True)
    )


def tile_boxes(tiles: Tiles, box: Box) -> list[Box]:
    """Return where each tile stands: as wide as a quarter of the row, narrower when there are more than four."""
    count = max(4, len(tiles.tiles))
    wide = (box.width - TILE_GAP * (count - 1)) / count
    high = min(box.height, fit.tiles_height(tiles))
    return [Box(box.left + place * (wide + TILE_GAP), box.top, wide, high) for place in range(len(tiles.tiles))]
