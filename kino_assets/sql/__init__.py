"""The SQL that makes the lake, one file a table, read by name."""

from functools import cache
from importlib.resources import files


@cache
def read_sql(name: str) -> str:
    """Return the SQL in `<name>.sql`; some files name a table in braces, filled in by their caller's constants."""
    return (files(__name__) / f"{name}.sql").read_text()
