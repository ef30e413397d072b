"""Quotas: two sliding windows in Redis, exact to the second, and in each process while Redis is away."""

import asyncio
import socket
import time
import uuid
from collections.abc import AsyncIterator

import pytest
import redis as redis_client
from hypothesis import given
from hypothesis import strategies as st

from kino_ingest import quotas as module
from kino_ingest.quotas import LocalWindows, Quota, Quotas, Verdict

SMALL = Quota(per_minute=5, per_hour=8)


@pytest.fixture
async def quotas(redis_url: str) -> AsyncIterator[Quotas]:
    made = Quotas(redis_url)
    yield made
    await made.stop()


@pytest.fixture
def in_redis(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> redis_client.Redis:
    """Redis as the test sees it; on a busy machine its answers may take their time."""
    monkeypatch.setattr(module, "REDIS_SECONDS", 10.0)
    return redis_client.Redis.from_url(redis_url)


def age(redis: redis_client.Redis, token: uuid.UUID, seconds: float) -> None:
    """Let everything that is known of a token have happened so much earlier."""
    name = f"kino:quota:{{{token}}}"
    for member, score in redis.zrange(name, 0, -1, withscores=True):
        redis.zadd(name, {member: score - seconds * 1e6})
    for key, value in redis.hgetall(f"{name}:refusals").items():
        if key not in (b"ignored", b"bans"):
            redis.hset(f"{name}:refusals", key, f"{float(value) - seconds * 1e6:.0f}")


async def send(quotas: Quotas, token: uuid.UUID, times: int, quota: Quota = SMALL) -> list[Verdict]:
    return [await quotas.spend(token, quota) for _ in range(times)]


async def test_what_redis_let_pass_still_counts_when_it_falls_silent(
    in_redis: redis_client.Redis, quotas: Quotas, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = uuid.uuid4()
    assert all(each.passes for each in await send(quotas, token, 4))
    monkeypatch.setattr(quotas, "_redis_again_at", time.monotonic() + 60)
    assert [each.passes for each in await send(quotas, token, 3)] == [True, False, False]


async def test_the_sixth_of_five_waits_until_the_first_is_a_minute_old(
    in_redis: redis_client.Redis, quotas: Quotas
) -> None:
    token = uuid.uuid4()
    verdicts = await send(quotas, token, 6)
    assert [each.passes for each in verdicts] == [True] * 5 + [False]
    assert [each.left[0] for each in verdicts] == [4, 3, 2, 1, 0, 0]
    assert [each.left[1] for each in verdicts] == [7, 6, 5, 4, 3, 3]
    assert 40 < verdicts[-1].wait <= 60
    age(in_redis, token, 30)
    [half_way] = await send(quotas, token, 1)
    assert not half_way.passes
    assert 10 < half_way.wait <= 30
    age(in_redis, token, 30)
    assert [each.passes for each in await send(quotas, token, 4)] == [True] * 3 + [False]


async def test_the_hour_has_its_own_window(in_redis: redis_client.Redis, quotas: Quotas) -> None:
    token = uuid.uuid4()
    await send(quotas, token, 5)
    age(in_redis, token, 61)
    verdicts = await send(quotas, token, 4)
    assert [each.passes for each in verdicts] == [True] * 3 + [False]
    assert 3400 < verdicts[-1].wait <= 3539
    age(in_redis, token, 3540)
    assert [each.passes for each in await send(quotas, token, 6)] == [True] * 5 + [False]


async def test_who_asks_at_the_same_moment_is_counted_together(in_redis: redis_client.Redis, quotas: Quotas) -> None:
    tokens = [uuid.uuid4(), uuid.uuid4()]
    verdicts = await asyncio.gather(*(quotas.spend(token, SMALL) for _ in range(20) for token in tokens))
    for place in range(2):
        own = verdicts[place::2]
        assert [each.passes for each in own] == [True] * 5 + [False] * 15
        assert [each.left[0] for each in own[:5]] == [4, 3, 2, 1, 0]


async def test_processes_share_one_count(in_redis: redis_client.Redis, quotas: Quotas, redis_url: str) -> None:
    token, other = uuid.uuid4(), Quotas(redis_url)
    assert all(each.passes for each in await send(quotas, token, 3))
    assert [each.passes for each in await send(other, token, 3)] == [True, True, False]
    await other.stop()


async def test_who_goes_on_sending_is_kept_out_twice_as_long_each_time(
    in_redis: redis_client.Redis, quotas: Quotas
) -> None:
    token, quota = uuid.uuid4(), Quota(per_minute=1, per_hour=1000)
    waits = []
    for _ in range(3):
        await send(quotas, token, 2, quota)
        age(in_redis, token, 3)
        # A few refusals are nobody's fault: they were on their way.
        assert all(each.wait <= 60 for each in await send(quotas, token, 19, quota))
        waits.append((await send(quotas, token, 1, quota))[0].wait)
        [banned] = await send(quotas, token, 1, quota)
        assert not banned.passes
        assert waits[-1] - 20 < banned.wait <= waits[-1]
        age(in_redis, token, waits[-1])
        assert (await send(quotas, token, 1, quota))[0].passes
        age(in_redis, token, 60)
    assert [round(wait) for wait in waits] == [60, 120, 240]


async def test_a_burst_that_could_not_know_better_is_no_offence(in_redis: redis_client.Redis, quotas: Quotas) -> None:
    token, quota = uuid.uuid4(), Quota(per_minute=1, per_hour=1000)
    verdicts = await asyncio.gather(*(quotas.spend(token, quota) for _ in range(500)))
    assert sum(each.passes for each in verdicts) == 1
    assert all(each.wait <= 60 for each in verdicts)
    age(in_redis, token, 60)
    assert (await send(quotas, token, 1, quota))[0].passes


async def test_what_redis_forgets_begins_anew(in_redis: redis_client.Redis, quotas: Quotas) -> None:
    token = uuid.uuid4()
    await send(quotas, token, 5)
    in_redis.flushall()
    assert (await send(quotas, token, 1))[0].passes


@pytest.mark.parametrize("hangs", [False, True])
async def test_without_redis_each_process_counts_for_itself(hangs: bool) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        port = server.getsockname()[1]
        if not hangs:
            server.close()
        quotas = Quotas(f"redis://127.0.0.1:{port}/0")
        began = time.monotonic()
        verdicts = await send(quotas, uuid.uuid4(), 6)
        assert time.monotonic() - began < 2
        await quotas.stop()
    assert [each.passes for each in verdicts] == [True] * 5 + [False]
    assert 50 < verdicts[-1].wait <= 60


async def test_whatever_happens_to_redis_everybody_gets_an_answer(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks_off(*_: object) -> None:
        # What uvloop says of a connection that was closed under its hands.
        raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")

    monkeypatch.setattr("redis.asyncio.client.Pipeline.execute", breaks_off)
    quotas = Quotas(redis_url)
    async with asyncio.timeout(30):
        verdicts = await send(quotas, uuid.uuid4(), 6)
    assert [each.passes for each in verdicts] == [True] * 5 + [False]
    await quotas.stop()


async def test_redis_is_asked_again_when_it_is_back(redis_url: str, in_redis: redis_client.Redis) -> None:
    token, quotas = uuid.uuid4(), Quotas(redis_url)
    await send(quotas, token, 5)
    quotas._redis_again_at = time.monotonic() + 0.2
    assert not (await send(quotas, token, 1))[0].passes
    in_redis.flushall()
    await asyncio.sleep(0.25)
    assert (await send(quotas, token, 1))[0].passes, "Redis knows of nothing"
    await quotas.stop()


def test_the_headers_tell_both_windows_and_the_tighter_one() -> None:
    free = Verdict(Quota(), True, 0.0, (199, 4000), (59.2, 12.0)).headers()
    assert free["ratelimit-policy"] == '"minute";q=200;w=60, "hour";q=5000;w=3600'
    assert free["ratelimit"] == '"minute";r=199;t=60, "hour";r=4000;t=12'
    assert [free[f"ratelimit-{name}"] for name in ("limit", "remaining", "reset")] == ["200", "199", "60"]
    assert "retry-after" not in free
    full = Verdict(Quota(), False, 1799.01, (150, 0), (60.0, 1799.01)).headers()
    assert [full[f"ratelimit-{name}"] for name in ("limit", "remaining", "reset")] == ["5000", "0", "1800"]
    assert full["retry-after"] == "1800"


# Quarters of a second add up without rounding.
PAUSES = st.integers(0, 8000).map(lambda quarters: quarters / 4)


@given(st.lists(st.tuples(PAUSES, st.integers(1, 7)), max_size=30))
def test_the_processes_own_windows_never_let_too_many_in(steps: list[tuple[float, int]]) -> None:
    now, let_in, windows, token = 0.0, list[float](), LocalWindows(), uuid.uuid4()
    for pause, asked in steps:
        now += pause
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module.time, "monotonic", lambda now=now: now)
            granted, wait, *_ = windows.spend(token, SMALL, asked)
        in_minute = sum(each > now - 60 for each in let_in)
        in_hour = sum(each > now - 3600 for each in let_in)
        assert granted == max(0, min(asked, 5 - in_minute, 8 - in_hour))
        assert (wait > 0) == (granted < asked)
        let_in += [now] * int(granted)
