"""The API as it really runs: uvicorn on a free port over the test's own PostgreSQL and Valkey."""

import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import insert
from starlette.types import ASGIApp

from dashboards.app import create_app
from kino_api.access_tokens import AccessTokens
from kino_api.accounts import Accounts
from kino_api.app import create_api
from kino_api.keys import SigningKeys, load_signing_key
from kino_api.lockout import Lockout
from kino_api.passwords import hash_password
from kino_api.refresh_tokens import RefreshTokens
from kino_api.sessions import SessionTokens, open_session
from kino_api.sign_in import SignIn
from kino_api.users import ProjectRole, Role, User
from kino_core.database import Database, query
from kino_core.settings import Settings, settings_from
from kino_core.tables import project_member, user
from tests.loopback import NO_CERTIFICATES

EMAIL = "ada@example.com"
PASSWORD = "lantern orbit mellow gravel"
LINK_SECRET = "a secret for links"
UNKNOWN_PASSWORD = "$argon2id$none"


@dataclass(frozen=True)
class Kino:
    """A running API and what it runs on."""

    url: str
    app: FastAPI
    settings: Settings
    database: Database

    def client(self, **headers: str) -> httpx.Client:
        """Return a client that keeps no cookies: every test says which it sends."""
        return httpx.Client(verify=NO_CERTIFICATES, base_url=self.url, headers=headers, timeout=60)

    def signed_in(self) -> httpx.Client:
        """Return a client with an access token of the administrator, in a session of its own."""
        with self.database.write() as session:
            [row] = query(session, 'SELECT id, name FROM kino."user" WHERE email = :email', email=EMAIL)
            ada = User(row.id, EMAIL, row.name, Role.ADMIN)
            grant = open_session(session, self.app.state.resources.tokens, ada)
        return self.client(Authorization=f"Bearer {grant.access_token}")

    def signed_in_as(
        self,
        role: Role | None = None,
        memberships: Mapping[uuid.UUID | str, ProjectRole] | None = None,
        password_hash: str = UNKNOWN_PASSWORD,
    ) -> httpx.Client:
        """Return a client of a new user with that role or those memberships; `.headers["x-user-id"]` says who it is."""
        user_id = uuid.uuid4()
        email = f"{user_id.hex}@example.com"
        with self.database.write() as session:
            session.execute(
                insert(user).values(
                    id=user_id, email=email, name="Somebody", role=role and role.value, password_hash=password_hash
                )
            )
            for project_id, project_role in (memberships or {}).items():
                session.execute(
                    insert(project_member).values(
                        project_id=uuid.UUID(str(project_id)), user_id=user_id, role=project_role.value
                    )
                )
            somebody = User(user_id, email, "Somebody", role)
            grant = open_session(session, self.app.state.resources.tokens, somebody)
        return self.client(Authorization=f"Bearer {grant.access_token}", **{"x-user-id": str(user_id)})


@pytest.fixture(scope="session")
def signing_key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key made once: every start with a fresh home would make its own, which takes a second."""
    path = tmp_path_factory.mktemp("key") / "key.pem"
    load_signing_key(path)
    return path


@pytest.fixture
def api_settings(settings: Settings, signing_key_file: Path) -> Settings:
    return settings.model_copy(update={"own_jwt_private_key_file": signing_key_file, "rate_limits_on": False})


@pytest.fixture(scope="session")
def password_hash() -> str:
    """The administrator's, made once: it is slow on purpose."""
    return hash_password(PASSWORD)


@pytest.fixture
def administrator(database: Database, password_hash: str) -> None:
    with database.write() as session:
        session.execute(
            insert(user).values(id=uuid.uuid4(), email=EMAIL, name="Ada", role="ADMIN", password_hash=password_hash)
        )


@pytest.fixture
def sign_in(database: Database, signing_key_file: Path) -> SignIn:
    """What lets people in, without a web process around it; whoever guesses has to wait."""
    access = AccessTokens(SigningKeys(signing_key_file), "http://localhost:8000", timedelta(minutes=15))
    tokens = SessionTokens(access, RefreshTokens(b"a secret of the tests"), timedelta(days=7))
    return SignIn(database, tokens, Lockout(enabled=True))


@pytest.fixture
def accounts(sign_in: SignIn) -> Accounts:
    return Accounts(sign_in, LINK_SECRET, "http://localhost:8000")


@pytest.fixture
def start(database: Database) -> Iterator[Callable[[Settings], Kino]]:
    """Start the API with some settings; what was started is stopped after the test."""
    with ExitStack() as running:

        def started(settings: Settings) -> Kino:
            app = create_api(settings)
            return Kino(running.enter_context(serving(app)), app, settings, database)

        yield started


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve an application on a free port, and yield its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    until(lambda: server.started or not thread.is_alive())
    assert server.started
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def kino(start: Callable[[Settings], Kino], api_settings: Settings, administrator: None) -> Kino:
    """A running API with one administrator."""
    return start(api_settings)


@pytest.fixture(scope="module")
def web(
    tmp_path_factory: pytest.TempPathFactory, module_database_url: str, redis_server_url: str, signing_key_file: Path
) -> Iterator[Kino]:
    """The whole web process with its pages and doors, for all tests of a module."""
    settings = settings_from(
        {
            "KINO_HOME": str(tmp_path_factory.mktemp("home")),
            "DATABASE_URL": module_database_url,
            "REDIS_URL": redis_server_url,
            "GITHUB_WEBHOOK_SECRET": "a-secret-of-the-tests",
        }
    ).model_copy(update={"own_jwt_private_key_file": signing_key_file, "rate_limits_on": False})
    front = create_app(settings)
    with closing(Database(settings.database_url)) as database, serving(front) as url:
        until(lambda: front.app.state.resources.hub.connected)
        yield Kino(url, front.app, settings, database)


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait for a condition; fails when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.01)
