"""The longer queries about people, one file each, read by name; every value is bound."""

from functools import cache
from importlib.resources import files


@cache
def read_sql(name: str) -> str:
    """Return the statement in `<name>.sql` of this folder, in SQLAlchemy's `:name` style."""
    return files(__name__).joinpath(f"{name}.sql").read_text("utf-8")
