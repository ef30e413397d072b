"""What a request asks of PostgreSQL: its statements, gathered while a block runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event

from kino_core.database import Database


@dataclass(frozen=True)
class Statement:
    """A statement as it was sent, with its values."""

    sql: str
    values: Any


@contextmanager
def statements_of(database: Database) -> Iterator[list[Statement]]:
    """Yield a list that gathers all statements of `database`, whichever thread sends them."""
    sent: list[Statement] = []

    def note(_connection: Any, _cursor: Any, sql: str, values: Any, _context: Any, _many: bool) -> None:  # noqa: ANN401 - SQLAlchemy's
        sent.append(Statement(sql, values))

    event.listen(database._engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database._engine, "before_cursor_execute", note)
