"""One refresh: a window of the log becomes one snapshot of the lake, or nothing at all."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import psycopg

from kino_assets.pipeline import prepare, process_window
from kino_assets.window import Origin, Window, anything_since, next_window, read_window
from kino_core.database import libpq_url
from kino_core.errors import KinoError
from kino_core.lake import LAKE_LOCK, connect_lake
from kino_core.settings import Settings

LOCK_WAIT_SECONDS = 120

BeforeCommit = Callable[[duckdb.DuckDBPyConnection], None]


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did: events read, (metric, scope, day) slices recomputed, and the snapshot it made."""

    events: int
    slices: int
    seconds: float
    snapshot_id: int


class LogReplaced(KinoError):
    """The database behind the lake is not the one its cursor was taken from."""

    code = "LOG_REPLACED"


class LakeBusy(KinoError):
    """Another refresh holds the lake."""

    code = "LAKE_BUSY"
    retryable = True


def refresh(
    settings: Settings,
    *,
    full: bool = False,
    everything: bool = False,
    before_commit: BeforeCommit = lambda lake: None,
) -> Refreshed:
    """Bring the lake up to date; with `full`, rebuild every table from the first event on.

    `everything` waits until all that was committed before the call can be read. `before_commit` runs on the finished,
    uncommitted tables; whatever it raises rolls the whole refresh back.
    """
    began = time.monotonic()
    with one_committer(settings) as postgres, _writer(settings) as lake:
        with _transaction(lake):
            prepare(lake)
            if full:
                _empty(lake)
            low, origin = _cursor(lake)
            window = next_window(postgres, low, everything=everything)
            _same_log(origin, window.origin)
            if not full and not anything_since(postgres, low):
                return Refreshed(0, 0, time.monotonic() - began, snapshot_id(lake))
            events = load_window(lake, settings.database_url, window)
            slices = process_window(lake, window.high)
            _move_cursor(lake, window)
            before_commit(lake)
        return Refreshed(events, slices, time.monotonic() - began, snapshot_id(lake))


@contextmanager
def one_committer(settings: Settings) -> Iterator[psycopg.Connection]:
    """Hold the lock that lets one process at a time commit to the lake; yields the connection that holds it.

    Raises LakeBusy when another process keeps it for two minutes.
    """
    with psycopg.connect(libpq_url(settings.database_url), autocommit=True, application_name="kino refresh") as held:
        held.execute(f"SET lock_timeout = '{LOCK_WAIT_SECONDS}s'")
        try:
            held.execute("SELECT pg_advisory_lock(%s)", [LAKE_LOCK])
        except psycopg.errors.LockNotAvailable as error:
            raise LakeBusy("Another refresh has held the lake for two minutes. Try again when it is done.") from error
        yield held


def load_window(lake: duckdb.DuckDBPyConnection, database_url: str, window: Window) -> int:
    """Fill the temporary table `window_event` with the events of `window`; returns how many they are."""
    with read_window(database_url, window) as events:
        lake.register("incoming_event", events)
        lake.execute(
            "CREATE OR REPLACE TEMP TABLE window_event AS"
            " SELECT * REPLACE (xid::UBIGINT AS xid, project_id::UUID AS project_id) FROM incoming_event"
        )
        lake.unregister("incoming_event")
    row = lake.execute("SELECT count(*) FROM window_event").fetchone()
    assert row is not None
    return int(row[0])


def snapshot_id(lake: duckdb.DuckDBPyConnection) -> int:
    """Return the id of the newest snapshot of the lake."""
    row = lake.execute("SELECT id FROM lake.current_snapshot()").fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def _writer(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    lake = connect_lake(settings.database_url, settings.lake_path, read_only=False)
    try:
        yield lake
    finally:
        lake.close()


@contextmanager
def _transaction(lake: duckdb.DuckDBPyConnection) -> Iterator[None]:
    lake.execute("BEGIN")
    try:
        yield
    except BaseException:
        lake.execute("ROLLBACK")
        raise
    lake.execute("COMMIT")


def _empty(lake: duckdb.DuckDBPyConnection) -> None:
    tables = lake.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables()"
        " WHERE database_name = current_database() AND schema_name IN ('bronze', 'silver', 'gold')"
    ).fetchall()
    for (table,) in tables:
        lake.execute(f"DELETE FROM {table}")


def _cursor(lake: duckdb.DuckDBPyConnection) -> tuple[int, Origin | None]:
    row = lake.execute("SELECT low, system_identifier, timeline FROM bronze.cursor").fetchone()
    return (int(row[0]), Origin(row[1], int(row[2]))) if row else (0, None)


def _move_cursor(lake: duckdb.DuckDBPyConnection, window: Window) -> None:
    lake.execute("DELETE FROM bronze.cursor")
    lake.execute(
        "INSERT INTO bronze.cursor VALUES (?, ?, ?)",
        [window.high, window.origin.system_identifier, window.origin.timeline],
    )


def _same_log(known: Origin | None, found: Origin) -> None:
    if known is not None and known != found:
        raise LogReplaced(
            "The lake was built from another database, or this one was restored from a backup. "
            "Rebuild the lake with `kino refresh --full`."
        )
