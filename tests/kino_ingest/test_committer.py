"""Group commit under bad rows, lost connections and a server that stands still."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator

import msgspec
import psycopg
import pytest

from kino_core.database import Database, DatabaseUnavailable
from kino_ingest import committer as module
from kino_ingest.committer import Committer, QueueFull, RefusedRow
from kino_ingest.landing import Outcome
from tests.kino_ingest.events import agent_event, one


@pytest.fixture
async def committer(database_url: str) -> AsyncIterator[Committer]:
    made = Committer(database_url)
    made.start()
    yield made
    await made.stop()


def commits(database: Database) -> int:
    return int(one(database, "SELECT count(DISTINCT xid::text) FROM landing.event"))


async def test_what_waits_together_commits_together(committer: Committer, database: Database) -> None:
    events = [agent_event(f"e{number}") for number in range(600)]
    outcomes = await asyncio.gather(*(committer.land(event, 10) for event in events))
    assert set(outcomes) == {Outcome.ACCEPTED}
    assert one(database, "SELECT count(*) FROM landing.event") == 600
    assert commits(database) <= 4


async def test_one_poison_row_among_128_is_refused_alone(committer: Committer, database: Database) -> None:
    events = [agent_event(f"e{number}") for number in range(128)]
    events[77] = msgspec.structs.replace(events[77], type="nul\0")
    results = await asyncio.gather(*(committer.land(event, 10) for event in events), return_exceptions=True)
    assert isinstance(results[77], RefusedRow)
    assert results.count(Outcome.ACCEPTED) == 127
    assert one(database, "SELECT count(*) FROM landing.event") == 127


async def test_a_row_that_postgres_refuses_is_refused_alone(committer: Committer, database: Database) -> None:
    events = [
        agent_event("good"),
        msgspec.structs.replace(agent_event("bad"), event_id="x" * 100_000),
        agent_event("too"),
    ]
    events[1] = msgspec.structs.replace(events[1], event_id=os.urandom(60_000).hex())
    results = await asyncio.gather(*(committer.land(event, 10) for event in events), return_exceptions=True)
    assert [type(result) for result in results] == [Outcome, RefusedRow, Outcome]


async def test_a_server_that_is_away_is_told_in_time_and_found_again(database: Database, database_url: str) -> None:
    with psycopg.connect(database_url) as probe:
        name = probe.info.dbname
    committer = Committer(database_url)
    committer.start()
    assert await committer.land(agent_event("before"), 10) is Outcome.ACCEPTED
    with psycopg.connect(database_url, dbname="postgres", autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")  # type: ignore[call-overload]
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        began = time.monotonic()
        with pytest.raises(DatabaseUnavailable):
            await committer.land(agent_event("lost"), 0.3)
        assert time.monotonic() - began < 2
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")  # type: ignore[call-overload]
    assert await committer.land(agent_event("after"), 10) is Outcome.ACCEPTED
    # Whether the one whose sender was told to come again came in all the same depends on the moment.
    assert one(database, "SELECT count(*) FROM landing.event WHERE event_id NOT LIKE '%%lost'") == 2
    await committer.stop()


async def test_a_server_that_stands_still_is_told_in_time(committer: Committer, database: Database) -> None:
    await committer.land(agent_event("before"), 10)
    pid = one(database, "SELECT pid FROM pg_stat_activity WHERE application_name = 'kino ingest'")
    os.kill(pid, signal.SIGSTOP)
    try:
        for name in ("stuck", "waiting"):
            with pytest.raises(DatabaseUnavailable):
                await committer.land(agent_event(name), 0.2)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert await committer.land(agent_event("after"), 10) is Outcome.ACCEPTED
    # Its sender was told to come again, and coming again doubles nothing.
    assert await committer.land(agent_event("stuck"), 10) in (Outcome.ACCEPTED, Outcome.DUPLICATE)
    assert one(database, "SELECT count(*) FROM landing.event WHERE event_id LIKE '%%stuck'") == 1


async def test_a_commit_whose_reply_was_lost_is_recognised(
    committer: Committer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await committer.land(agent_event("before"), 10)
    execute = psycopg.AsyncConnection.execute
    lost = 0

    async def losing(connection: psycopg.AsyncConnection, *arguments: object) -> object:
        nonlocal lost
        result = await execute(connection, *arguments)  # type: ignore[arg-type]
        if lost == 0:
            lost += 1
            raise psycopg.OperationalError("the connection was cut after the commit")
        return result

    monkeypatch.setattr(psycopg.AsyncConnection, "execute", losing)
    assert await committer.land(agent_event("a"), 10) is Outcome.ACCEPTED
    assert lost == 1
    assert one(database, "SELECT count(*) FROM landing.event WHERE event_id LIKE '%%/a'") == 1


async def test_connections_cut_under_load_lose_and_double_nothing(committer: Committer, database: Database) -> None:
    async def cut() -> None:
        for _ in range(20):
            await asyncio.sleep(0.02)
            await asyncio.to_thread(_cut, database)

    cutting = asyncio.create_task(cut())
    events = [agent_event(f"e{number}") for number in range(2000)]
    outcomes = []
    for first in range(0, 2000, 50):
        outcomes += await asyncio.gather(*(committer.land(event, 20) for event in events[first : first + 50]))
    await cutting
    assert outcomes == [Outcome.ACCEPTED] * 2000
    assert one(database, "SELECT count(*) FROM landing.event") == 2000


async def test_a_full_queue_is_told_at_once(committer: Committer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    results = await asyncio.gather(
        *(committer.land(agent_event(f"e{n}"), 10) for n in range(5)), return_exceptions=True
    )
    assert [type(result) for result in results] == [Outcome] * 3 + [QueueFull] * 2


async def test_stopping_commits_what_waits(database: Database, database_url: str) -> None:
    committer = Committer(database_url)
    committer.start()
    landing = [asyncio.create_task(committer.land(agent_event(f"e{number}"), 10)) for number in range(300)]
    await asyncio.sleep(0)
    await committer.stop()
    assert await asyncio.gather(*landing) == [Outcome.ACCEPTED] * 300
    assert one(database, "SELECT count(*) FROM landing.event") == 300


def _cut(database: Database) -> None:
    with database.read() as session:
        session.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'kino ingest'"
        )
