"""Sessions: what keeps them from waiting for ever, and how callers are told that PostgreSQL cannot serve them."""

import os
import socket
import time
from collections.abc import Iterator

import psycopg
import pytest

from kino_core.database import CUT_OFF, Database, DatabaseUnavailable, ReadSession


@pytest.fixture
def impatient(database_url: str) -> Iterator[Database]:
    """A database whose sessions PostgreSQL ends when they stand idle for a fifth of a second."""
    opened = Database(database_url, pool_max=1, idle_transaction_ms=200)
    yield opened
    opened.close()


def test_a_used_up_pool_is_told_and_recovers(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kino_core.database.POOL_WAIT_SECONDS", 0.05)
    narrow = Database(database_url, pool_max=1)
    with narrow.read() as busy:
        assert busy.exec_driver_sql("SELECT 1").scalar_one() == 1
        with pytest.raises(DatabaseUnavailable) as refused, narrow.read():
            pass
        assert refused.value.retryable
    with narrow.read() as free:
        assert free.exec_driver_sql("SELECT 1").scalar_one() == 1
    narrow.close()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system does not say how long it waits")
def test_the_system_gives_a_cut_network_up_within_seconds(database: Database) -> None:
    with database.read() as session:
        _is_given_up_soon(session)
        assert session.exec_driver_sql("SHOW tcp_user_timeout").scalar_one() == "30000"


def _is_given_up_soon(session: ReadSession) -> None:
    connection = session.connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    with socket.socket(fileno=os.dup(connection.fileno())) as wire:
        assert wire.family is socket.AF_INET
        assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        told = {
            "tcp_user_timeout": wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
            "keepalives_idle": wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
            "keepalives_interval": wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
            "keepalives_count": wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
        }
    assert told == CUT_OFF
    assert told["keepalives_idle"] + told["keepalives_interval"] * told["keepalives_count"] < 10


def test_a_session_that_was_ended_for_standing_idle_is_told_like_one_that_was_cut(impatient: Database) -> None:
    def stand_idle() -> None:
        with impatient.write() as session:
            session.exec_driver_sql("SELECT pg_current_xact_id()")
            _until_it_is_ended(session.connection.driver_connection)
            session.exec_driver_sql("SELECT 1")

    with pytest.raises(DatabaseUnavailable):
        stand_idle()
    with impatient.read() as session:
        assert session.exec_driver_sql("SELECT 1").scalar_one() == 1


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="here the server cannot tell")
def test_a_session_that_does_not_take_its_rows_is_ended_too(impatient: Database, database: Database) -> None:
    def takes_nothing() -> None:
        with impatient.write() as session:
            session.exec_driver_sql("SELECT pg_current_xact_id()")
            connection = session.connection.driver_connection
            assert isinstance(connection, psycopg.Connection)
            connection.pgconn.send_query(b"SELECT repeat('x', 1000000) FROM generate_series(1, 200)")
            connection.pgconn.flush()
            _until_it_is_gone(database, connection.info.backend_pid)
            session.exec_driver_sql("SELECT 1")

    with pytest.raises(DatabaseUnavailable):
        takes_nothing()


def _until_it_is_gone(database: Database, process_id: int) -> None:
    deadline = time.monotonic() + 30
    gone = False
    while not gone:
        assert time.monotonic() < deadline, "PostgreSQL waits for it"
        time.sleep(0.05)
        with database.read() as session:
            asked = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s)"
            gone = session.exec_driver_sql(asked, (process_id,)).scalar_one()


def _until_it_is_ended(connection: object) -> None:
    assert isinstance(connection, psycopg.Connection)
    deadline = time.monotonic() + 30
    with socket.socket(fileno=os.dup(connection.fileno())) as wire:
        wire.setblocking(False)
        while True:
            try:
                assert wire.recv(1, socket.MSG_PEEK) is not None
                return
            except BlockingIOError:
                assert time.monotonic() < deadline, "PostgreSQL lets it stand"
                time.sleep(0.02)
