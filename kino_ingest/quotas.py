"""How much one token or one user may send, in sliding windows: a token 200 requests a minute and 5,000 an hour.

Redis counts for all processes together; everybody who asks while an answer is on its way shares the next question.
While Redis is away each process counts for itself: quotas protect Kino, they are no reason to lose an event.
"""

import asyncio
import contextlib
import math
import time
import uuid
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files

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
MINUTE, HOUR, DAY = 60, 3_600, 86_400
MOST_LOCAL_SENDERS = 10_000
_LIMITER = files("kino_ingest").joinpath("quota.lua").read_text("utf-8")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Window:
    """So many requests in so many seconds."""

    name: str
    seconds: int
    limit: int


@dataclass(frozen=True)
class Quota:
    """Requests that one sender may make; a batch is one request. `per_day` is None where only the others count."""

    per_minute: int = 200
    per_hour: int = 5_000
    per_day: int | None = None

    @property
    def windows(self) -> tuple[Window, ...]:
        """Return the windows, the longest last."""
        minute, hour = Window("minute", MINUTE, self.per_minute), Window("hour", HOUR, self.per_hour)
        return (minute, hour) if self.per_day is None else (minute, hour, Window("day", DAY, self.per_day))


@dataclass(frozen=True)
class Verdict:
    """Whether a request may pass, and where its sender stands.

    `left` and `back` have an entry for each window: requests left, and seconds until one comes back.
    """

    quota: Quota
    passes: bool
    wait: float
    left: tuple[int, ...]
    back: tuple[float, ...]

    def headers(self) -> dict[str, str]:
        """Return the headers that tell the sender: RateLimit, its policy, and the older three of the tightest one."""
        windows = self.quota.windows
        tightest = min(range(len(windows)), key=self.left.__getitem__)
        standing = zip(windows, self.left, self.back, strict=True)
        told = {
            "ratelimit-policy": ", ".join(f'"{each.name}";q={each.limit};w={each.seconds}' for each in windows),
            "ratelimit": ", ".join(f'"{each.name}";r={left};t={math.ceil(back)}' for each, left, back in standing),
            "ratelimit-limit": str(windows[tightest].limit),
            "ratelimit-remaining": str(self.left[tightest]),
            "ratelimit-reset": str(math.ceil(self.back[tightest])),
        }
        return told if self.passes else told | {"retry-after": str(max(1, math.ceil(self.wait)))}


class QuotaExceeded(KinoError):
    """The sender has sent as much as it may; Retry-After says when it may go on."""

    category = Category.RATE_LIMIT
    code = "RATE_LIMITED"
    retryable = True


@dataclass
class _Asking:
    quota: Quota
    waiting: list["asyncio.Future[Verdict]"] = field(default_factory=list)


class Quotas:
    """Counts what tokens or users send, for one event loop. Without `redis_url` each process counts for itself."""

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

    async def spend(self, sender: uuid.UUID, quota: Quota) -> Verdict:
        """Count one request of a token or user and return whether it may pass; never fails, never takes long."""
        verdict: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._asking.setdefault(sender, _Asking(quota)).waiting.append(verdict)
        if self._asker is None or self._asker.done():
            self._asker = asyncio.create_task(self._ask_for_all(), name="quotas")
        return await verdict

    async def _ask_for_all(self) -> None:
        while self._asking:
            asking, self._asking = self._asking, {}
            answers = await self._ask_redis(asking)
            for place, (sender, asked) in enumerate(asking.items()):
                if answers:
                    answer = answers[place]
                    # Should Redis be silent next, this process goes on from what it has let pass.
                    self._local.add(sender, asked.quota, int(answer[0]))
                else:
                    answer = self._local.spend(sender, asked.quota, len(asked.waiting))
                _tell(asked, answer)

    async def _ask_redis(self, asking: dict[uuid.UUID, _Asking]) -> "list[Sequence[float]] | None":
        if self._redis is None or time.monotonic() < self._redis_again_at:
            return None
        try:
            pipeline = self._redis.pipeline(transaction=False)
            for sender, asked in asking.items():
                name = f"kino:quota:{{{sender}}}"
                windows = [number for each in asked.quota.windows for number in (each.seconds, each.limit)]
                pipeline.eval(_LIMITER, 2, name, f"{name}:refusals", len(asked.waiting), *windows)
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
    """The same sliding windows in this process's memory, under its monotonic clock."""

    def __init__(self) -> None:
        self._times: dict[uuid.UUID, list[float]] = {}

    def spend(self, sender: uuid.UUID, quota: Quota, asked: int) -> Sequence[float]:
        """Return what `quota.lua` answers, in seconds."""
        now, windows = time.monotonic(), quota.windows
        times = self._recent(sender, quota, now)
        starts = [bisect_right(times, now - each.seconds) for each in windows]
        room = min(each.limit - (len(times) - start) for each, start in zip(windows, starts, strict=True))
        granted = max(0, min(asked, room))
        times.extend([now] * granted)
        answer, wait = list[float](), 0.0
        for each, start in zip(windows, starts, strict=True):
            left = each.limit - (len(times) - start)
            back = times[start + max(0, -left)] + each.seconds - now if start < len(times) else 0.0
            if granted < asked and left <= 0:
                wait = max(wait, back)
            answer += [max(0, left), back]
        return [granted, wait, *answer]

    def add(self, sender: uuid.UUID, quota: Quota, granted: int) -> None:
        """Count requests that Redis let pass."""
        now = time.monotonic()
        self._recent(sender, quota, now).extend([now] * granted)

    def _recent(self, sender: uuid.UUID, quota: Quota, now: float) -> list[float]:
        if sender not in self._times and len(self._times) >= MOST_LOCAL_SENDERS:
            self._times = {each: times for each, times in self._times.items() if times and times[-1] > now - HOUR}
        times = self._times.setdefault(sender, [])
        del times[: bisect_right(times, now - quota.windows[-1].seconds)]
        return times


def _in_seconds(answer: Sequence[int]) -> Sequence[float]:
    granted, wait, *standing = answer
    return [granted, wait / 1e6, *(each / 1e6 if place % 2 else each for place, each in enumerate(standing))]


def _tell(asked: _Asking, answer: Sequence[float]) -> None:
    granted, wait, *standing = answer
    for place, each in enumerate(asked.waiting):
        # Those let in together left one less behind each; the last of them leaves what Redis counted.
        behind = max(0, int(granted) - place - 1)
        if not each.done():
            left = tuple(int(number) + behind for number in standing[::2])
            each.set_result(Verdict(asked.quota, place < granted, wait, left, tuple(standing[1::2])))
