"""The story as one HTML file: readable offline and without scripts, its charts interactive where Plotly is there."""

import base64
import hashlib
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from kino_reports import look, svg
from kino_reports.charts import Chart
from kino_reports.plotly_figure import figure
from kino_reports.story import Align, Slide, Story
from kino_reports.templating import fill

PLOTLY = Path(__file__).parent.parent / "dashboards" / "static" / "vendor" / "plotly-basic.min.js"
"""Put there at set-up; without it every chart stays the drawing that the server made."""

_WIDE, _HALF, _HIGH = 11.0, 5.6, 3.5


def render(story: Story, _moment: datetime) -> bytes:
    """Return the page; equal stories give equal bytes on one installation."""
    style = _asset("page.css")
    scripts = [text for text in (_plotly(), _asset("charts.js")) if text] if story.charts and _plotly() else []
    page = fill(
        "page.html.j2",
        story=story,
        style=Markup(style),
        scripts=[Markup(script) for script in scripts],
        policy=_policy(style, scripts),
        kind=lambda block: type(block).__name__.lower(),
        drawing=_drawing,
        figure=figure,
        cell_kind=look.cell_kind,
        right=Align.RIGHT,
        anchor=_anchor,
    )
    return page.encode()


def _policy(style: str, scripts: list[str]) -> str:
    """Return a content security policy that lets run exactly what is written into the page."""
    allowed = " ".join(_source(script) for script in scripts) or "'none'"
    # Plotly makes one empty style element and fills it by script, which no policy forbids.
    styles = f"{_source(style)} {_source('')}" if scripts else _source(style)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {styles}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _drawing(slide: Slide, chart: Chart) -> Markup:
    """Return the chart as SVG, half as wide where two stand side by side."""
    beside = any(chart in row and len(row) > 1 for row in slide.rows)
    # The drawing escapes every text it writes.
    return Markup(svg.draw(chart, _HALF if beside else _WIDE, _HIGH))


def _anchor(slide: Slide) -> str:
    return f"s-{slide.key}"


@cache
def _asset(name: str) -> str:
    return (files("kino_reports") / "templates" / name).read_text()


@cache
def _plotly() -> str:
    # A "</script" inside the bundle would end the element early; in JavaScript the escaped form means the same.
    return PLOTLY.read_text().replace("</script", "<\\/script") if PLOTLY.is_file() else ""
