"""`kino up` for real: start, deaths of every process and of the supervisor, a second home, and a clean end."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from kino_cli.ports import choose_port
from kino_cli.status import status_of
from kino_cli.supervision import wait_until

PROCESSES = ["postgres", "valkey", "web", "worker", "refresher"]
Kino = Callable[..., "subprocess.CompletedProcess[str]"]


def _environment(home: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "PORT")}
    return inherited | {"KINO_HOME": str(home)}


def _kino(home: Path) -> Kino:
    def run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "kino_cli", *arguments],
            env=_environment(home) | variables,
            capture_output=True,
            text=True,
            timeout=180,
        )

    return run


def _status(kino: Kino) -> dict[str, Any]:
    done = kino("status", "--json")
    assert done.returncode == 0, done.stderr
    status: dict[str, Any] = json.loads(done.stdout)
    return status


def _process(home: Path, name: str) -> dict[str, Any]:
    return next(process for process in status_of(home)["processes"] if process["name"] == name)


def _family(home: Path) -> list[psutil.Process]:
    """The supervisor and everything below it."""
    supervisor = psutil.Process(int((home / "run" / "supervisord.pid").read_text()))
    return [supervisor, *supervisor.children(recursive=True)]


def _all_gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=60)
    return alive == []


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kino") / "home"


@pytest.fixture(scope="module")
def port() -> int:
    return choose_port()


@pytest.fixture(scope="module")
def kino(home: Path, port: int) -> Iterator[Kino]:
    """A Kino that runs, without Dagster, whose pages have tests of their own."""
    run = _kino(home)
    done = run("up", "--detach", "--json", "--no-dagster", "--port", str(port))
    assert done.returncode == 0, done.stderr
    status = json.loads(done.stdout)
    assert status["ready"]
    assert status["urls"] == {"web": f"http://localhost:{port}", "dagster": None}
    assert [process["name"] for process in status["processes"]] == PROCESSES
    assert "/setup?token=" in done.stderr
    yield run
    stopped = run("down", "--json")
    assert json.loads(stopped.stdout) == {"stopped": True}


def test_status_says_what_up_said(kino: Kino) -> None:
    status = _status(kino)
    assert status["ready"]
    assert {process["state"] for process in status["processes"]} == {"RUNNING"}
    assert all(psutil.pid_exists(process["pid"]) for process in status["processes"])


@pytest.mark.parametrize("name", PROCESSES)
def test_whatever_is_killed_comes_back(kino: Kino, home: Path, name: str) -> None:
    before = _process(home, name)
    os.kill(before["pid"], signal.SIGKILL)

    def is_back() -> bool:
        now = _process(home, name)
        return now["pid"] != before["pid"] and now["restarts"] > before["restarts"] and status_of(home)["ready"]

    assert wait_until(is_back, 90, pause=0.2)


def test_a_second_start_in_the_same_home_is_refused(kino: Kino, home: Path) -> None:
    done = kino("up", "--detach", "--no-dagster", "--port", str(choose_port()))
    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"Kino already runs in {home}. Look with `kino status`, stop it with `kino down`, or name another --home."
    )


def test_a_port_in_use_is_named_and_nothing_is_left_running(kino: Kino, port: int, tmp_path: Path) -> None:
    other = _kino(tmp_path / "other")
    done = other("up", "--detach", "--no-dagster", "--port", str(port))
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [
        f"Port {port} for web is in use. Stop what listens there, or choose another: --port."
    ]
    assert status_of(tmp_path / "other")["processes"] == []


def test_one_port_for_two_servers_is_refused(tmp_path: Path) -> None:
    port = str(choose_port())
    done = _kino(tmp_path / "home")("up", "--detach", "--port", port, "--dagster-port", port)
    assert done.returncode == 1
    assert done.stderr.strip() == f"Port {port} is named for both web and Dagster. Change one: --dagster-port."


def test_servers_of_ones_own_are_used_instead_of_embedded_ones(
    kino: Kino, home: Path, tmp_path: Path, database_url: str, redis_url: str
) -> None:
    """At the same time a second home: two Kinos on one machine."""
    second = _kino(tmp_path / "second")
    addresses = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    arguments = ("up", "--detach", "--json", "--no-dagster", "--port", str(choose_port()))
    done = second(*arguments, **addresses)
    try:
        assert done.returncode == 0, done.stderr
        status = json.loads(done.stdout)
        assert [process["name"] for process in status["processes"]] == ["web", "worker", "refresher"]
        assert status["ready"]
        assert status_of(home)["ready"]
        with psycopg.connect(database_url) as connection:
            assert connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'dagster'").fetchone() == (1,)
    finally:
        second("down", **addresses)


def test_when_the_supervisor_is_killed_its_children_end_and_the_next_start_recovers(
    kino: Kino, home: Path, port: int
) -> None:
    with psycopg.connect((home / "run" / "database_url").read_text()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    family = _family(home)
    family[0].kill()
    assert _all_gone(family)
    assert _status(kino) == {"ready": False, "urls": {"web": None, "dagster": None}, "processes": []}
    done = kino("up", "--detach", "--json", "--no-dagster", "--port", str(port))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ready"]
    with psycopg.connect((home / "run" / "database_url").read_text()) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_the_foreground_start_leaves_nothing_behind_however_it_ends(tmp_path: Path, ending: signal.Signals) -> None:
    home, port = tmp_path / "home", choose_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "kino_cli", "up", "--no-dagster", "--port", str(port)],
        env=_environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("Ctrl-C"):
            break
    assert any(line.startswith("Ctrl-C") for line in said), "".join(said)
    family = _family(home)
    assert len(family) > len(PROCESSES)
    # As a terminal does it: to the whole foreground group.
    os.killpg(process.pid, ending)
    rest = process.stdout.read()
    assert process.wait(90) == (-signal.SIGKILL if ending is signal.SIGKILL else 0)
    assert _all_gone(family)
    if ending is not signal.SIGKILL:
        assert "postgres | LOG:  database system is shut down" in rest
    with pytest.raises(OSError, match="refused"):
        http.client.HTTPConnection("127.0.0.1", port, timeout=5).request("GET", "/healthz")


def test_wrong_settings_are_told_at_once_with_their_own_exit_code(tmp_path: Path) -> None:
    done = _kino(tmp_path)("up", "--detach", JWT_ACCESS_EXPIRY="soon", SMTP_PORT="mail")
    assert done.returncode == 78
    assert "JWT_ACCESS_EXPIRY" in done.stderr
    assert "SMTP_PORT" in done.stderr


def test_a_home_below_a_file_is_a_sentence_and_no_stack(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = _kino(tmp_path / "file" / "home")("up", "--detach", "--no-dagster", "--port", str(choose_port()))
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
