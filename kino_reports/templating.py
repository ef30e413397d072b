"""The templates of reports: everything is escaped, and a missing value is an error."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from kino_reports import measure


def fill(template: str, **values: object) -> str:
    """Return the template `templates/<template>` filled with `values`."""
    return _environment().get_template(template).render(values)


def glyphs(text: str) -> Markup:
    """Return `text` for a PDF: what the report's font lacks stands in elements of the class `other`."""
    pieces = [
        escape(piece) if known else Markup('<span class="other">{}</span>').format(piece)
        for piece, known in measure.runs(text)
    ]
    return Markup("").join(pieces)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("kino_reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["glyphs"] = glyphs
    return environment
