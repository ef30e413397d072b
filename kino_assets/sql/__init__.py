"""The SQL that makes the lake, one file a table, read by name."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable


@cache
def read_sql(name: str) -> str:
    """Return the SQL in `<name>.sql`; some files name a table in braces, filled in by their caller's constants."""
    return (files(__name__) / f"{name}.sql").read_text()


def every_sql() -> str:
    """Return the text of every file, always in the same order."""
    return "".join(_texts(files(__name__)))


def _texts(folder: Traversable) -> list[str]:
    entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    below = [text for entry in entries if entry.is_dir() for text in _texts(entry)]
    return below + [entry.read_text() for entry in entries if entry.name.endswith(".sql")]
