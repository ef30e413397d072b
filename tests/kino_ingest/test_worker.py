"""The worker folds what lands, tells the pages, waits for PostgreSQL and stops when asked."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis as redis_client

from kino_core.cache_versions import version_key
from kino_core.database import Database
from kino_core.live import CHANNEL, LiveKind, connect_publisher, decode
from kino_ingest.announce import MOST_MESSAGES, Announcer, announcements
from kino_ingest.fold.facts import Change
from kino_ingest.worker import work
from tests.kino_ingest.events import PROJECT, agent_event, git_events, landed, one, record


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def working(database: Database, redis_url: str) -> Iterator[None]:
    """A worker in a thread."""
    stop = threading.Event()
    with connect_publisher(redis_url) as redis:
        thread = threading.Thread(target=work, args=(database, redis, stop))
        thread.start()
        yield
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


@pytest.mark.usefixtures("working")
def test_an_event_is_folded_and_told_to_the_pages(database: Database, redis_url: str) -> None:
    with redis_client.Redis.from_url(redis_url) as client, client.pubsub(ignore_subscribe_messages=True) as page:
        page.subscribe(CHANNEL)
        page.get_message(timeout=5)
        landed(database, [agent_event("a", "blocker_identified", data={"description": "no key"})])
        found: list[bytes] = []

        def heard() -> bool:
            message = page.get_message(timeout=0.1)
            found.extend([message["data"]] if message else [])
            return bool(found)

        until(heard)
    message = decode(found[0])
    assert message.topics == [f"project:{PROJECT}", "portfolio"]
    assert message.kind is LiveKind.AGENT_ACTIVITY
    assert message.item["agent_name"] == "claude-7"
    assert message.item["data"] == {"description": "no key"}
    assert one(database, "SELECT count(*) FROM kino.agent_activity") == 1


@pytest.mark.usefixtures("working")
def test_what_lists_show_is_counted_and_what_was_cached_of_it_forgotten(database: Database, redis_url: str) -> None:
    with database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.project (id, name, created_at, updated_at) VALUES (%s, 'Engine', now(), now())",
            (PROJECT,),
        )
    with redis_client.Redis.from_url(redis_url) as redis:
        topics = [version_key(topic) for topic in ("portfolio", f"project:{PROJECT}")]
        redis.mset(dict.fromkeys(topics, b"old"))
        landed(database, [agent_event("a", "blocker_identified", data={"description": "no key"})])
        until(lambda: one(database, "SELECT open_blockers FROM kino.project_summary") == 1)
        until(lambda: all(version != b"old" for version in redis.mget(topics)))


@pytest.mark.usefixtures("working")
def test_it_goes_on_after_its_connections_were_cut(database: Database) -> None:
    landed(database, [agent_event("a")])
    until(lambda: one(database, "SELECT count(*) FROM kino.agent_activity") == 1)
    with database.write() as session:
        session.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    landed(database, [agent_event("b")])
    until(lambda: one(database, "SELECT count(*) FROM kino.agent_activity") == 2)


def test_sigterm_ends_the_process_and_kill_loses_nothing(
    database: Database, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    program = (
        "from kino_core.settings import load_settings; from kino_ingest.worker import run_worker;"
        "run_worker(load_settings())"
    )
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "KINO_HOME": str(tmp_path),
    }

    def start() -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-c", program], env=environment)

    def folded() -> int:
        return int(one(database, 'SELECT count(*) FROM kino."commit"'))

    events = git_events(*(record(number) for number in range(1, 3001)))
    for first in range(0, 3000, 100):
        landed(database, events[first : first + 100])
    process = start()
    until(lambda: folded() > 0)
    process.kill()
    process.wait()
    process = start()
    until(lambda: folded() == 3000)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def test_many_changes_are_told_as_a_number() -> None:
    other = uuid.uuid4()
    changes = [Change(LiveKind.COMMIT, {"sha": str(number)}, PROJECT) for number in range(MOST_MESSAGES + 1)]
    changes += [Change(LiveKind.COMMIT, {"sha": "x"}, other), Change(LiveKind.COMMIT, {"sha": "y"}, None)]
    summary, single = announcements(changes)
    assert (summary.topics[0], summary.item) == (f"project:{PROJECT}", {"count": MOST_MESSAGES + 1})
    assert (single.topics[0], single.item) == (f"project:{other}", {"sha": "x"})


def test_without_redis_nothing_fails() -> None:
    change = Change(LiveKind.COMMIT, {"at": datetime(2026, 1, 1, tzinfo=UTC)}, PROJECT)
    assert not Announcer(None).tell([change])
    with connect_publisher("redis://127.0.0.1:1") as nobody:
        assert not Announcer(nobody).tell([change])


@pytest.mark.parametrize(("rest_seconds", "asked"), [(600.0, 1), (0.0, 3)])
def test_a_redis_that_hangs_is_asked_again_after_a_rest_only(rest_seconds: float, asked: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        with connect_publisher(f"redis://127.0.0.1:{hanging.getsockname()[1]}") as redis:
            announcer = Announcer(redis, rest_seconds)
            for _ in range(3):
                assert not announcer.tell([Change(LiveKind.COMMIT, {"sha": "x"}, PROJECT)])
        hanging.settimeout(0.2)
        for _ in range(asked):
            hanging.accept()[0].close()
        with pytest.raises(TimeoutError):
            hanging.accept()
