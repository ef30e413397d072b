"""One whole Kino for the end-to-end tests, and a browser that looks at it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.system import EMAIL, PASSWORD, Kino, running_kino

CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def kino(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kino]:
    with running_kino(tmp_path_factory.mktemp("whole") / "home") as running:
        yield running


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
