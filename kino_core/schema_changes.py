"""Changes of the schema of Kino's tables in PostgreSQL, by Alembic, which only this module loads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from kino_core.database import DatabaseUnavailable
from kino_core.schema import MIGRATIONS

LOCK = 0x6B696E6F
"""Key of the advisory lock under which one process at a time changes the schema."""


def migrate(database_url: str) -> None:
    """Bring the schema up to date; safe to run again, and by several processes at once."""
    _under_lock(database_url, lambda config: command.upgrade(config, "head"))


def step_down(database_url: str) -> None:
    """Take the newest migration back, with the data it holds."""
    _under_lock(database_url, lambda config: command.downgrade(config, "-1"))


def reset(database_url: str) -> None:
    """Drop everything that Kino keeps in PostgreSQL, lake catalog and Dagster's storage included."""
    with _locked(database_url) as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS kino, landing, lake, dagster CASCADE"))
        connection.commit()


def _under_lock(database_url: str, change: Callable[[Config], None]) -> None:
    with _locked(database_url) as connection:
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS kino"))
        # Alembic commits each migration on its own only on a connection that is not in a transaction.
        connection.commit()
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        change(config)


@contextmanager
def _locked(database_url: str) -> Iterator[Connection]:
    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    try:
        connection = engine.connect()
    except OperationalError as error:
        raise DatabaseUnavailable(f"PostgreSQL does not answer: {error.orig}") from error
    try:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        connection.commit()
        yield connection
    finally:
        connection.close()
        engine.dispose()
