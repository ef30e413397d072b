"""Makes a block fit its box: smaller text first, then fewer items, and what is left out is counted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from kino_reports import measure
from kino_reports.charts import Chart
from kino_reports.story import Block, Claims, Judgement, Lines, Table, Tile, Tiles
from kino_reports.wording import plural

SIZES: dict[type, tuple[float, ...]] = {
    Claims: (20, 16, 14),
    Lines: (14, 12),
    Table: (16, 14, 12),
    Tiles: (12,),
    Chart: (12,),
}
"""Text sizes in points to try, the largest first."""

BULLET_INDENT = 0.22
CELL_PADDING = 0.08
"""Left and right of a cell's text, in inches."""

TILE_PADDING = 0.14
ITEM_GAP = 0.5
"""Space between two items, in lines."""


class TileRole(StrEnum):
    """What a line of a tile says."""

    LABEL = "label"
    VALUE = "value"
    RANGE = "range"
    CHANGE = "change"
    BASIS = "basis"


@dataclass(frozen=True)
class TileLine:
    """One line of a tile, already cut to its width; `size` in points."""

    text: str
    size: float
    role: TileRole
    judgement: Judgement | None = None


def text(words: str, wide: float, high: float, sizes: Sequence[float], *, bold: bool = False) -> tuple[float, str]:
    """Return the largest of `sizes` at which `words` fit, or the smallest with the words cut."""
    for size in sizes:
        if measure.height(words, size, wide, bold=bold) <= high:
            return size, words
    most = max(1, int(high / measure.line_height(sizes[-1])))
    return sizes[-1], measure.cut(words, sizes[-1], wide, most, bold=bold)


def block(found: Block, wide: float, high: float) -> tuple[float, Block]:
    """Return the text size at which `found` fits the box, and the block, cut where even the smallest is too large."""
    sizes = SIZES[type(found)]
    for size in sizes:
        if height(found, wide, size) <= high + 1e-6:
            return size, found
    if isinstance(found, Chart | Tiles):
        return sizes[-1], found
    here, _ = split(found, wide, high, sizes[-1], first=True, count_rest=True)
    assert here is not None
    return sizes[-1], here


def height(found: Block, wide: float, size: float) -> float:
    """Return the height in inches that `found` needs at this width and text size; a chart takes what there is."""
    match found:
        case Tiles():
            return tiles_height(found)
        case Claims(items):
            return _items_height(items, wide, size)
        case Lines(items, heading):
            head = measure.line_height(size) * 1.25 if heading else 0
            return head + _items_height(items, wide - BULLET_INDENT, size)
        case Table():
            more = measure.line_height(12) + CELL_PADDING if found.left_out else 0
            return sum(row_heights(found, wide, size)) + more
        case Chart():
            return 0


def split(
    found: Block, wide: float, high: float, size: float, *, first: bool, count_rest: bool = False
) -> tuple[Block | None, Block | None]:
    """Return the part of `found` that fits `high` and the rest, either None.

    With `first`, at least one item is taken, cut if need be; with `count_rest`, the part says how much it left out.
    """
    if height(found, wide, size) <= high:
        return found, None
    match found:
        case Table():
            return _split_table(found, wide, high, size, first=first, count_rest=count_rest)
        case Lines(items, _) | Claims(items):
            for taken in range(len(items) - 1, 0, -1):
                shown = items[:taken]
                if count_rest:
                    shown = (*shown, f"… and {len(items) - taken:,} more.")
                part = replace(found, items=shown)
                if height(part, wide, size) <= high:
                    return part, replace(found, items=items[taken:])
            if not first:
                return None, found
            most = max(1, int(high / measure.line_height(size)) - 1)
            cut = measure.cut(items[0], size, wide - BULLET_INDENT, most)
            rest = replace(found, items=items[1:]) if items[1:] else None
            return replace(found, items=(cut,)), rest
        case _:
            return found, None


def column_widths(table: Table, wide: float) -> list[float]:
    """Return the width of every column in inches."""
    total = sum(column.weight for column in table.columns)
    return [wide * column.weight / total for column in table.columns]


def row_heights(table: Table, wide: float, size: float) -> list[float]:
    """Return the height of the heading row and of every other row in inches."""
    widths = [each - 2 * CELL_PADDING for each in column_widths(table, wide)]
    rows = [(tuple(column.title for column in table.columns), True), *((row, False) for row in table.rows)]
    return [
        max(measure.height(cell, size, wide, bold=bold) for cell, wide in zip(row, widths, strict=True))
        + row_padding(size)
        for row, bold in rows
    ]


def row_padding(size: float) -> float:
    """Return the space above and below a row's text together, in inches."""
    return 0.08 if size <= 12 else size / 72 * 0.9


def tiles_height(found: Tiles) -> float:
    """Return the height of a row of tiles in inches: label, value, range, changes and basis under each other."""
    small = measure.line_height(12)
    ranged = any(tile.range for tile in found.tiles)
    changes = max((len(tile.changes) for tile in found.tiles), default=0)
    return 2 * TILE_PADDING + measure.line_height(14) + measure.line_height(28) + small * (1 + ranged + changes)


def tile_lines(tile: Tile, wide: float) -> list[TileLine]:
    """Return the lines of a tile that is `wide` inches, each cut to one line."""
    room = wide - 2 * TILE_PADDING
    size, value = text(tile.value, room, measure.line_height(28), (28, 24, 20), bold=True)
    lines = [
        TileLine(measure.cut(tile.label, 14, room, 1), 14, TileRole.LABEL),
        TileLine(value, size, TileRole.VALUE),
    ]
    if tile.range:
        lines.append(TileLine(measure.cut(tile.range, 12, room, 1), 12, TileRole.RANGE))
    lines += [
        TileLine(measure.cut(change.text, 12, room, 1), 12, TileRole.CHANGE, change.judgement)
        for change in tile.changes
    ]
    return [*lines, TileLine(measure.cut(tile.basis, 12, room, 1), 12, TileRole.BASIS)]


def _items_height(items: Sequence[str], wide: float, size: float) -> float:
    lines = sum(len(measure.lines(item, size, wide)) for item in items)
    return (lines + ITEM_GAP * max(0, len(items) - 1)) * measure.line_height(size)


def _split_table(
    table: Table, wide: float, high: float, size: float, *, first: bool, count_rest: bool
) -> tuple[Block | None, Block | None]:
    heights = row_heights(table, wide, size)
    room = high - (measure.line_height(12) + CELL_PADDING if count_rest else 0)
    taken, used = 0, heights[0]
    while taken < len(table.rows) and used + heights[taken + 1] <= room:
        used += heights[taken + 1]
        taken += 1
    if taken == 0 and not first:
        return None, table
    taken = max(taken, 1)
    left = len(table.rows) - taken + table.left_out
    part = replace(table, rows=table.rows[:taken], left_out=left if count_rest else 0)
    return part, replace(table, rows=table.rows[taken:])


def left_out(table: Table) -> str:
    """Return the line that says how many rows a table left out."""
    return f"and {plural(table.left_out, f'more {table.noun}')}"
