"""The doors on a real server, and a token to go through them."""

import asyncio
import json
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import uvicorn

from kino_core.database import Database
from kino_core.envelopes import KeyRing
from kino_core.events import repository_id
from kino_core.sealed_secrets import WEBHOOK_SECRET
from kino_core.security import hash_secret, make_agent_token, make_signing_secret
from kino_core.settings import Environment, Settings
from kino_ingest.doors import AGENT_PATH, create_doors
from kino_ingest.limits import Limits
from tests.kino_ingest.events import PROJECT, report_body
from tests.loopback import NO_CERTIFICATES


@dataclass
class Door:
    """The agents' door as a sender sees it."""

    url: str
    token: str
    client: httpx.Client = field(default_factory=lambda: httpx.Client(verify=NO_CERTIFICATES, timeout=30))

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").partition(":")
        return host, int(port)

    def send(self, **changes: Any) -> httpx.Response:  # noqa: ANN401 - any JSON value
        """Send a report, valid but for `changes`."""
        return self.send_raw(json.dumps(report_body(**changes)).encode())

    def send_raw(self, content: Any, **headers: str) -> httpx.Response:  # noqa: ANN401 - whatever httpx takes
        """Send any bytes; `headers` with `_` for `-` replace the right ones, empty ones are left out."""
        right = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        chosen = right | {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {name: value.encode("latin-1") for name, value in chosen.items() if value}
        return self.client.post(self.url + AGENT_PATH, content=content, headers=kept)


def make_token(
    database: Database, project_id: uuid.UUID = PROJECT, agent_type: str | None = None, per_minute: int | None = None
) -> str:
    """Make a project with a token and return the token."""
    token = make_agent_token(Environment.DEVELOPMENT)
    with database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.project (id, name, created_at, updated_at) VALUES (%s, %s, now(), now())"
            " ON CONFLICT DO NOTHING",
            (project_id, f"Project {project_id}"),
        )
        session.exec_driver_sql(
            "INSERT INTO kino.token (id, project_id, token_hash, last4, agent_type, per_minute)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (uuid.uuid4(), project_id, hash_secret(token), token[-4:], agent_type, per_minute),
        )
    return token


def give_secret(
    database: Database,
    *,
    token: str | None = None,
    repository: str | None = None,
    ended: bool = False,
    ring: KeyRing | None = None,
) -> str:
    """Give a token or a repository another signing secret and return it; `ended` makes it one of the past.

    It is sealed under a `ring`, and as older versions stored it without one.
    """
    secret, row_id = make_signing_secret(), uuid.uuid4()
    with database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.webhook_secret (id, token_id, repository_id, secret, expires_at) VALUES"
            " (%s, (SELECT id FROM kino.token WHERE token_hash = %s), %s, %s, CASE WHEN %s THEN now() END)",
            (
                row_id,
                hash_secret(token) if token else None,
                repository_id(repository) if repository else None,
                ring.seal(secret, WEBHOOK_SECRET.place(row_id)) if ring else secret,
                ended,
            ),
        )
    return secret


@pytest.fixture
def serve(database_url: str) -> Iterator[Callable[[Settings, Limits | None], str]]:
    """Start doors on a free port, as many as wanted; all end with the test, before its database goes."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(settings: Settings, limits: Limits | None = None) -> str:
        doors = create_doors(settings, limits)
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(doors, log_config=None, lifespan="on", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        thread.start()
        running.append((server, thread))
        while not server.started:
            assert thread.is_alive(), "the doors did not start"
            time.sleep(0.01)
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, _ in running:
        server.should_exit = True
    for _, thread in running:
        thread.join(30)
        assert not thread.is_alive(), "the doors did not stop"


@pytest.fixture
def door(serve: Callable[[Settings, Limits | None], str], settings: Settings, database: Database) -> Iterator[Door]:
    """The agents' door of a project, with bodies given up after two seconds."""
    found = Door(serve(settings, Limits(agent_body_seconds=2.0)), make_token(database))
    yield found
    found.client.close()
