"""The story as a PDF whose pages mirror the slides: tagged, bookmarked, fonts embedded, nothing fetched."""

import base64
import hashlib
import logging
import os
from datetime import datetime

from kino_reports import fit, look, measure, svg
from kino_reports.charts import Chart
from kino_reports.layout import (
    COVER_TEXT_BOX,
    COVER_TITLE_BOX,
    FOOTER_BOX,
    NUMBER_BOX,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    SECTION_BOX,
    TITLE_BOX,
    Box,
    cover,
    footer,
    lay_out,
    tile_boxes,
)
from kino_reports.story import Story
from kino_reports.templating import fill

# Fonts that are cut down to what a page uses (emoji, variable ones) get the time of that: each second other bytes.
os.environ.setdefault("SOURCE_DATE_EPOCH", "0")

CHART_TITLE = measure.line_height(14) + 0.06
"""Height of a chart's title above its picture, in inches."""


def render(story: Story, moment: datetime) -> bytes:
    """Return a PDF of `story`; equal stories and moments (UTC) give equal bytes."""
    page = fill(
        "slides.html.j2",
        story=story,
        front=cover(story),
        footer=footer(story),
        pages=lay_out(story),
        moment=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        place=_place,
        picture=_picture,
        kind=lambda block: type(block).__name__.lower(),
        tile_boxes=tile_boxes,
        boxes={"title": TITLE_BOX, "section": SECTION_BOX, "footer": FOOTER_BOX, "number": NUMBER_BOX}
        | {"cover_title": COVER_TITLE_BOX, "cover_text": COVER_TEXT_BOX},
        page_size=(PAGE_WIDTH, PAGE_HEIGHT),
        fit=fit,
        look=look,
        line_height=measure.LINE_HEIGHT,
        bullet=fit.BULLET_INDENT,
    )
    return write_pdf(page)


def write_pdf(page: str) -> bytes:
    """Return the HTML `page` as a tagged PDF; it may use data: addresses and nothing else."""
    # WeasyPrint takes two seconds to load: whoever makes another form of a report does not wait for it.
    from weasyprint import HTML  # noqa: PLC0415  as above
    from weasyprint.urls import URLFetcher  # noqa: PLC0415  as above

    # One line for every character that no installed font has would bury everything else in the log.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    # The identifier is part of the bytes and random by default.
    identifier = hashlib.sha256(page.encode()).digest()[:16]
    made: bytes = HTML(string=page, url_fetcher=URLFetcher(allowed_protocols=["data"])).write_pdf(
        pdf_variant="pdf/ua-1", pdf_identifier=identifier
    )
    return made


def _place(box: Box) -> str:
    """Return the CSS that puts an element into `box`."""
    return f"left:{box.left:.3f}in;top:{box.top:.3f}in;width:{box.width:.3f}in;height:{box.height:.3f}in"


def _picture(chart: Chart, box: Box) -> str:
    """Return the chart as a data: address, as large as what its title leaves of `box`."""
    drawn = svg.draw(chart, box.width, box.height - CHART_TITLE)
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode()}"
