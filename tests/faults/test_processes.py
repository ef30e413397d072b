"""Kino's own processes: told to end with requests under way, started without PostgreSQL, and under a burst."""

import http.client
import json
import signal
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from kino_cli.ports import choose_port
from kino_core.database import Database, libpq_url
from kino_core.settings import Settings
from kino_ingest.doors import AGENT_PATH
from kino_ingest.fold.run import fold_next
from tests.faults.proxy import FaultProxy, Kind, Mode
from tests.faults.senders import sending
from tests.faults.servers import PostgresServer, Process, kino_process, until
from tests.kino_ingest.conftest import Door, make_token
from tests.kino_ingest.events import agent_event, landed, one, report_body
from tests.loopback import NO_CERTIFICATES

ENDED_BY_SIGTERM = (0, -signal.SIGTERM)
WAITING = "FROM pg_locks WHERE NOT granted AND relation = 'kino.agent'::regclass"
Start = Callable[..., Process]


@pytest.fixture
def start(tmp_path: Path, settings: Settings) -> Iterator[Start]:
    """Start `kino serve …` against the test's servers; what is named otherwise wins."""
    started: list[Process] = []

    def run(*arguments: str, port: int | None = None, waits: bool = True, **variables: str) -> Process:
        further = ["--port", str(port)] if port else []
        known = {
            "KINO_HOME": str(tmp_path / "home"),
            "KINO_RATE_LIMITS": "off",
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": str(settings.redis_url),
        }
        process = kino_process(
            ["serve", *arguments, *further],
            tmp_path / f"{arguments[0]}{len(started)}.log",
            lambda: port is None or _listens(port),
            **known | variables,
        )
        started.append(process)
        if waits:
            process.start()
        else:
            process.launch()
        return process

    yield run
    for process in started:
        process.kill()


@pytest.fixture
def port() -> int:
    return choose_port()


def test_sigterm_answers_what_is_under_way(
    start: Start, port: int, database: Database, database_url: str, postgres_proxy: FaultProxy
) -> None:
    token = make_token(database)
    process = start("ingest", port=port, DATABASE_URL=postgres_proxy.address(database_url))
    door = Door(f"http://127.0.0.1:{port}", token)
    assert door.send().status_code == 202
    connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(20)]
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    postgres_proxy.set(Mode(Kind.HANG))
    for number, connection in enumerate(connections):
        connection.request("POST", AGENT_PATH, json.dumps(report_body(event_id=f"e{number}")), headers)
    # Who only waits in the kernel's queue when the door closes is not under way yet.
    until(lambda: _accepted(process, port) > len(connections), "it does not take them in")
    ended: list[int | None] = []
    ending = threading.Thread(target=lambda: ended.append(process.end(signal.SIGTERM)))
    ending.start()
    until(lambda: not _listens(port), "it takes new connections after SIGTERM")
    postgres_proxy.set(Mode())
    statuses = [connection.getresponse().status for connection in connections]
    ending.join(60)
    assert ended[0] in ENDED_BY_SIGTERM
    # Who waited longer than the contract allows was told to come again; nobody was left without an answer.
    assert set(statuses) <= {202, 503}
    stored = one(database, "SELECT count(*) FROM landing.event WHERE event_id LIKE '%%/e%%'")
    assert statuses.count(202) <= stored


def _accepted(process: Process, port: int) -> int:
    found = psutil.Process(process.pid).net_connections("tcp")
    return sum(each.laddr.port == port and each.status == psutil.CONN_ESTABLISHED for each in found)


def test_the_web_process_lives_without_postgres(
    start: Start, port: int, database: Database, postgres: PostgresServer
) -> None:
    process = start("web", port=port)
    door = Door(f"http://127.0.0.1:{port}", make_token(database), httpx.Client(verify=NO_CERTIFICATES, timeout=30))

    def status(path: str) -> int:
        return door.client.get(f"{door.url}{path}").status_code

    assert (status("/healthz"), status("/readyz"), door.send().status_code) == (200, 200, 202)
    pid = process.pid
    postgres.stop()
    refused = door.send()
    assert (status("/healthz"), status("/readyz"), refused.status_code) == (200, 503, 503)
    assert refused.headers["retry-after"]
    postgres.start()
    until(lambda: (status("/readyz"), door.send().status_code) == (200, 202), "it did not recover", 5)
    assert process.is_running()
    assert process.pid == pid


