"""The newsletter as a PDF to keep or to print."""

import base64
from datetime import datetime

from kino_reports import look, svg
from kino_reports.newsletter import Letter
from kino_reports.pdf import write_pdf
from kino_reports.templating import fill

_PICTURE = (6.7, 2.4)
"""Width and height of the chart in inches."""


def render(letter: Letter, moment: datetime) -> bytes:
    """Return the newsletter as A4 pages; equal letters and moments (UTC) give equal bytes."""
    picture = ""
    if letter.chart:
        drawn = svg.draw(letter.chart, *_PICTURE).encode()
        picture = f"data:image/svg+xml;base64,{base64.b64encode(drawn).decode()}"
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return write_pdf(fill("letter_pdf.html.j2", letter=letter, look=look, picture=picture, moment=stamp))
