"""A real streaming replica of a PostgreSQL server of these tests."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from kino_cli.launch import launched
from kino_cli.ports import choose_port
from kino_cli.postgres import SERVER_SETTINGS, reachable_binaries
from kino_cli.system_user import ensure_system_user
from tests.faults.servers import PostgresServer, Process

ROLE = "replicator"
PASSWORD = "replicator-of-the-tests"


class ReplicaServer(Process):
    """A copy that follows `primary` as it is written to, and answers reads."""

    def __init__(self, primary: PostgresServer, home: Path) -> None:
        user = ensure_system_user() if os.geteuid() == 0 else None
        binaries = reachable_binaries(user)
        data = home / "replica"
        self._primary = primary
        self._port = choose_port(None)
        _let_in(primary)
        data.mkdir(mode=0o700)
        if user:
            shutil.chown(data, user, user)
        source = make_url(primary.admin_url).set(
            drivername="postgresql", username=ROLE, password=PASSWORD, database=None
        )
        copy = [str(binaries / "pg_basebackup"), "-d", source.render_as_string(hide_password=False)]
        copy += ["-D", "/proc/self/cwd", "--wal-method=stream", "--write-recovery-conf", "--checkpoint=fast"]
        done = subprocess.run(
            launched(copy, user=user, death_signal="SIGKILL"), cwd=data, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        settings = SERVER_SETTINGS | {"port": str(self._port), "fsync": "off", "wal_retrieve_retry_interval": "100ms"}
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        super().__init__(
            launched(
                [str(binaries / "postgres"), "-D", "/proc/self/cwd", *arguments], user=user, death_signal="SIGINT"
            ),
            home / "replica.log",
            self._answers,
            directory=data,
        )

    def address(self, url: str) -> str:
        """Return `url` with this server in the primary's place."""
        return make_url(url).set(port=self._port).render_as_string(hide_password=False)

    def pause(self) -> None:
        """Let it fall behind: what comes in is kept and not replayed."""
        self._run("SELECT pg_wal_replay_pause()")

    def resume(self) -> None:
        self._run("SELECT pg_wal_replay_resume()")

    def follow(self) -> None:
        """Return when all that was written to the primary until now is here."""
        with psycopg.connect(self._primary.admin_url, autocommit=True) as primary:
            row = primary.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone()
        assert row
        deadline = time.monotonic() + 60
        while not self._value("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", row[0]):
            assert time.monotonic() < deadline, f"the replica does not follow: {self.log[-2000:]}"
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            self._value("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, statement: str) -> None:
        self._value(statement)

    def _value(self, statement: str, *values: object) -> object:
        with psycopg.connect(self.address(self._primary.admin_url), autocommit=True, connect_timeout=2) as connection:
            row = connection.execute(statement.encode(), values).fetchone()
        return row[0] if row else None


def _let_in(primary: PostgresServer) -> None:
    with psycopg.connect(primary.admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(ROLE)))
        admin.execute(
            sql.SQL("CREATE ROLE {} LOGIN REPLICATION PASSWORD {}").format(sql.Identifier(ROLE), sql.Literal(PASSWORD))
        )
