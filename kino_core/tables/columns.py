"""What all tables share: their registry, and kinds of columns that SQLAlchemy lacks."""

from sqlalchemy import Column, DateTime, MetaData
from sqlalchemy.types import UserDefinedType

metadata = MetaData()


class Xid8(UserDefinedType[int]):
    """A PostgreSQL transaction id that never wraps around."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


def when(name: str, *, nullable: bool = True) -> Column[object]:
    """Return a column that holds a moment, in UTC."""
    return Column(name, DateTime(timezone=True), nullable=nullable)
