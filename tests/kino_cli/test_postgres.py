"""The embedded PostgreSQL: restarts, unclean stops, long and private paths, and nobody else's way in."""

import os
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from kino_cli import homes, postgres
from kino_cli.postgres import EmbeddedPostgres, PostgresFailed, ensure_database, prepare_postgres, reachable_binaries
from kino_cli.supervision import wait_until


@contextmanager
def _running(server: EmbeddedPostgres) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        server.command, cwd=server.directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        assert wait_until(lambda: postgres.is_ready(server), 60)
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _prepared(home: Path) -> EmbeddedPostgres:
    server = prepare_postgres(home)
    (home / "run").mkdir(exist_ok=True)
    homes.write_private(home / "run" / "database_url", server.url)
    return server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("embedded")


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[EmbeddedPostgres]:
    prepared = _prepared(home)
    with _running(prepared):
        ensure_database(prepared)
        yield prepared


def test_it_keeps_what_it_acknowledged_and_knows_unicode_and_utc(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url) as connection:
        settings = {
            name: connection.execute("SELECT current_setting(%s)", [name]).fetchone()
            for name in ("fsync", "synchronous_commit", "TimeZone", "password_encryption", "listen_addresses")
        }
        assert settings == {
            "fsync": ("on",),
            "synchronous_commit": ("on",),
            "TimeZone": ("UTC",),
            "password_encryption": ("scram-sha-256",),
            "listen_addresses": ("127.0.0.1",),
        }
        assert connection.execute("SELECT lower('ÉÀ') = 'éà'").fetchone() == (True,)


def test_nobody_gets_in_without_the_password(server: EmbeddedPostgres) -> None:
    for role, database in (("kino", "kino"), ("postgres", "postgres")):
        address = make_url(server.url).set(username=role, database=database, password="wrong")
        for host in ("127.0.0.1", str(server.directory)):
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(address.set(host=None).render_as_string(False), host=host, port=address.port)


def test_kinos_own_role_is_no_superuser(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("COPY (SELECT 1) TO PROGRAM 'cat'")


def test_files_belong_to_their_owner_alone(home: Path, server: EmbeddedPostgres) -> None:
    paths = [server.directory, *(home / "secrets").iterdir(), home / "run" / "database_url"]
    assert [path for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077] == []
    if os.geteuid() == 0:
        assert server.directory.stat().st_uid != 0


def test_data_and_port_survive_a_kill_and_a_restart(tmp_path: Path) -> None:
    first = _prepared(tmp_path)
    with _running(first) as process:
        ensure_database(first)
        with psycopg.connect(first.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
            process.kill()
            process.wait()
    second = _prepared(tmp_path)
    assert second.url == first.url
    with _running(second), psycopg.connect(second.url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_another_port_is_chosen_while_somebody_else_has_ours(home: Path, server: EmbeddedPostgres) -> None:
    assert make_url(prepare_postgres(home).url).port != make_url(server.url).port


def test_two_servers_on_one_data_folder_are_refused(home: Path, server: EmbeddedPostgres) -> None:
    second = prepare_postgres(home)
    done = subprocess.run(second.command, cwd=second.directory, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "postmaster.pid" in done.stderr


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    server = _prepared(tmp_path)
    parent = subprocess.Popen(
        ["/bin/sh", "-c", '"$@" & wait', "sh", *server.command], cwd=server.directory, stderr=subprocess.DEVNULL
    )
    assert wait_until(lambda: postgres.is_ready(server), 60)
    parent.kill()
    parent.wait()
    assert wait_until(lambda: not (server.directory / "postmaster.pid").exists(), 30)


def test_a_half_made_data_folder_is_made_anew(tmp_path: Path) -> None:
    draft = tmp_path / ".postgres.making"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    assert (prepare_postgres(tmp_path).directory / "global" / "pg_control").exists()


def test_data_of_another_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("14\n")
    with pytest.raises(PostgresFailed, match="PostgreSQL 14"):
        prepare_postgres(tmp_path)
    assert (tmp_path / "postgres" / "PG_VERSION").exists()


def test_binaries_that_the_system_user_cannot_reach_are_copied_once_and_work(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setattr(postgres, "SHARED_COPIES", Path(folder) / "shared")
        monkeypatch.setattr(postgres, "_runs", lambda binary, user: False)
        binaries = reachable_binaries("somebody")
        assert binaries.is_relative_to(folder)
        for name in ("postgres", "initdb"):
            done = subprocess.run([binaries / name, "--version"], capture_output=True, text=True)
            assert "PostgreSQL" in done.stdout, done.stderr
        made = binaries.stat().st_mtime_ns
        assert reachable_binaries("somebody").stat().st_mtime_ns == made
        assert [path.name for path in (Path(folder) / "shared").iterdir()] == [binaries.parents[2].name]
