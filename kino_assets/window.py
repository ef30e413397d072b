"""Reading the log by transaction id: what commits late is never skipped, whatever its id or time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pyarrow as pa
from adbc_driver_manager.dbapi import Connection
from adbc_driver_postgresql import dbapi

from kino_assets.sql import read_sql
from kino_core.database import libpq_url
from kino_core.errors import KinoError

HOLD_UP_SECONDS = 30.0


LogReader = Connection
"""A connection that gives what it reads as Arrow. Opening one takes a tenth of a second: it learns every type."""


@dataclass(frozen=True)
class Origin:
    """Which database a log belongs to; a restored or replaced one has another."""

    system_identifier: str
    timeline: int


@dataclass(frozen=True)
class Window:
    """The transactions from `low` up to, but without, `high`; all of them have ended."""

    low: int
    high: int
    origin: Origin


class LogHeldUp(KinoError):
    """A transaction stayed open so long that what came after it cannot be read yet."""

    code = "LOG_HELD_UP"
    retryable = True


def next_window(connection: psycopg.Connection, low: int, *, everything: bool) -> Window:
    """Return the window that begins at `low`.

    With `everything` it holds all that was committed before the call, and so waits for the transactions that are
    open at this moment to end; raises LogHeldUp when one does not within 30 seconds.
    """
    row = connection.execute(
        "SELECT (SELECT system_identifier::text FROM pg_control_system()),"
        " (SELECT timeline_id FROM pg_control_checkpoint())"
    ).fetchone()
    assert row is not None
    origin = Origin(row[0], row[1])
    high = _oldest_open(connection)
    if everything:
        now = _number(connection, "SELECT pg_current_xact_id()::text::bigint")
        deadline = time.monotonic() + HOLD_UP_SECONDS
        while high < now:
            if time.monotonic() > deadline:
                raise LogHeldUp(
                    "A transaction in PostgreSQL has been open for more than 30 seconds and holds up the log. "
                    "Look for it in pg_stat_activity, end it, and refresh again."
                )
            time.sleep(0.01)
            high = _oldest_open(connection)
    return Window(low, high, origin)


def anything_since(connection: psycopg.Connection, low: int) -> bool:
    """Return whether a refresh from `low` has something to do: events to read, or a log that is not the one it knew."""
    row = connection.execute(read_sql("bronze/anything_since"), {"low": str(low)}).fetchone()
    assert row is not None
    return bool(row[0])


def open_log(database_url: str) -> LogReader:
    """Return a connection to the log that holds no transaction between two reads."""
    connection: LogReader = dbapi.connect(libpq_url(database_url), autocommit=True)
    return connection


@contextmanager
def read_window(log: LogReader, window: Window) -> Iterator[pa.RecordBatchReader]:
    """Yield the events of `window` as a stream of Arrow batches, readable once, inside the block."""
    with log.cursor() as cursor:
        cursor.execute(read_sql("bronze/read_window"), [str(window.low), str(window.high)])
        yield cursor.fetch_record_batch()


def _oldest_open(connection: psycopg.Connection) -> int:
    return _number(connection, "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


def _number(connection: psycopg.Connection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    assert row is not None
    return int(row[0])
