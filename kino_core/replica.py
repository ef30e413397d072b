"""A PostgreSQL server with a streaming replica: what may be read there, and what stands in while the server is away.

The replica's lag is measured by positions in the server's log, not by clocks or by what the replica believes: a
replica that is cut off thinks that it is up to date.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import LiteralString

import psycopg
import structlog

from kino_core.actors import SYSTEM, Actor
from kino_core.database import Database, DatabaseBusy, DatabaseUnavailable, ReadSession, WriteSession, libpq_url
from kino_core.settings import Settings
from kino_core.staleness import note_stale

LOOK_EVERY_SECONDS = 0.5
ANSWER_SECONDS = 2.0
"""How long a server may take to say where it stands before it counts as away."""
MOST_LAG_SECONDS = 3.0
OWN_WRITES_SECONDS = 6.0
"""How long after a change its author reads from the server itself: longer than what a copy may be behind."""
REMEMBERED_POSITIONS = 7_200

_WHERE_PRIMARY: LiteralString = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
_WHERE_REPLICA: LiteralString = """
SELECT pg_is_in_recovery(), pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint,
    extract(epoch FROM now() - pg_last_xact_replay_timestamp())::float8
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Standing:
    """How the two servers are now; `lag_seconds` is None where nothing is known of the replica."""

    primary_answers: bool
    replica_answers: bool
    lag_seconds: float | None

    @property
    def copy_serves(self) -> bool:
        """Return whether the replica is close enough behind to be read from."""
        close = self.lag_seconds is not None and self.lag_seconds <= MOST_LAG_SECONDS
        return self.replica_answers and close


def open_database(settings: Settings) -> Database:
    """Return the way to the server of `settings`, with its replica where there is one."""
    if settings.database_replica_url is None:
        return Database(settings.database_url, pool_max=settings.database_pool_max)
    return ReplicatedDatabase(
        settings.database_url,
        settings.database_replica_url.get_secret_value(),
        pool_max=settings.database_pool_max,
    )


class ReplicatedDatabase(Database):
    """A server that is written to, and a streaming replica of it that is only read."""

    has_copy = True

    def __init__(self, url: str, replica_url: str, *, pool_max: int = 10) -> None:
        super().__init__(url, pool_max=pool_max)
        self._replica = Database(replica_url, pool_max=pool_max)
        self._watch = _Watch(url, replica_url)

    @property
    def standing(self) -> Standing:
        """Return how the two servers are, at most a moment old."""
        return self._watch.standing

    @contextmanager
    def read(self) -> Iterator[ReadSession]:
        """Yield a session on the server, or on the replica while the server is away; the answer says so then."""
        with ExitStack() as opened:
            try:
                if not self.standing.primary_answers:
                    raise DatabaseUnavailable("PostgreSQL does not answer. Try again in a moment.")
                session = opened.enter_context(super().read_primary())
            except DatabaseBusy:
                raise
            except DatabaseUnavailable as error:
                self._watch.primary_failed()
                session = self._stand_in(opened, error)
            yield session

    @contextmanager
    def read_copy(self) -> Iterator[ReadSession]:
        """Yield a session on the replica while it is close behind, else as `read` does."""
        with ExitStack() as opened:
            session = None
            if self.standing.copy_serves:
                try:
                    session = opened.enter_context(self._replica.read_primary())
                except DatabaseUnavailable:
                    self._watch.replica_failed()
            yield session if session is not None else opened.enter_context(self.read())

    @contextmanager
    def write(self, by: Actor = SYSTEM) -> Iterator[WriteSession]:
        """Yield a session that commits; raises DatabaseUnavailable at once while the server is known to be away."""
        if not self.standing.primary_answers:
            raise DatabaseUnavailable("PostgreSQL takes no changes at the moment. Try again soon.")
        with super().write(by) as session:
            yield session

    def close(self) -> None:
        """Close every pooled connection."""
        self._watch.close()
        self._replica.close()
        super().close()

    def _stand_in(self, opened: ExitStack, error: DatabaseUnavailable) -> ReadSession:
        try:
            session = opened.enter_context(self._replica.read_primary())
        except DatabaseUnavailable:
            raise error from None
        note_stale(self._watch.staleness())
        return session


