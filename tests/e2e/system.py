"""One whole Kino for tests: started by its command, as users start it, and asked in the ways that users have."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from kino_assets.check import WarehouseCheck, check_warehouse
from kino_cli.ports import choose_port
from kino_cli.status import status_of
from kino_core.settings import load_settings
from tests.loopback import NO_CERTIFICATES

ROOT = Path(__file__).parents[2]
SECRET = "the-webhook-secret-of-the-tests"
EMAIL, PASSWORD = "admin@example.org", "lantern orbit mellow gravel"


@dataclass(frozen=True)
class Kino:
    """A running Kino and the ways into it that users have."""

    home: Path
    port: int
    dagster_port: int
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *arguments: str, stdin: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `kino` with this home, as a user would."""
        done = subprocess.run(
            [sys.executable, "-m", "kino_cli", *arguments, "--home", str(self.home)],
            cwd=ROOT,
            env=environment() | dict(self.variables),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert not check or done.returncode == 0, f"kino {' '.join(arguments)}: {done.stderr}"
        return done

    def json(self, *arguments: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.run(*arguments, "--json").stdout)
        return answer

    def metric(self, key: str, period: str, *options: str) -> dict[str, Any]:
        return self.json("metrics", "show", key, "--period", period, *options)

    def processes(self) -> dict[str, Any]:
        return {process["name"]: process for process in status_of(self.home)["processes"]}

    def signed_in(self) -> httpx.Client:
        answer = httpx.post(
            f"{self.url}/auth/login", verify=NO_CERTIFICATES, json={"email": EMAIL, "password": PASSWORD}, timeout=30
        )
        answer.raise_for_status()
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return httpx.Client(verify=NO_CERTIFICATES, base_url=self.url, headers=bearer, timeout=30)

    def is_back(self, name: str, pid: int) -> bool:
        """Return whether everything is ready, and the process `name` another one than `pid`."""
        status = status_of(self.home)
        process = next(process for process in status["processes"] if process["name"] == name)
        return bool(status["ready"] and process["pid"] != pid)

    def check(self) -> WarehouseCheck:
        """Compare the lake with its log in this process, as `kino warehouse check` does in one of its own."""
        return check_warehouse(load_settings(self.home))

    def database_url(self) -> str:
        return load_settings(self.home).database_url


def environment() -> dict[str, str]:
    """Return this process's environment without what is Kino's, and without what would measure coverage.

    A whole Kino that is measured takes half as long again; what its processes do is measured in tests of each.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("KINO_", "COVERAGE_"))}
    inherited.pop("DATABASE_URL", None)
    inherited.pop("REDIS_URL", None)
    return {**inherited, "GITHUB_WEBHOOK_SECRET": SECRET}


@contextmanager
def running_kino(home: Path, **variables: str) -> Iterator[Kino]:
    """Yield a whole Kino with an administrator; everything it started has ended afterwards."""
    running = Kino(home, choose_port(), choose_port(), variables)
    ports = ("--port", str(running.port), "--dagster-port", str(running.dagster_port))
    try:
        status = running.json("up", "--detach", *ports)
        assert status["ready"]
        running.run("admin", "create", "--email", EMAIL, "--name", "Admin", "--password-stdin", stdin=PASSWORD)
        yield running
    finally:
        running.run("down", check=False)


def post_event(kino: Kino, token: str, event_type: str, task: str, **data: object) -> httpx.Response:
    """Let an agent report; raises httpx.HTTPError where nobody answers."""
    body = {
        "agent_id": "claude-7",
        "event_type": event_type,
        "timestamp": datetime.now(UTC).isoformat(),
        "task_id": task,
        "event_id": str(uuid.uuid4()),
        "data": data,
    }
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.post(
        f"{kino.url}/webhooks/agent-update", verify=NO_CERTIFICATES, json=body, headers=headers, timeout=15
    )


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.2)
