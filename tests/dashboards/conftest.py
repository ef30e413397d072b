"""The whole web process as it really runs, with a story of a few events in it, and a browser that looks at it."""

import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import insert

from dashboards.app import create_app
from kino_api.access_tokens import AccessTokens
from kino_api.cookies import ACCESS_COOKIE, REFRESH_COOKIE
from kino_api.keys import SigningKeys, load_signing_key
from kino_api.projects import create_project
from kino_api.refresh_tokens import RefreshTokens
from kino_api.repositories import connect_repository
from kino_api.sessions import Grant, SessionTokens, open_session
from kino_api.users import Role, User, create_user
from kino_assets.refresh import LakeWriter
from kino_core.database import Database
from kino_core.events import Event
from kino_core.settings import Settings
from kino_core.tables import user
from kino_ingest.fold.run import fold_next, fold_pending
from kino_ingest.landing import land
from kino_ingest.summaries import recount_touched
from tests.factories.events import CLAUDE, agent_report, commit
from tests.loopback import NO_CERTIFICATES

EMAIL = "ada@example.com"
PASSWORD = "lantern orbit mellow gravel"
REPOSITORY = "example/engine"
CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
COMMITS_THIS_MONTH = 3


@dataclass(frozen=True)
class Story:
    """A project with commits and agents at work, and one without anything."""

    project_id: uuid.UUID
    empty_id: uuid.UUID
    began_at: datetime


@pytest.fixture(scope="session")
def _signing_key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "key.pem"
    load_signing_key(path)
    return path


@pytest.fixture
def site_settings(settings: Settings, _signing_key_file: Path) -> Settings:
    return settings.model_copy(update={"own_jwt_private_key_file": _signing_key_file})


@pytest.fixture
def url(site_settings: Settings) -> Iterator[str]:
    """The address of the running web process."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(site_settings), log_config=None, lifespan="on", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    until(lambda: server.started or not thread.is_alive())
    assert server.started
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def administrator(database: Database) -> None:
    """Somebody who can sign in with EMAIL and PASSWORD; hashing takes its time."""
    with database.write() as session:
        create_user(session, EMAIL, "Ada", PASSWORD, Role.ADMIN)


@pytest.fixture
def grant(database: Database, site_settings: Settings) -> Grant:
    """A session of somebody whose password nobody needs."""
    access = AccessTokens(
        SigningKeys(site_settings.jwt_private_key_file), site_settings.api_base_url, timedelta(minutes=15)
    )
    tokens = SessionTokens(
        access, RefreshTokens(site_settings.jwt_secret.get_secret_value().encode()), timedelta(days=1)
    )
    somebody = User(uuid.uuid4(), "grace@example.com", "Grace", Role.ADMIN)
    with database.write() as session:
        row = {"id": somebody.id, "email": somebody.email, "name": somebody.name, "role": "ADMIN"}
        session.execute(insert(user).values(**row, password_hash="none"))
        return open_session(session, tokens, somebody)


@pytest.fixture
def stranger(url: str) -> Iterator[httpx.Client]:
    """A browser-like client that nobody has signed in."""
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(verify=NO_CERTIFICATES, base_url=url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture
def client(stranger: httpx.Client, grant: Grant) -> httpx.Client:
    """A client that sends the cookies of a session; httpx itself keeps secure cookies from plain HTTP."""
    stranger.headers["Cookie"] = f"{ACCESS_COOKIE}={grant.access_token}; {REFRESH_COOKIE}={grant.refresh_token}"
    return stranger


@pytest.fixture
def landed(database: Database) -> Callable[[Sequence[Event]], None]:
    """Land events, fold them and count what lists show, as door and worker do."""

    def act(events: Sequence[Event]) -> None:
        with database.write() as session:
            land(session, events)
        while fold_pending(database):
            fold_next(database)
        while recount_touched(database):
            pass

    return act


@pytest.fixture
def story(database: Database, landed: Callable[[Sequence[Event]], None]) -> Story:
    with database.write() as session:
        project = create_project(session, "Engine", "Speed")
        empty = create_project(session, "Rudder & Keel")
        connect_repository(session, project.id, REPOSITORY)
    now = datetime.now(UTC)
    yesterday = now - timedelta(hours=30)
    # The first minute of the month, so that the numbers are the same on every day of it.
    month = now.replace(day=1, hour=0, minute=1)
    landed(
        [
            commit(REPOSITORY, "1" * 40, month, subject="Merge the pump (#7)", project_id=project.id),
            commit(REPOSITORY, "2" * 40, month, co_authors=(CLAUDE,), project_id=project.id),
            commit(REPOSITORY, "3" * 40, month, project_id=project.id),
            agent_report(project.id, "task_started", now - timedelta(minutes=3), title="Pump <faster>"),
            agent_report(project.id, "test_execution", now - timedelta(minutes=2), passed=11, failed=1),
            agent_report(project.id, "blocker_identified", yesterday, task="KIN-9", description="No key"),
        ]
    )
    return Story(project.id, empty.id, now)


@pytest.fixture
def gold(story: Story, settings: Settings) -> None:
    """The lake, brought up to date with the story."""
    with closing(LakeWriter(settings)) as writer:
        writer.refresh(everything=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a module's tests; Playwright's event loop must end before other modules start theirs."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield opened
        opened.close()


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for the condition to hold; the test fails when it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
