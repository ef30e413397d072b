"""One whole Kino for the end-to-end tests: started by its command, as users start it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from kino_cli.ports import choose_port
from kino_cli.status import status_of
from kino_core.settings import load_settings
from tests.loopback import NO_CERTIFICATES

ROOT = Path(__file__).parents[2]
SECRET = "the-webhook-secret-of-the-tests"
EMAIL, PASSWORD = "admin@example.org", "lantern orbit mellow gravel"
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Kino:
    """A running Kino and the ways into it that users have."""

    home: Path
    port: int
    dagster_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *arguments: str, stdin: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `kino` with this home, as a user would."""
        done = subprocess.run(
            [sys.executable, "-m", "kino_cli", *arguments, "--home", str(self.home)],
            cwd=ROOT,
            env=environment(),
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

    def database_url(self) -> str:
        return load_settings(self.home).database_url


def environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KINO_")}
    inherited.pop("DATABASE_URL", None)
    inherited.pop("REDIS_URL", None)
    return {**inherited, "GITHUB_WEBHOOK_SECRET": SECRET}


@pytest.fixture(scope="module")
def kino(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kino]:
    """A whole Kino with an administrator; everything it started has ended afterwards."""
    running = Kino(tmp_path_factory.mktemp("whole") / "home", choose_port(), choose_port())
    ports = ("--port", str(running.port), "--dagster-port", str(running.dagster_port))
    try:
        status = running.json("up", "--detach", *ports)
        assert status["ready"]
        running.run("admin", "create", "--email", EMAIL, "--name", "Admin", "--password-stdin", stdin=PASSWORD)
        yield running
    finally:
        running.run("down", check=False)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that ends with its module: its event loop would be in the way of asynchronous tests after it."""
    with sync_playwright() as playwright:
        path = os.environ.get("BROWSER_PATH") or playwright_chromium()
        opened = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield opened
        opened.close()


def playwright_chromium() -> str:
    for candidate in ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"):
        if Path(candidate).exists():
            return candidate
    pytest.skip("no Chromium on this machine")


@pytest.fixture
def page(kino: Kino, browser: Browser) -> Iterator[Page]:
    """A page of a signed-in administrator; the test fails when the console shows an error."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    errors: list[str] = []
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(f"{kino.url}/login")
    opened.get_by_label("E-mail").fill(EMAIL)
    opened.get_by_label("Password", exact=True).fill(PASSWORD)
    opened.get_by_role("button", name="Sign in").click()
    opened.wait_for_url(f"{kino.url}/")
    yield opened
    context.close()
    assert errors == []
