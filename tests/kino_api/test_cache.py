"""What is cached is shared, forgotten when something changes, worked out once, and never missed when Redis is away."""

import socket
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

import pytest
import redis as redis_client
from pydantic import TypeAdapter

from kino_api import cache as module
from kino_api.access import sight_of
from kino_api.cache import Cache
from kino_api.users import ProjectRole, Role, User
from kino_core.cache_versions import renew
from kino_core.live import PORTFOLIO, project_topic
from kino_core.staleness import Staleness, staleness


@dataclass(frozen=True)
class Answer:
    number: int
    names: list[str]


ANSWER = TypeAdapter(Answer)


@dataclass
class Worker:
    """Works an answer out, and counts how often."""

    times: int = 0
    pause: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> Answer:
        with self.lock:
            self.times += 1
            number = self.times
        time.sleep(self.pause)
        return Answer(number, ["a"])


@pytest.fixture
def cache(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cache]:
    """On a busy machine Redis may take its time."""
    monkeypatch.setattr("kino_core.live.REDIS_TIMEOUT_SECONDS", 10.0)
    with closing(Cache(redis_url, 300)) as made:
        yield made


def test_an_answer_is_kept_until_one_of_its_topics_changes(cache: Cache, redis_url: str) -> None:
    project, work = uuid.uuid4(), Worker()
    topics = (PORTFOLIO, project_topic(project))

    def ask(key: str = "key") -> int:
        return cache.get(key, topics, ANSWER, work).number

    assert [ask(), ask(), ask("other"), ask()] == [1, 1, 2, 1]
    cache.forget([uuid.uuid4()])
    assert [ask(), ask()] == [3, 3], "every change is one of the portfolio"
    with redis_client.Redis.from_url(redis_url) as redis:
        assert renew(redis, [project_topic(project)])
    assert ask() == 4
    cache.forget([])
    assert ask() == 4


def test_processes_share_what_is_kept_and_it_ends_by_itself(cache: Cache, redis_url: str) -> None:
    first, second = Worker(), Worker(times=10)
    assert cache.get("key", (PORTFOLIO,), ANSWER, first) == Answer(1, ["a"])
    with closing(Cache(redis_url, 300)) as other, redis_client.Redis.from_url(redis_url) as redis:
        assert other.get("key", (PORTFOLIO,), ANSWER, second) == Answer(1, ["a"])
        assert all(0 < redis.ttl(key) <= 3600 for key in redis.keys("kino:*"))
        assert any(redis.ttl(key) <= 300 for key in redis.keys("kino:cache:*"))


def test_what_was_read_before_a_change_is_never_kept_for_after_it(cache: Cache) -> None:
    stored = ["old"]

    def read_slowly() -> list[str]:
        found = list(stored)
        # Somebody commits and says so while this reader still holds what it read.
        stored[0] = "new"
        cache.forget([uuid.uuid4()])
        return found

    assert cache.get("key", (PORTFOLIO,), TypeAdapter(list[str]), read_slowly) == ["old"]
    assert cache.get("key", (PORTFOLIO,), TypeAdapter(list[str]), lambda: list(stored)) == ["new"]


def test_many_at_once_wait_for_one(cache: Cache, redis_url: str) -> None:
    work = Worker(pause=0.1)
    with closing(Cache(redis_url, 300)) as other, ThreadPoolExecutor(16) as pool:
        asked = [pool.submit((cache, other)[n % 2].get, "key", (PORTFOLIO,), ANSWER, work) for n in range(32)]
        answers = {each.result().number for each in asked}
    assert answers == {1}
    assert work.times == 1


def test_a_lock_that_nobody_gives_back_is_not_waited_for(cache: Cache, redis_url: str) -> None:
    place = cache._place("key", (PORTFOLIO,))
    with redis_client.Redis.from_url(redis_url) as redis:
        redis.set(f"{place}:lock", b"1")
    assert cache.get("key", (PORTFOLIO,), ANSWER, Worker()).number == 1


@pytest.mark.parametrize("hangs", [False, True])
def test_without_redis_every_answer_is_worked_out_and_nobody_waits(hangs: bool) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        port = server.getsockname()[1]
        if not hangs:
            server.close()
        with closing(Cache(f"redis://127.0.0.1:{port}/0", 300)) as cache:
            work = Worker()
            began = time.monotonic()
            assert [cache.get("key", (PORTFOLIO,), ANSWER, work).number for _ in range(50)] == list(range(1, 51))
            cache.forget([uuid.uuid4()])
            # Once a second it is tried for a tenth of one.
            assert time.monotonic() - began < 50 * module.REST_SECONDS * 0.1 + 2
    with closing(Cache(None, 300)) as cache:
        assert cache.get("key", (PORTFOLIO,), ANSWER, Worker()).number == 1
        cache.forget([uuid.uuid4()])


def test_what_redis_forgets_is_worked_out_again_and_what_it_garbles_too(cache: Cache, redis_url: str) -> None:
    work = Worker()
    with redis_client.Redis.from_url(redis_url) as redis:
        assert cache.get("key", (PORTFOLIO,), ANSWER, work).number == 1
        redis.flushall()
        assert cache.get("key", (PORTFOLIO,), ANSWER, work).number == 2
        # Versions alone may be forgotten too: the next one is never one that was there before.
        redis.delete(f"kino:version:{PORTFOLIO}")
        assert cache.get("key", (PORTFOLIO,), ANSWER, work).number == 3
        [place] = [key for key in redis.keys("kino:cache:*") if b"3" in (redis.get(key) or b"")]
        redis.set(place, b'{"of": "another version"}')
        assert cache.get("key", (PORTFOLIO,), ANSWER, work).number == 4


def test_what_stands_in_while_the_server_is_away_is_not_kept(cache: Cache) -> None:
    token = staleness.set(Staleness(12.0))
    try:
        assert cache.get("key", (PORTFOLIO,), ANSWER, Worker()).number == 1
    finally:
        staleness.reset(token)
    assert cache.get("key", (PORTFOLIO,), ANSWER, Worker(times=1)).number == 2


def test_only_who_sees_the_same_shares_an_answer() -> None:
    ours, theirs = uuid.uuid4(), uuid.uuid4()

    def sight(role: Role | None, *projects: uuid.UUID) -> str:
        return sight_of(User(uuid.uuid4(), "", "", role, dict.fromkeys(projects, ProjectRole.MEMBER)))

    assert sight(Role.ADMIN) == sight(Role.MANAGER, ours) != sight(None, ours)
    assert sight(None, ours, theirs) == sight(None, theirs, ours)
    assert len({sight(None), sight(None, ours), sight(None, theirs), sight(None, ours, theirs)}) == 4
