"""Blocks of a page as native PowerPoint shapes: tiles, claims, lines and tables."""

from pptx.enum.text import MSO_ANCHOR
from pptx.oxml.ns import qn
from pptx.slide import Slide
from pptx.table import _Cell
from pptx.util import Inches, Length, Pt

from kino_reports import fit, look, measure
from kino_reports.deck.colors import rgb
from kino_reports.deck.words import Paragraph, add_text, write
from kino_reports.layout import Box, tile_boxes
from kino_reports.story import Align, Claims, Lines, Table, Tile, Tiles

_PLAIN_TABLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"
"""PowerPoint's “No Style, No Grid”."""


def add_tiles(slide: Slide, tiles: Tiles, box: Box) -> None:
    """Add the tiles side by side; a tile is one shape with its text."""
    for tile, place in zip(tiles.tiles, tile_boxes(tiles, box), strict=True):
        # A text box, because a plain shape brings the theme's shadow along.
        shape = slide.shapes.add_textbox(
            Inches(place.left), Inches(place.top), Inches(place.width), Inches(place.height)
        )
        shape.name = f"Key figure: {tile.label}"
        shape.fill.solid()
        shape.fill.fore_color.rgb = rgb(look.GROUND)
        write(shape.text_frame, _tile_paragraphs(tile, place.width), margin=fit.TILE_PADDING)


def _tile_paragraphs(tile: Tile, wide: float) -> list[Paragraph]:
    colors = {fit.TileRole.LABEL: look.MUTED, fit.TileRole.BASIS: look.MUTED}
    return [
        Paragraph(
            line.text,
            line.size,
            look.JUDGED[line.judgement] if line.judgement else colors.get(line.role, look.INK),
            bold=line.role is fit.TileRole.VALUE,
        )
        for line in fit.tile_lines(tile, wide)
    ]


def add_claims(slide: Slide, claims: Claims, box: Box, size: float) -> None:
    """Add the claims as large sentences."""
    gap = size * measure.LINE_HEIGHT * fit.ITEM_GAP
    add_text(
        slide,
        box,
        [Paragraph(item, size, gap=gap if place else 0) for place, item in enumerate(claims.items)],
        "Claims",
    )


def add_lines(slide: Slide, lines: Lines, box: Box, size: float) -> None:
    """Add short statements with a dot each, under their heading."""
    gap = size * measure.LINE_HEIGHT * fit.ITEM_GAP
    head = [Paragraph(lines.heading, size, look.ACCENT, bold=True)] if lines.heading else []
    items = [
        Paragraph(item, size, gap=gap if place else (gap / 2 if head else 0), bullet=True)
        for place, item in enumerate(lines.items)
    ]
    add_text(slide, box, [*head, *items], lines.heading or "Statements")


def add_table(slide: Slide, table: Table, box: Box, size: float) -> None:
    """Add a native table with a heading row, thin rules and its own column widths."""
    heights = fit.row_heights(table, box.width, size)
    frame = slide.shapes.add_table(
        len(table.rows) + 1,
        len(table.columns),
        Inches(box.left),
        Inches(box.top),
        Inches(box.width),
        Inches(sum(heights)),
    )
    frame.name = table.name
    frame.element.nvGraphicFramePr.cNvPr.set("descr", f"Table: {table.name}.")
    native = frame.table
    native.horz_banding = False
    native._tbl.find(f"{qn('a:tblPr')}/{qn('a:tableStyleId')}").text = _PLAIN_TABLE
    for across, wide in enumerate(fit.column_widths(table, box.width)):
        native.columns[across].width = Inches(wide)
    for down, high in enumerate(heights):
        native.rows[down].height = Inches(high)
    for across, column in enumerate(table.columns):
        align = "r" if column.align is Align.RIGHT else "l"
        _fill(native.cell(0, across), Paragraph(column.title, size, look.MUTED, bold=True), align, Pt(1), look.MUTED)
        for down, row in enumerate(table.rows, start=1):
            color = look.cell_color(row[across])
            _fill(native.cell(down, across), Paragraph(row[across], size, color), align, Pt(0.5), look.RULE)
    if table.left_out:
        below = Box(box.left, box.top + sum(heights) + fit.CELL_PADDING, box.width, measure.line_height(12))
        add_text(slide, below, [Paragraph(fit.left_out(table), 12, look.MUTED)], "Rows left out")


def _fill(cell: _Cell, paragraph: Paragraph, align: str, rule: Length, rule_color: str) -> None:
    write(cell.text_frame, [paragraph], align=align)
    cell.margin_left = cell.margin_right = Inches(fit.CELL_PADDING)
    cell.margin_top = cell.margin_bottom = Inches(fit.row_padding(paragraph.size) / 2)
    cell.vertical_anchor = MSO_ANCHOR.TOP
    properties = cell._tc.get_or_add_tcPr()
    line = properties.makeelement(qn("a:lnB"), {"w": str(int(rule))})
    solid = line.makeelement(qn("a:solidFill"), {})
    solid.append(line.makeelement(qn("a:srgbClr"), {"val": rule_color[1:]}))
    line.append(solid)
    properties.insert(0, line)
