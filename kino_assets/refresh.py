"""One refresh: a window of the log becomes one snapshot of the lake, or nothing at all."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol

import duckdb
import psycopg
import structlog

from kino_assets.pipeline import DEFINITIONS, Changes, prepare, process_window, recompute_days
from kino_assets.publish import publish, touched_projects
from kino_assets.sql import read_sql
from kino_assets.window import LogReader, Origin, Window, anything_since, next_window, open_log, read_window
from kino_core.database import libpq_url
from kino_core.errors import KinoError
from kino_core.lake import LAKE_LOCK, LakeNotReady, connect_lake
from kino_core.settings import Settings

LOCK_WAIT_SECONDS = 120
PUBLISH_AGAIN_SECONDS = 10.0

log = structlog.get_logger(__name__)

BeforeCommit = Callable[[duckdb.DuckDBPyConnection, Changes], None]


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did: how many events it read, what they changed, and the snapshot it made.

    `high` is where the next window begins.
    """

    events: int
    changes: Changes
    seconds: float
    snapshot_id: int
    high: int


class LogReplaced(KinoError):
    """The database behind the lake is not the one its cursor was taken from."""

    code = "LOG_REPLACED"


class LakeBusy(KinoError):
    """Another refresh holds the lake."""

    code = "LAKE_BUSY"
    retryable = True


class Refresh(Protocol):
    """What brings the lake up to date when it is asked to: a LakeWriter, or what one has prepared."""

    def refresh(self, *, full: bool, everything: bool, before_commit: BeforeCommit) -> Refreshed: ...


class Prepared:
    """A refresh that is worked out and not committed; `done` is None until it is."""

    def __init__(self, events: int, changes: Changes, finish: Callable[[BeforeCommit], Refreshed]) -> None:
        self.events, self.changes = events, changes
        self.done: Refreshed | None = None
        self._finish = finish

    def refresh(self, *, before_commit: BeforeCommit, full: bool = False, everything: bool = False) -> Refreshed:
        """Commit it; how full it is was decided when it was prepared. Whatever `before_commit` raises goes through."""
        self.done = self._finish(before_commit)
        return self.done


class LakeWriter:
    """The one way to change the lake. Keeps its connections warm between refreshes; not for several threads.

    `latest` tells what the latest refresh did.
    """

    def __init__(self, settings: Settings) -> None:
        self.latest: Refreshed | None = None
        self._settings = settings
        self._lake: duckdb.DuckDBPyConnection | None = None
        self._is_ready = False
        self._log: LogReader | None = None
        self._published_for: date | None = None
        self._publish_again_at = float("-inf")

    def refresh(
        self, *, full: bool = False, everything: bool = False, before_commit: BeforeCommit = lambda lake, changes: None
    ) -> Refreshed:
        """Bring the lake up to date; with `full`, rebuild every table from the first event on.

        `everything` waits until all that was committed before the call can be read. `before_commit` runs on the
        finished, uncommitted tables; whatever it raises rolls the whole refresh back. Raises LakeBusy and LogReplaced.
        """
        with self.prepared(full=full, everything=everything) as prepared:
            return prepared.refresh(before_commit=before_commit)

    @contextmanager
    def prepared(self, *, full: bool = False, everything: bool = False) -> Iterator[Prepared]:
        """Yield a refresh that is worked out and lacks nothing but its commit; left without, it is rolled back.

        Raises as `refresh` does.
        """
        try:
            with one_committer(self._settings) as postgres:
                lake = self._connected()
                lake.execute("BEGIN")
                prepared = self._worked_out(lake, postgres, full, everything)
                yield prepared
                if prepared.done is None:
                    # What this connection had made ready was of the same transaction.
                    self.close()
        except BaseException:
            # Whatever state the connection is in, the next refresh begins with a new one.
            self.close()
            raise

    def must_publish(self) -> bool:
        """Return whether what was published last is of another month, or could not be published."""
        month = datetime.now(UTC).date().replace(day=1)
        return self._published_for != month and time.monotonic() >= self._publish_again_at

    def publish(self) -> None:
        """Bring what PostgreSQL has of the newest numbers up to date without reading anything new."""
        with one_committer(self._settings) as postgres:
            self._publish(self._connected(), postgres, (), None)

    def recompute_days(self, first: date, last: date) -> int:
        """Compute gold of some days anew from the facts; returns how many slices that were. Raises LakeBusy."""
        try:
            with one_committer(self._settings) as postgres:
                lake = self._connected()
                with _transaction(lake):
                    self._prepare(lake)
                    slices = recompute_days(lake, first, last)
                self._publish(lake, postgres, (), None)
                return slices
        except BaseException:
            self.close()
            raise

    def forget_past(self) -> None:
        """Expire every snapshot but the newest, and remove the files that only those needed; raises LakeBusy."""
        with one_committer(self._settings):
            self.close()
            self._lake = connect_lake(self._settings, read_only=False)
            self._lake.execute(read_sql("forget_past"))
            self.close()

    def close(self) -> None:
        """Close the connections; the next refresh opens others."""
        for connection in (self._lake, self._log):
            if connection is not None:
                connection.close()
        self._lake = self._log = None
        self._is_ready = False

    def _worked_out(
        self, lake: duckdb.DuckDBPyConnection, postgres: psycopg.Connection, full: bool, everything: bool
    ) -> Prepared:
        began = time.monotonic()
        before, touched = snapshot_id(lake), list[str]()
        self._prepare(lake)
        if full:
            _drop(lake)
            prepare(lake)
        low, origin, definitions = _cursor(lake)
        if low and definitions != DEFINITIONS and not full:
            log.info("metrics are defined anew: the lake is rebuilt")
            full = True
            _drop(lake)
            prepare(lake)
            low, origin, _ = _cursor(lake)
        window = next_window(postgres, low, everything=everything)
        _same_log(origin, window)
        events, changes = 0, Changes()
        if full or anything_since(postgres, low):
            events = load_window(lake, self._log_reader(), window)
            changes = process_window(lake, window.high, anew=low == 0)
            _move_cursor(lake, window)
            low = window.high
            touched = touched_projects(lake)

        def finish(before_commit: BeforeCommit) -> Refreshed:
            before_commit(lake, changes)
            lake.execute("COMMIT")
            self._publish(lake, postgres, touched, None if full else before)
            self.latest = Refreshed(events, changes, time.monotonic() - began, snapshot_id(lake), low)
            return self.latest

        return Prepared(events, changes, finish)

    def _connected(self) -> duckdb.DuckDBPyConnection:
        if self._lake is None:
            self._lake = connect_lake(self._settings, read_only=False)
        return self._lake

    def _prepare(self, lake: duckdb.DuckDBPyConnection) -> None:
        """Prepare the lake once for each connection: a refresh that fails takes its connection along."""
        if not self._is_ready:
            prepare(lake)
            self._is_ready = True

    def _log_reader(self) -> LogReader:
        if self._log is None:
            self._log = open_log(self._settings.database_url)
        return self._log

    def _publish(
        self, lake: duckdb.DuckDBPyConnection, postgres: psycopg.Connection, touched: Sequence[str], since: int | None
    ) -> None:
        """Publish what was committed; where that fails the lake has the numbers all the same, and it is tried again."""
        today = datetime.now(UTC).date()
        try:
            with _transaction(lake):
                self._published_for = publish(lake, postgres, today, touched=touched, since=since).start
            return
        except LakeNotReady:
            # Nothing was refreshed yet.
            pass
        except (psycopg.Error, duckdb.Error):
            log.exception("the newest numbers could not be published", again_in_seconds=PUBLISH_AGAIN_SECONDS)
        self._published_for = None
        self._publish_again_at = time.monotonic() + PUBLISH_AGAIN_SECONDS


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


