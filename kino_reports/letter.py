"""The newsletter as the body of an e-mail: HTML and plain text."""

import textwrap
from datetime import datetime

from kino_reports import look
from kino_reports.charts import Chart
from kino_reports.newsletter import Letter
from kino_reports.story import Table
from kino_reports.templating import fill

_COLUMNS = 72
_MOST_BARS = 31


def render_html(letter: Letter, _moment: datetime) -> bytes:
    """Return the HTML body of the e-mail: tables, inline styles, no picture, no script, nothing to fetch."""
    return fill("letter.html.j2", letter=letter, look=look, bars=_bars(letter.chart)).encode()


def render_text(letter: Letter, _moment: datetime) -> bytes:
    """Return the plain text of the e-mail, in lines of at most 72 characters where words allow."""
    blocks = [letter.title, "=" * min(_COLUMNS, len(letter.title)), "", *_wrapped(letter.headline)]
    if letter.tiles:
        blocks.append("")
    for tile in letter.tiles:
        details = [tile.range, *(change.text for change in tile.changes), tile.basis]
        blocks += _wrapped(f"{tile.label}: {tile.value} ({'; '.join(detail for detail in details if detail)})", "  ")
    for part in letter.parts:
        blocks += ["", part.heading.upper(), *(line for item in part.items for line in _wrapped(f"- {item}", "  "))]
    if letter.projects:
        blocks += ["", "PROJECTS", *_rows(letter.projects)]
    blocks += ["", "METHOD", *(line for item in letter.method for line in _wrapped(item))]
    return ("\n".join([*blocks, "", letter.source]) + "\n").encode()


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, _COLUMNS, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _rows(table: Table) -> list[str]:
    told = [f"- {row[0]}: {row[1]} pull requests merged, {row[2]} commits" for row in table.rows]
    if table.left_out:
        told.append(f"- and {table.left_out:,} more")
    return [line for row in told for line in _wrapped(row, "  ")]


def _bars(chart: Chart | None) -> list[tuple[str, str, int]]:
    """Return name, number and width (percent of the widest) of each bar: a chart that every mail reader shows."""
    if chart is None:
        return []
    values = list(zip(chart.categories, chart.series[0].values, strict=True))[-_MOST_BARS:]
    most = max((value for _, value in values if value is not None), default=0) or 1
    return [(name, chart.text(value), round(100 * (value or 0) / most)) for name, value in values]