def test_the_doors_wait_for_postgres_at_the_start(
    start: Start, port: int, database: Database, postgres: PostgresServer
) -> None:
    token = make_token(database)
    postgres.stop()
    process = start("ingest", port=port, waits=False)
    until(lambda: "PostgreSQL does not answer" in process.log, "it does not say what it waits for")
    postgres.start()
    until(lambda: _listens(port), "it did not notice that PostgreSQL is there")
    assert Door(f"http://127.0.0.1:{port}", token).send().status_code == 202


def test_five_times_as_many_senders_are_all_served(start: Start, port: int, database: Database) -> None:
    token = make_token(database)
    start("ingest", port=port)
    for senders in (8, 40):
        seconds: list[float] = []
        with sending(("127.0.0.1", port), token, senders=senders, name=f"of-{senders}") as load:
            until(lambda load=load: load.count >= 100, "nothing comes in")
            door = Door(f"http://127.0.0.1:{port}", token)
            for _ in range(40):
                began = time.monotonic()
                assert door.send().status_code == 202
                seconds.append(time.monotonic() - began)
        assert set(load.statuses) == {202}
        assert statistics.quantiles(seconds, n=20)[-1] < 2
        _check_those_of(database, load.acknowledged)


def test_a_worker_alarms_when_a_month_was_missing(start: Start, database: Database) -> None:
    now = datetime.now(UTC)
    with database.write() as session:
        session.exec_driver_sql(f"DROP TABLE landing.event_{now:%Y_%m}")
    landed(database, [agent_event("a", at=now)])
    assert one(database, "SELECT count(*) FROM landing.event_default") == 1
    worker = start("worker")
    until(lambda: one(database, "SELECT count(*) FROM kino.agent_activity") == 1, "it was not folded")
    until(lambda: one(database, "SELECT count(*) FROM landing.event_default") == 0, "it was not moved")
    until(lambda: "default partition" in worker.log, "nobody was told")
    assert one(database, "SELECT tableoid::regclass::text FROM landing.event") == f"landing.event_{now:%Y_%m}"


@pytest.mark.parametrize("how", ["stop", "crash", "freeze"])
def test_a_worker_goes_on_when_postgres_is_back(
    start: Start, database: Database, postgres: PostgresServer, how: str
) -> None:
    worker = start("worker")
    landed(database, [agent_event("before")])
    until(lambda: one(database, "SELECT count(*) FROM kino.agent_activity") == 1, "it does not fold")
    getattr(postgres, how)()
    time.sleep(0.5)
    postgres.thaw()
    postgres.start()
    database.close()
    landed(database, [agent_event("after")])
    until(lambda: one(database, "SELECT count(*) FROM kino.agent_activity") == 2, "it does not fold any more")
    assert worker.is_running()


def test_a_worker_that_stands_still_holds_the_others_up_for_seconds_only(
    start: Start, database: Database, database_url: str
) -> None:
    with psycopg.connect(libpq_url(database_url)) as blocker:
        blocker.execute("LOCK TABLE kino.agent IN SHARE MODE")
        frozen = start("worker")
        landed(database, [agent_event("first")])
        until(lambda: one(database, f"SELECT count(*) {WAITING}") == 1, "it does not come to the middle of its fold")
        frozen.freeze()
    # Now it has what it waited for, and does not know; what it has begun stands open.
    until(lambda: one(database, f"SELECT count(*) {WAITING}") == 0, "it still waits")
    landed(database, [agent_event("second")])

    def both_are_folded() -> bool:
        fold_next(database)
        return bool(one(database, "SELECT count(*) FROM kino.agent_activity") == 2)

    # It stood for half a minute once; eight seconds are what it may.
    until(both_are_folded, "the others are held up", 25)
    frozen.thaw()
    landed(database, [agent_event("third")])
    until(lambda: one(database, "SELECT count(*) FROM kino.agent_activity") == 3, "it is not folded")
    until(lambda: "PostgreSQL is away" in frozen.log, "the one that stood does not notice")
    assert frozen.is_running()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True


def _check_those_of(database: Database, acknowledged: list[str]) -> None:
    missing = one(
        database,
        "SELECT count(*) FROM (SELECT unnest(%s::text[])"
        " EXCEPT SELECT split_part(event_id, '/', 2) FROM landing.event) AS missing",
        acknowledged,
    )
    assert missing == 0
