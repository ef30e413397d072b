"""Redis dead, frozen, cut off and emptied: events come in and are folded all the same, and quotas hold."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import redis as redis_client

from kino_core.database import Database
from kino_core.settings import Settings
from tests.faults.proxy import FaultProxy, Kind, Mode
from tests.faults.senders import check_exactly_once, sending
from tests.faults.servers import Process, ValkeyServer, kino_process, until
from tests.kino_ingest.conftest import Door, make_token
from tests.kino_ingest.events import one
from tests.loopback import NO_CERTIFICATES

Serve = Callable[[Settings], str]


@pytest.fixture
def token(database: Database) -> str:
    """A token whose quota is beyond what a test can send, so that every request is counted and none refused."""
    made = make_token(database, per_minute=1_000_000)
    with database.write() as session:
        session.exec_driver_sql("UPDATE kino.token SET per_hour = 1000000")
    return made


@pytest.fixture
def door(serve: Serve, settings: Settings, token: str, valkey_proxy: FaultProxy, redis_url: str) -> Iterator[Door]:
    """The agents' door, with the proxy between it and Redis."""
    behind = {"own_redis_url": _secret(settings, valkey_proxy.address(redis_url))}
    with closing(httpx.Client(verify=NO_CERTIFICATES, timeout=30)) as client:
        yield Door(serve(settings.model_copy(update=behind)), token, client)


@pytest.fixture
def worker(tmp_path: Path, settings: Settings) -> Iterator[Process]:
    """A worker in a process of its own."""
    process = kino_process(
        ["serve", "worker"],
        tmp_path / "worker.log",
        lambda: True,
        KINO_HOME=str(tmp_path / "home"),
        DATABASE_URL=settings.database_url,
        REDIS_URL=str(settings.redis_url),
    )
    process.start()
    yield process
    process.kill()


def counts_in_redis(redis_url: str) -> bool:
    with redis_client.Redis.from_url(redis_url) as client:
        return bool(client.keys("kino:quota:*"))


@pytest.mark.parametrize("fault", ["kill", "freeze", Kind.REFUSE, Kind.HANG, Kind.SLOW, Kind.HALF_CLOSE])
def test_ingestion_goes_on(
    door: Door, valkey: ValkeyServer, valkey_proxy: FaultProxy, redis_url: str, database_url: str, fault: str
) -> None:
    with sending(door.address, door.token) as load:
        until(lambda: load.count >= 100 and counts_in_redis(redis_url), "nothing comes in")
        enough = load.count + 300
        if isinstance(fault, Kind):
            valkey_proxy.set(Mode(fault, seconds=1))
        else:
            getattr(valkey, fault)()
        until(lambda: load.count >= enough, "nothing comes in while Redis is away")
        valkey_proxy.set(Mode())
        valkey.thaw()
        valkey.start()
        with redis_client.Redis.from_url(redis_url) as client:
            client.flushall()
        until(lambda: counts_in_redis(redis_url), "Redis is not used again")
    assert set(load.statuses) == {202}
    check_exactly_once(database_url, load)


def test_a_frozen_redis_holds_nobody_up(door: Door, valkey: ValkeyServer) -> None:
    assert door.send().status_code == 202
    valkey.freeze()
    seconds = []
    for _ in range(5):
        began = time.monotonic()
        assert door.send().status_code == 202
        seconds.append(time.monotonic() - began)
    assert min(seconds) < 0.1


def test_away_when_the_doors_open(
    serve: Serve, settings: Settings, token: str, valkey: ValkeyServer, redis_url: str
) -> None:
    valkey.kill()
    door = Door(serve(settings), token)
    assert door.send().status_code == 202
    valkey.start()
    until(lambda: door.send().status_code == 202 and counts_in_redis(redis_url), "Redis is not used")


def test_quotas_hold_without_redis(serve: Serve, settings: Settings, database: Database, valkey: ValkeyServer) -> None:
    valkey.kill()
    door = Door(serve(settings), make_token(database, per_minute=3))
    answers = [door.send() for _ in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert 1 <= int(answers[3].headers["retry-after"]) <= 60


def test_flushed_under_load(door: Door, redis_url: str, database_url: str) -> None:
    with sending(door.address, door.token) as load, redis_client.Redis.from_url(redis_url) as client:
        for _ in range(20):
            enough = load.count + 20
            until(lambda enough=enough: load.count >= enough, "nothing comes in")
            client.flushall()
    assert set(load.statuses) == {202}
    check_exactly_once(database_url, load)


@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_the_worker_folds_on(worker: Process, door: Door, valkey: ValkeyServer, database: Database, how: str) -> None:
    def folded() -> int:
        return int(one(database, "SELECT count(*) FROM kino.agent_activity"))

    assert door.send().status_code == 202
    until(lambda: folded() == 1, "the worker does not fold")
    getattr(valkey, how)()
    for number in range(2, 5):
        assert door.send().status_code == 202
        until(lambda number=number: folded() == number, "the worker waits for Redis")
    assert worker.is_running()


def _secret(settings: Settings, address: str) -> object:
    return type(settings.own_redis_url)(address)