def load_window(lake: duckdb.DuckDBPyConnection, log_reader: LogReader, window: Window) -> int:
    """Fill the temporary table `window_event` with the events of `window`; returns how many they are."""
    with read_window(log_reader, window) as events:
        lake.register("incoming_event", events)
        lake.execute(
            "CREATE OR REPLACE TEMP TABLE window_event AS"
            " SELECT * REPLACE (xid::UBIGINT AS xid, project_id::UUID AS project_id) FROM incoming_event"
        )
        lake.unregister("incoming_event")
    row = lake.execute("SELECT count(*) FROM window_event").fetchone()
    assert row is not None
    return int(row[0])


def lake_cursor(settings: Settings) -> int:
    """Return the transaction id from which the lake has still to read, 0 where that is from the beginning on."""
    try:
        lake = connect_lake(settings, read_only=True)
    except LakeNotReady:
        return 0
    try:
        low, _, definitions = _cursor(lake)
    except duckdb.CatalogException:
        return 0
    finally:
        lake.close()
    return low if definitions == DEFINITIONS else 0


def has_lake(settings: Settings) -> bool:
    """Return whether anything was ever refreshed."""
    try:
        connect_lake(settings, read_only=True).close()
    except LakeNotReady:
        return False
    return True


def snapshot_id(lake: duckdb.DuckDBPyConnection) -> int:
    """Return the id of the newest snapshot of the lake."""
    row = lake.execute("SELECT id FROM lake.current_snapshot()").fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def _transaction(lake: duckdb.DuckDBPyConnection) -> Iterator[None]:
    lake.execute("BEGIN")
    try:
        yield
    except BaseException:
        lake.execute("ROLLBACK")
        raise
    lake.execute("COMMIT")


def _drop(lake: duckdb.DuckDBPyConnection) -> None:
    tables = lake.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables()"
        " WHERE database_name = current_database() AND schema_name IN ('bronze', 'silver', 'gold')"
    ).fetchall()
    for (table,) in tables:
        lake.execute(read_sql("drop").format(table=table))


def _cursor(lake: duckdb.DuckDBPyConnection) -> tuple[int, Origin | None, str | None]:
    # A lake of an older Kino has fewer columns.
    row = lake.execute("SELECT * FROM bronze.cursor").fetchone()
    if row is None:
        return 0, None, None
    low, system_identifier, timeline, *definitions = row
    return int(low), Origin(system_identifier, int(timeline)), definitions[0] if definitions else None


def _move_cursor(lake: duckdb.DuckDBPyConnection, window: Window) -> None:
    lake.execute("DELETE FROM bronze.cursor")
    lake.execute(
        "INSERT INTO bronze.cursor VALUES (?, ?, ?, ?)",
        [window.high, window.origin.system_identifier, window.origin.timeline, DEFINITIONS],
    )


def _same_log(known: Origin | None, window: Window) -> None:
    # A server that was copied has the name of the other one; what was read there may still be ahead of it.
    if known is not None and (known != window.origin or window.low > window.high):
        raise LogReplaced(
            "The lake was built from another database, or this one was restored from a backup. "
            "Rebuild the lake with `kino refresh --full`."
        )
