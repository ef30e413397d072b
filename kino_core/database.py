"""The one way to PostgreSQL: sessions that read and sessions that write are different types."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NewType

import psycopg
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolUsedUp

from kino_core.actors import SYSTEM, Actor
from kino_core.errors import Unavailable

ReadSession = NewType("ReadSession", Connection)
WriteSession = NewType("WriteSession", Connection)

POOL_WAIT_SECONDS = 2.0
STATEMENT_TIMEOUT_MS = 5_000
IDLE_TRANSACTION_MS = 30_000
WRITER_IDLE_TRANSACTION_MS = 8_000
"""The same for whoever lands and folds events: while their transactions are open, no reader of the log gets past."""

CUT_OFF: Final[dict[str, int]] = {
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
}
"""What libpq is told so that a network that is cut without a word is noticed within seconds instead of minutes."""


class DatabaseUnavailable(Unavailable):
    """PostgreSQL does not answer."""

    code = "DATABASE_UNAVAILABLE"


class Database:
    """A pool of connections to one PostgreSQL server, shared by the threads of one process.

    PostgreSQL ends a session that does nothing for `idle_transaction_ms` in the middle of a transaction, and one that
    does not take its rows for as long: a process that stands still must not hold up everybody else.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_max: int = 10,
        statement_timeout_ms: int = STATEMENT_TIMEOUT_MS,
        idle_transaction_ms: int = IDLE_TRANSACTION_MS,
    ) -> None:
        self._engine = create_engine(
            make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=pool_max,
            max_overflow=0,
            pool_timeout=POOL_WAIT_SECONDS,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": 2,
                "application_name": "kino",
                "options": f"-c statement_timeout={statement_timeout_ms} -c timezone=UTC"
                f" -c idle_in_transaction_session_timeout={idle_transaction_ms}"
                f" -c tcp_user_timeout={idle_transaction_ms}",
                **CUT_OFF,
            },
        )

    @contextmanager
    def read(self) -> Iterator[ReadSession]:
        """Yield a session in which PostgreSQL itself refuses writes."""
        with self._connected() as connection:
            connection.execute(text("SET TRANSACTION READ ONLY"))
            yield ReadSession(connection)

    @contextmanager
    def write(self, by: Actor = SYSTEM) -> Iterator[WriteSession]:
        """Yield a session that commits when the block ends and rolls back when it raises.

        The audit names `by` as the author of every change in it.
        """
        with self._connected() as connection:
            if by is not SYSTEM:
                connection.execute(text("SELECT set_config('kino.actor', :actor, true)"), {"actor": by.as_setting()})
            yield WriteSession(connection)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except PoolUsedUp as error:
            raise DatabaseUnavailable("Every connection to PostgreSQL is busy. Try again in a moment.") from error
        except DBAPIError as error:
            if isinstance(error.orig, psycopg.errors.QueryCanceled):
                raise DatabaseUnavailable("PostgreSQL took too long to answer. Try again in a moment.") from error
            # A session that PostgreSQL ends for standing idle is no OperationalError, and just as gone.
            if not (isinstance(error, OperationalError) or error.connection_invalidated):
                raise
            raise DatabaseUnavailable("PostgreSQL does not answer. Try again in a moment.") from error

    def close(self) -> None:
        """Close every pooled connection."""
        self._engine.dispose()


def libpq_url(url: str) -> str:
    """Return `url` without any SQLAlchemy driver name, as libpq, ADBC and DuckDB want it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def query(session: ReadSession | WriteSession, sql: str, **values: object) -> list[Any]:
    """Return the rows of `sql`, each with its columns as attributes; `values` are bound, never interpolated."""
    return list(session.execute(text(sql), values))
