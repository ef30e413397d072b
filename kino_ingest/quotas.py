"""How much one token may send: 200 requests a minute and 5,000 an hour, unless the token says otherwise.

Redis counts for all processes together; everybody who asks while an answer is on its way shares the next question.
While Redis is away each process counts for itself: quotas protect Kino, they are no reason to lose an event.
"""

import asyncio
import contextlib
import math
import time
import uuid
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import takewhile

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from kino_core.errors import Category, KinoError

REDIS_SECONDS = 0.05
"""How long an answer of Redis may take, in all."""
PAUSE_SECONDS = 1.0
"""How long Redis is left alone after it failed to answer."""
MINUTE, HOUR = 60.0, 3600.0
MOST_LOCAL_TOKENS = 10_000
_LIMITER = files("kino_ingest").joinpath("quota.lua").read_text("utf-8")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Quota:
    """Requests that a token may send; a batch is one request."""

    per_minute: int = 200
    per_hour: int = 5_000


@dataclass(frozen=True)
class Verdict:
    """Whether a request may pass, and where its token stands; times in seconds."""

    quota: Quota
    passes: bool
    wait: float
    left_minute: int
    back_minute: float
    left_hour: int
    back_hour: float

    def headers(self) -> dict[str, str]:
        """Return the headers that tell the sender: RateLimit, its policy, and the older three of the tighter window."""
        quota = self.quota
        minute_is_tighter = self.left_minute <= self.left_hour
        left, back = (self.left_minute, self.back_minute) if minute_is_tighter else (self.left_hour, self.back_hour)
        told = {
            "ratelimit-policy": f'"minute";q={quota.per_minute};w=60, "hour";q={quota.per_hour};w=3600',
            "ratelimit": f'"minute";r={self.left_minute};t={math.ceil(self.back_minute)}, '
            f'"hour";r={self.left_hour};t={math.ceil(self.back_hour)}',
            "ratelimit-limit": str(quota.per_minute if minute_is_tighter else quota.per_hour),
            "ratelimit-remaining": str(left),
            "ratelimit-reset": str(math.ceil(back)),
        }
        return told if self.passes else told | {"retry-after": str(max(1, math.ceil(self.wait)))}


class QuotaExceeded(KinoError):
    """The token has sent as much as it may; Retry-After says when it may go on."""

    category = Category.RATE_LIMIT
    code = "RATE_LIMITED"
    retryable = True


@dataclass
class _Asking:
    quota: Quota
    waiting: list["asyncio.Future[Verdict]"] = field(default_factory=list)


class Quotas:
    """Counts what tokens send, for one event loop. Without `redis_url` each process counts for itself."""

    def __init__(self, redis_url: str | None) -> None:
        self._redis = (
            Redis.from_url(
                redis_url,
                socket_timeout=REDIS_SECONDS,
                socket_connect_timeout=REDIS_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
            if redis_url
            else None
        )
        self._local = LocalWindows()
        self._asking: dict[uuid.UUID, _Asking] = {}
        self._asker: asyncio.Task[None] | None = None
        self._redis_again_at = 0.0

    async def stop(self) -> None:
        """Answer who still asks and close the connection."""
        if self._asker is not None:
            await self._asker
        if self._redis is not None:
            with contextlib.suppress(RedisError, OSError):
                await self._redis.aclose()

    async def spend(self, token_id: uuid.UUID, quota: Quota) -> Verdict:
        """Count one request of a token and return whether it may pass; never fails, never takes long."""
        verdict: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._asking.setdefault(token_id, _Asking(quota)).waiting.append(verdict)
        if self._asker is None or self._asker.done():
            self._asker = asyncio.create_task(self._ask_for_all(), name="quotas")
        return await verdict

    async def _ask_for_all(self) -> None:
        while self._asking:
            asking, self._asking = self._asking, {}
            answers = await self._ask_redis(asking)
            for place, (token_id, asked) in enumerate(asking.items()):
                number = len(asked.waiting)
                answer = answers[place] if answers else self._local.spend(token_id, asked.quota, number)
                _tell(asked, answer)

    async def _ask_redis(self, asking: dict[uuid.UUID, _Asking]) -> "list[Sequence[float]] | None":
        if self._redis is None or time.monotonic() < self._redis_again_at:
            return None
        try:
            pipeline = self._redis.pipeline(transaction=False)
            for token_id, asked in asking.items():
                name = f"kino:quota:{{{token_id}}}"
                quota = asked.quota
                pipeline.eval(
                    _LIMITER, 2, name, f"{name}:refusals", len(asked.waiting), quota.per_minute, quota.per_hour
                )
            async with asyncio.timeout(REDIS_SECONDS):
                answers = [_in_seconds(answer) for answer in await pipeline.execute()]
        except Exception as error:
            # Whatever it is (a connection that breaks off while it is written to is a mere RuntimeError): whoever asks
            # must get an answer.
            if not self._redis_again_at:
                log.warning("Redis is away: each process counts quotas for itself", error=str(error))
            self._redis_again_at = time.monotonic() + PAUSE_SECONDS
            return None
        if self._redis_again_at:
            log.info("Redis counts quotas again")
            self._redis_again_at = 0.0
        return answers


class LocalWindows:
    """The same two sliding windows in this process's memory, under its monotonic clock."""

    def __init__(self) -> None:
        self._times: dict[uuid.UUID, deque[float]] = {}

    def spend(self, token_id: uuid.UUID, quota: Quota, asked: int) -> tuple[float, ...]:
        """Return what `quota.lua` answers, in seconds."""
        now = time.monotonic()
        if token_id not in self._times and len(self._times) >= MOST_LOCAL_TOKENS:
            self._times = {each: times for each, times in self._times.items() if times[-1] > now - HOUR}
        times = self._times.setdefault(token_id, deque())
        while times and times[0] <= now - HOUR:
            times.popleft()
        in_minute = sum(1 for _ in takewhile(lambda each: each > now - MINUTE, reversed(times)))
        granted = max(0, min(asked, quota.per_minute - in_minute, quota.per_hour - len(times)))
        times.extend([now] * granted)
        in_minute += granted
        left_minute, left_hour = quota.per_minute - in_minute, quota.per_hour - len(times)
        back_minute = times[len(times) - in_minute] + MINUTE - now if in_minute else 0.0
        back_hour = times[0] + HOUR - now if times else 0.0
        wait = 0.0
        if granted < asked:
            wait = max(back_minute if left_minute <= 0 else 0.0, back_hour if left_hour <= 0 else 0.0)
        return granted, wait, left_minute, back_minute, left_hour, back_hour


def _in_seconds(answer: Sequence[int]) -> Sequence[float]:
    granted, wait, left_minute, back_minute, left_hour, back_hour = answer
    return granted, wait / 1e6, left_minute, back_minute / 1e6, left_hour, back_hour / 1e6


def _tell(asked: _Asking, answer: Sequence[float]) -> None:
    granted, wait, left_minute, back_minute, left_hour, back_hour = answer
    for place, each in enumerate(asked.waiting):
        # Those let in together left one less behind each; the last of them leaves what Redis counted.
        behind = max(0, int(granted) - place - 1)
        if not each.done():
            each.set_result(
                Verdict(
                    asked.quota,
                    place < granted,
                    wait,
                    int(left_minute) + behind,
                    back_minute,
                    int(left_hour) + behind,
                    back_hour,
                )
            )
