"""A whole web process, as it really runs, with one of everything in it, and an administrator who may ask for it."""

import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import uvicorn
from sqlalchemy import insert

from dashboards.app import create_app
from kino_api.access_tokens import AccessTokens
from kino_api.keys import SigningKeys
from kino_api.refresh_tokens import RefreshTokens
from kino_api.sessions import SessionTokens, open_session
from kino_api.users import Role, User
from kino_assets.refresh import LakeWriter
from kino_core.database import Database
from kino_core.gold import PORTFOLIO
from kino_core.periods import parse_period
from kino_core.settings import Settings
from kino_core.tables import user
from kino_ingest.fold.run import fold_next, fold_pending
from kino_ingest.landing import land
from kino_ingest.summaries import recount_touched
from kino_reports.make import make_report
from kino_reports.snapshot import ReportKind
from tests.factories.events import CLAUDE, agent_report, commit
from tests.loopback import NO_CERTIFICATES

REPOSITORY = "octo-org/till"


@dataclass
class World:
    """A running Kino. `ids` are those of one existing object for each parameter of a path."""

    url: str
    settings: Settings
    tokens: SessionTokens
    administrator: User
    database: Database
    ids: dict[str, str] = field(default_factory=dict)
    agent_token: str = ""
    _access_token: str | None = None

    def headers(self, path: str) -> dict[str, str]:
        """Return the headers that let a request to `path` in."""
        if path.startswith("/webhooks/"):
            return {"Authorization": f"Bearer {self.agent_token}"}
        return {"Authorization": f"Bearer {self._signed_in()}"}

    def description(self) -> dict[str, Any]:
        """Return the OpenAPI description, as it is served."""
        headers = self.headers("/")
        with httpx.Client(verify=NO_CERTIFICATES, base_url=self.url, headers=headers, timeout=60) as client:
            shown: dict[str, Any] = client.get("/api/v1/openapi.json").json()
            return shown

    def forget_session(self) -> None:
        """Sign in anew before the next request: the one before may have ended the session."""
        self._access_token = None

    def _signed_in(self) -> str:
        if self._access_token is None:
            with self.database.write() as session:
                self._access_token = open_session(session, self.tokens, self.administrator).access_token
        return self._access_token


@contextmanager
def running_world(settings: Settings) -> Iterator[World]:
    """Start the web process with these settings, and fill it."""
    access = AccessTokens(SigningKeys(settings.jwt_private_key_file), settings.api_base_url, timedelta(hours=12))
    refresh = RefreshTokens(settings.jwt_secret.get_secret_value().encode())
    ada = User(uuid.uuid4(), "ada@example.com", "Ada", Role.ADMIN)
    with _serving(settings) as url, closing(Database(settings.database_url)) as database:
        with database.write() as session:
            session.execute(
                insert(user).values(id=ada.id, email=ada.email, name=ada.name, role="ADMIN", password_hash="none")
            )
        world = World(url, settings, SessionTokens(access, refresh, timedelta(days=1)), ada, database)
        _fill(world)
        yield world


@contextmanager
def _serving(settings: Settings) -> Iterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(settings), log_config=None, lifespan="on", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive())
        assert server.started
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
    assert not thread.is_alive()


def _fill(world: World) -> None:
    """Make one of everything, as people and agents do."""
    ids = world.ids
    with httpx.Client(verify=NO_CERTIFICATES, base_url=world.url, headers=world.headers("/"), timeout=60) as client:

        def made(path: str, **body: object) -> dict[str, Any]:
            answer = client.post(path, json=body)
            assert answer.status_code in (201, 202), answer.text
            shown: dict[str, Any] = answer.json()
            return shown

        ids["initiative_id"] = made("/api/v1/initiatives", name="Growth")["id"]
        ids["project_id"] = made("/api/v1/projects", name="Checkout", initiative_id=ids["initiative_id"])["id"]
        ids["depends_on_project_id"] = made("/api/v1/projects", name="Ledger")["id"]
        ids["user_id"] = ids["member_id"] = made("/api/v1/users", email="grace@example.com")["id"]
        below = f"/api/v1/projects/{ids['project_id']}"
        made(f"{below}/members", user_id=ids["user_id"])
        ids["milestone_id"] = made(f"{below}/milestones", name="Beta")["id"]
        ids["item_id"] = made(f"{below}/scope-items", title="Pay by card", key="KIN-1")["id"]
        ids["update_id"] = made(f"{below}/updates", overall_status="ON_TRACK", period="2026-W37")["id"]
        ids["annotation_id"] = made(f"{below}/annotations", day="2026-09-07", text="Moved")["id"]
        waits = made(f"{below}/dependencies", depends_on_project_id=ids["depends_on_project_id"])
        ids["dependency_id"] = waits["id"]
        ids["repository_id"] = made(f"{below}/repositories", full_name=REPOSITORY)["id"]
        ids["token_id"] = made(f"{below}/tokens")["id"]
        # Of a project of its own, so that nothing that is tried with the others stops it.
        doors = made("/api/v1/projects", name="Doors")["id"]
        world.agent_token = made(f"/api/v1/projects/{doors}/tokens")["token"]
        _tell_a_story(world)
        ids["agent_id"] = client.get("/api/v1/agents").json()["items"][0]["id"]
        ids["letter_id"] = str(client.get("/api/v1/dead-letters").json()["items"][0]["id"])
        ids["blocker_id"] = client.get(f"{below}/blockers").json()["items"][0]["blocker_id"]
        ids["developer_id"] = ids["user_id"]
        ids["key"] = "commits"
    # Here, because the job that a POST starts brings up a process of its own.
    report = make_report(world.settings, ReportKind.NEWSLETTER, PORTFOLIO, parse_period("2026"), ["html"])
    ids["report_id"] = str(report.report_id)


def _tell_a_story(world: World) -> None:
    project_id, now = uuid.UUID(world.ids["project_id"]), datetime.now(UTC)
    homeless = msgspec.structs.replace(agent_report(project_id, "task_started", now), project_id=None)
    with world.database.write() as session:
        land(
            session,
            [
                commit(REPOSITORY, "1" * 40, now - timedelta(days=1), co_authors=(CLAUDE,), project_id=project_id),
                agent_report(project_id, "task_started", now - timedelta(minutes=3)),
                agent_report(project_id, "test_execution", now - timedelta(minutes=2), passed=11, failed=1, skipped=0),
                agent_report(project_id, "blocker_identified", now, task="KIN-9", description="No key"),
                homeless,
            ],
        )
    while fold_pending(world.database):
        fold_next(world.database)
    while recount_touched(world.database):
        pass
    with closing(LakeWriter(world.settings)) as writer:
        writer.refresh(everything=True)


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait for a condition; fails when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.01)
