"""Servers and processes of Kino that can be stopped, killed and frozen, and come back under the same address."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil
import psycopg

from kino_cli import postgres, valkey
from kino_cli.postgres import EmbeddedPostgres
from kino_core import schema_changes

START_SECONDS = 180
STOP_SECONDS = 60


_COVERAGE = ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")


def until(condition: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Return once `condition` holds; fails with `what` when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class Process:
    """One process, whose output goes to `log`."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        is_ready: Callable[[], bool],
        *,
        directory: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command, self._log, self._is_ready = command, log, is_ready
        self._directory, self._environment = directory, environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text(errors="replace")

    def launch(self) -> None:
        """Start it without waiting until it answers."""
        assert not self.is_running(), "it runs already"
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command, cwd=self._directory, env=self._environment, stdout=output, stderr=subprocess.STDOUT
            )

    def start(self) -> None:
        """Start it, again where it ends at once, and return when it answers."""
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready() or not self.is_running():
            assert time.monotonic() < deadline, f"it does not answer: {self.log[-4000:]}"
            # After a kill PostgreSQL refuses to start as long as one of its old processes has not noticed.
            if not self.is_running():
                self.launch()
            time.sleep(0.05)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        if self.is_running():
            os.kill(self.pid, number)

    def end(self, number: signal.Signals) -> int | None:
        """Send a signal that ends it, and return its exit code."""
        self.thaw()
        self.send(number)
        return self._process.wait(STOP_SECONDS) if self._process is not None else None

    def kill(self) -> None:
        """Kill it; what it has started is left to notice by itself."""
        self.end(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop it and all it has started, as a machine that hangs would."""
        for process in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()

    def thaw(self) -> None:
        for process in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    def _family(self) -> list[psutil.Process]:
        if not self.is_running():
            return []
        try:
            parent = psutil.Process(self.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


class PostgresServer(Process):
    """PostgreSQL with a data folder of its own below `home`, crash safe unless `overrides` say otherwise.

    `prepare` may change the data folder before the first start.
    """

    def __init__(
        self,
        home: Path,
        overrides: Mapping[str, str] | None = None,
        prepare: Callable[[Path], None] = lambda data: None,
    ) -> None:
        self._server: EmbeddedPostgres = postgres.prepare_postgres(home, overrides=dict(overrides or {}))
        prepare(self._server.directory)
        super().__init__(
            self._server.command,
            home / "postgres.log",
            lambda: postgres.is_ready(self._server),
            directory=self._server.directory,
        )

    @property
    def url(self) -> str:
        """The address of Kino's own database, which `make_database` makes."""
        return self._server.url

    @property
    def admin_url(self) -> str:
        return self._server.admin_url

    def make_database(self, *, empty: bool = False) -> None:
        """Make Kino's role and database, with the current schema unless it is to stay `empty`."""
        postgres.ensure_database(self._server)
        if not empty:
            schema_changes.migrate(self.url)

    def stop(self) -> None:
        """What PostgreSQL calls a fast shutdown: sessions are ended, what is committed is written."""
        self.end(signal.SIGINT)

    def crash(self) -> None:
        """What PostgreSQL calls an immediate shutdown: the next start recovers from the log."""
        self.end(signal.SIGQUIT)

    def cut_sessions(self, database: str) -> None:
        """End every session of Kino's on `database`."""
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = %s AND application_name LIKE 'kino%%'",
                [database],
            )


class ValkeyServer(Process):
    """Valkey, which forgets everything when it ends."""

    def __init__(self, home: Path) -> None:
        server = valkey.prepare_valkey(home)
        self.url = server.url
        super().__init__(server.command, home / "valkey.log", lambda: valkey.is_ready(server), directory=home)


def kino_process(
    arguments: Sequence[str], log: Path, is_ready: Callable[[], bool], *, measured: bool = True, **variables: str
) -> Process:
    """Return `kino ARGUMENTS` as a process, with `variables` and nothing else of Kino's in its environment.

    Coverage of one that is not `measured` does not count, and it is half as fast again.
    """
    left_out = ("DATABASE_URL", "REDIS_URL", "PORT") if measured else ("DATABASE_URL", "REDIS_URL", "PORT", *_COVERAGE)
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    return Process(
        [sys.executable, "-m", "kino_cli", *arguments], log, is_ready, environment={**inherited, **variables}
    )
