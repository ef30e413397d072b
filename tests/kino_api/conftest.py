"""The API as it really runs: uvicorn on a free port over the test's own PostgreSQL and Valkey."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from kino_api.app import create_api
from kino_api.keys import load_signing_key
from kino_api.users import Role, create_user
from kino_core.database import Database
from kino_core.settings import Settings

EMAIL = "ada@example.com"
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Kino:
    """A running API and what it runs on."""

    url: str
    app: FastAPI
    settings: Settings
    database: Database

    def client(self, **headers: str) -> httpx.Client:
        """Return a client that keeps no cookies: every test says which it sends."""
        return httpx.Client(base_url=self.url, headers=headers)

    def signed_in(self) -> httpx.Client:
        """Return a client with the administrator's access token."""
        answer = self.client().post("/auth/login", json={"email": EMAIL, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return self.client(Authorization=f"Bearer {answer.json()['access_token']}")


@pytest.fixture(scope="session")
def signing_key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key made once: every start with a fresh home would make its own, which takes a second."""
    path = tmp_path_factory.mktemp("key") / "key.pem"
    load_signing_key(path)
    return path


@pytest.fixture
def api_settings(settings: Settings, signing_key_file: Path) -> Settings:
    return settings.model_copy(update={"own_jwt_private_key_file": signing_key_file, "rate_limits_on": False})


@pytest.fixture
def administrator(database: Database) -> None:
    with database.write() as session:
        create_user(session, EMAIL, "Ada", PASSWORD, Role.ADMIN)


@pytest.fixture
def start(database: Database) -> Iterator[Callable[[Settings], Kino]]:
    """Start the API with some settings; what was started is stopped after the test."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def started(settings: Settings) -> Kino:
        listening = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = create_api(settings)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        running.append((server, thread))
        until(lambda: server.started or not thread.is_alive())
        assert server.started
        return Kino(url, app, settings, database)

    yield started
    for server, thread in running:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def kino(start: Callable[[Settings], Kino], api_settings: Settings, administrator: None) -> Kino:
    """A running API with one administrator."""
    return start(api_settings)


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait for a condition; fails when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.01)
