"""Real servers for the tests: PostgreSQL and Valkey once a session, a fresh migrated database for every test."""

import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg
import pytest
import redis
import structlog
from argon2 import PasswordHasher
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from psycopg import sql
from sqlalchemy.engine import make_url

from kino_api import passwords
from kino_cli import postgres, valkey
from kino_core import schema_changes
from kino_core.database import Database
from kino_core.settings import Settings, settings_from

# Each example runs in the database of its test: it must make its own keys, as events in production do.
hypothesis_settings.register_profile(
    "kino", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
hypothesis_settings.load_profile("kino")

# A fresh database for each test writes gigabytes: where memory has room for them, no disk is waited for.
MEMORY = Path("/dev/shm")
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 4 * 1024**3:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

# Tests log to nowhere in particular: without this, each crash they provoke would be painted with all its variables.
structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()])

TEMPLATE = "kino_template"
CRASH_SAFETY_OFF = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}

LONGEST = (
    "e2e/test_whole_system.py",
    "kino_assets/test_lake.py",
    "kino_assets/test_any_order.py",
    "faults/test_postgres_away.py",
    "kino_api/test_permission_matrix.py",
    "kino_cli/test_up.py",
    "dashboards/test_canaries.py",
    "faults/test_log_readers.py",
    "dashboards/test_browser.py",
    "faults/test_processes.py",
    "kino_reports/test_pdf.py",
    "faults/test_redis_away.py",
    "kino_assets/test_erasure.py",
    "torture/test_torture.py",
    "kino_reports/test_make.py",
)
"""Files that take half a minute or more, those that mostly wait in turn with those that work: as no worker is left with
one at the end, so is no core idle at the beginning."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; the order within a file stays."""
    here = Path(__file__).parent
    place = {here / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(LONGEST)))


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The superuser's address on an empty server of this test session."""
    home = tmp_path_factory.mktemp("postgres-home")
    server = postgres.prepare_postgres(home, overrides=CRASH_SAFETY_OFF)
    with _running(server.command, server.directory, lambda: postgres.is_ready(server), home / "postgres.log"):
        _quick_to_sign_in(server.admin_url)
        yield server.admin_url


@pytest.fixture(scope="session")
def redis_server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the session's Valkey."""
    home = tmp_path_factory.mktemp("valkey-home")
    server = valkey.prepare_valkey(home)
    with _running(server.command, home, lambda: valkey.is_ready(server), home / "valkey.log"):
        yield server.url


@pytest.fixture(scope="session")
def _template(postgres_url: str) -> str:
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {TEMPLATE}")
    schema_changes.migrate(_named(postgres_url, TEMPLATE))
    return TEMPLATE


REAL_HASHER, REAL_NOBODY = passwords._hasher, passwords._NOBODY
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Hash with the least that argon2id takes: as it is meant, each sign-in fills 64 MiB and takes 0.2 s of a core."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", QUICK_HASHER)
        patch.setattr(passwords, "_NOBODY", QUICK_HASHER.hash("nothing anybody could type"))
        yield


@pytest.fixture
def real_hasher(monkeypatch: pytest.MonkeyPatch) -> PasswordHasher:
    """Have passwords hashed as strongly as outside the tests."""
    monkeypatch.setattr(passwords, "_hasher", REAL_HASHER)
    monkeypatch.setattr(passwords, "_NOBODY", REAL_NOBODY)
    return REAL_HASHER


FreshDatabase = Callable[[], AbstractContextManager[str]]


@pytest.fixture(scope="session")
def fresh_database(postgres_url: str, _template: str) -> Iterator[FreshDatabase]:
    """Makes a database with the current schema and gives its address; it is dropped afterwards."""
    with psycopg.connect(postgres_url, autocommit=True) as admin:

        @contextmanager
        def make() -> Iterator[str]:
            name = f"test_{uuid.uuid4().hex}"
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                    sql.Identifier(name), sql.Identifier(_template)
                )
            )
            yield _named(postgres_url, name)
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

        yield make


@pytest.fixture
def database_url(fresh_database: FreshDatabase) -> Iterator[str]:
    """The address of a fresh database with the current schema, dropped after the test."""
    with fresh_database() as url:
        yield url


@pytest.fixture(scope="module")
def module_database_url(fresh_database: FreshDatabase) -> Iterator[str]:
    """The address of one fresh database for a module whose tests look at the same things."""
    with fresh_database() as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Sessions on a fresh database with the current schema."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def redis_url(redis_server_url: str) -> str:
    """The address of an empty Valkey."""
    with redis.Redis.from_url(redis_server_url) as client:
        client.flushall()
    return redis_server_url


@pytest.fixture
def settings(tmp_path: Path, database_url: str, redis_url: str) -> Settings:
    """Settings of a home of its own with the test's servers; nothing of the developer's environment gets in."""
    return settings_from(
        {
            "KINO_HOME": str(tmp_path / "home"),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "GITHUB_WEBHOOK_SECRET": "a-secret-of-the-tests",
        }
    )


@contextmanager
def _running(command: Sequence[str], directory: Path, is_ready: Callable[[], bool], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=directory, stdout=output, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + 60
            while not is_ready():
                assert process.poll() is None, f"the server ended: {log.read_text()}"
                assert time.monotonic() < deadline, f"the server does not answer: {log.read_text()}"
                time.sleep(0.02)
            yield
        finally:
            # What PostgreSQL calls a fast shutdown; Valkey stops on it too.
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _quick_to_sign_in(admin_url: str) -> None:
    """Give the superuser a password of one SCRAM round instead of 4,096: the tests connect thousands of times."""
    address = make_url(admin_url)
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute("SET scram_iterations = 1")
        admin.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(address.username or ""), sql.Literal(address.password)
            )
        )


def _named(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)
