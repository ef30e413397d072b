"""The doors' own connections to PostgreSQL: asynchronous, durable, and quick to notice that it is gone."""

from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

from kino_core.database import CUT_OFF, libpq_url

CONNECT_SECONDS = 2
STATEMENT_TIMEOUT_MS = 5_000
_PARAMETERS: dict[str, Any] = {
    "autocommit": True,
    "connect_timeout": CONNECT_SECONDS,
    "application_name": "kino ingest",
    "options": f"-c synchronous_commit=on -c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS}",
    **CUT_OFF,
}


async def connect(database_url: str) -> psycopg.AsyncConnection:
    """Return a connection on which every statement is a durable transaction of its own."""
    return await psycopg.AsyncConnection.connect(libpq_url(database_url), **_PARAMETERS)


def connection_pool(database_url: str, *, size: int, wait_seconds: float) -> AsyncConnectionPool:
    """Return a pool, not yet open, whose connections are checked before each use; asking waits `wait_seconds`."""
    return AsyncConnectionPool(
        libpq_url(database_url),
        min_size=0,
        max_size=size,
        open=False,
        timeout=wait_seconds,
        kwargs=_PARAMETERS,
        check=AsyncConnectionPool.check_connection,
    )
