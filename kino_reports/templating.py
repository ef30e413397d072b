"""The templates of reports: everything is escaped, and a missing value is an error."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


def fill(template: str, **values: object) -> str:
    """Return the template `templates/<template>` filled with `values`."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("kino_reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