class _Watch:
    """Asks both servers where they stand, each in a thread of its own: one that does not answer is away."""

    def __init__(self, url: str, replica_url: str) -> None:
        self._ended = threading.Event()
        self._lock = threading.Lock()
        now = time.monotonic()
        self._began = self._heard_primary = now
        self._heard_replica = float("-inf")
        self._positions: deque[tuple[float, int]] = deque(maxlen=REMEMBERED_POSITIONS)
        self._replayed: int | None = None
        self._old_by_clock: float | None = None
        self._threads = [
            threading.Thread(target=self._look, args=asked, name="replica watch", daemon=True)
            for asked in (
                (url, _WHERE_PRIMARY, self._saw_primary, self.primary_failed),
                (replica_url, _WHERE_REPLICA, self._saw_replica, self.replica_failed),
            )
        ]
        for thread in self._threads:
            thread.start()

    @property
    def standing(self) -> Standing:
        """Return how the servers are as far as is known now."""
        with self._lock:
            oldest = time.monotonic() - ANSWER_SECONDS
            return Standing(self._heard_primary >= oldest, self._heard_replica >= oldest, self._lag())

    def staleness(self) -> float:
        """Return how old what the replica holds may be."""
        with self._lock:
            lag = self._lag()
            if lag is None:
                # Started while the server was away: the last transaction's time is all there is.
                lag = max(self._old_by_clock or 0.0, time.monotonic() - self._began)
            return lag

    def primary_failed(self) -> None:
        """Take the server for away until it says something."""
        with self._lock:
            self._heard_primary = float("-inf")

    def replica_failed(self) -> None:
        """Take the replica for away until it says something."""
        with self._lock:
            self._heard_replica = float("-inf")

    def close(self) -> None:
        """Ask no more."""
        self._ended.set()
        for thread in self._threads:
            thread.join(ANSWER_SECONDS)

    def _lag(self) -> float | None:
        # What the server had written when it was asked, the replica has replayed by now: it is no older than that.
        if self._replayed is None:
            return None
        covered = (asked_at for asked_at, position in reversed(self._positions) if position <= (self._replayed or 0))
        newest = next(covered, None)
        return None if newest is None else time.monotonic() - newest

    def _look(self, url: str, statement: LiteralString, saw: Callable[..., None], failed: Callable[[], None]) -> None:
        connection: psycopg.Connection | None = None
        while not self._ended.wait(LOOK_EVERY_SECONDS if connection else 0.1):
            asked_at = time.monotonic()
            try:
                if connection is None:
                    connection = psycopg.connect(
                        libpq_url(url), autocommit=True, connect_timeout=2, application_name="kino replica watch"
                    )
                row = connection.execute(statement).fetchone()
            except psycopg.Error as error:
                if connection is not None:
                    log.warning("a database server does not say where it stands", error=str(error))
                    connection.close()
                connection = None
                failed()
                self._ended.wait(LOOK_EVERY_SECONDS)
                continue
            saw(asked_at, *(row or ()))
        if connection is not None:
            connection.close()

    def _saw_primary(self, asked_at: float, position: int) -> None:
        with self._lock:
            self._heard_primary = time.monotonic()
            self._positions.append((asked_at, position))

    def _saw_replica(self, _asked_at: float, replays: bool, position: int | None, old_by_clock: float | None) -> None:
        with self._lock:
            # One that was promoted goes its own way: nothing of it may be taken for the server's.
            self._heard_replica = time.monotonic() if replays else float("-inf")
            self._replayed = position if replays else None
            self._old_by_clock = old_by_clock
