"""A crash-safe PostgreSQL and a Valkey of these tests' own, healed after each test, and doors in front of them."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest
import redis as redis_client
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.faults.proxy import FaultProxy
from tests.faults.servers import PostgresServer, ValkeyServer
from tests.kino_ingest.conftest import serve

__all__ = ["serve"]


@pytest.fixture(scope="session")
def _postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    server = PostgresServer(tmp_path_factory.mktemp("fault-postgres"))
    server.start()
    server.make_database()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    server = ValkeyServer(tmp_path_factory.mktemp("fault-valkey"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def postgres(_postgres: PostgresServer) -> Iterator[PostgresServer]:
    """A PostgreSQL to stop, kill and freeze."""
    yield _postgres
    _postgres.thaw()
    _postgres.start()


@pytest.fixture
def valkey(_valkey: ValkeyServer) -> Iterator[ValkeyServer]:
    """A Valkey to stop, kill and freeze; empty."""
    with redis_client.Redis.from_url(_valkey.url) as client:
        client.flushall()
    yield _valkey
    _valkey.thaw()
    _valkey.start()


@pytest.fixture
def database_url(postgres: PostgresServer) -> Iterator[str]:
    """The address of a fresh database with the current schema, for Kino's own role."""
    name = f"test_{uuid.uuid4().hex}"
    url = make_url(postgres.url).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(postgres.admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE kino OWNER kino").format(sql.Identifier(name)))
    yield url
    postgres.thaw()
    postgres.start()
    with psycopg.connect(postgres.admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def redis_url(valkey: ValkeyServer) -> str:
    return valkey.url


@pytest.fixture
def postgres_proxy(postgres: PostgresServer) -> Iterator[FaultProxy]:
    """A proxy in front of PostgreSQL."""
    with _proxy_of(postgres.url) as proxy:
        yield proxy


@pytest.fixture
def valkey_proxy(valkey: ValkeyServer) -> Iterator[FaultProxy]:
    """A proxy in front of Valkey."""
    with _proxy_of(valkey.url) as proxy:
        yield proxy


def _proxy_of(url: str) -> FaultProxy:
    address = make_url(url)
    assert address.host
    assert address.port
    return FaultProxy(address.host, address.port)
