"""Answers that are worth keeping in Redis for some minutes, each under the versions of all that it was made from.

Whoever changes something gives it a new version after the commit, so that what was made before is never looked at
again; nothing is searched for or deleted. Redis is asked for a tenth of a second at most, and left alone for a second
after it did not answer: everything works without it. Only content is kept, never whether somebody may see it.
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError
from redis import Redis, RedisError

from kino_core.cache_versions import VERSION_SECONDS, new_version, renew, version_key
from kino_core.live import PORTFOLIO, connect_publisher, project_topic
from kino_core.staleness import stale_seconds

REST_SECONDS = 1.0
"""How long Redis is left alone after it did not answer."""
LOCK_MILLISECONDS = 2_000
"""How long one process may work an answer out before another does so too."""
WAIT_SECONDS = 0.02
MOST_WAITS = 10

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Cache:
    """Answers shared by all processes; without Redis every answer is worked out."""

    def __init__(self, redis_url: str | None, ttl_seconds: int) -> None:
        self._redis = connect_publisher(redis_url) if redis_url else None
        # What outlives its version could be taken for current under the next one.
        self._ttl_seconds = min(ttl_seconds, VERSION_SECONDS)
        self._rests_until = float("-inf")
        self._lock = threading.Lock()
        self._working: dict[str, threading.Lock] = {}

    def get(self, key: str, topics: Sequence[str], shape: TypeAdapter[T], work_out: Callable[[], T]) -> T:
        """Return the answer to `key`, worked out where it is not known for the current versions of `topics`.

        `key` must hold all else that the answer depends on, who may see what included. Many who ask at the same time
        wait for one who works it out. `work_out` must read what is committed, not a copy that is behind.
        """
        place = self._place(key, topics)
        if place is None:
            return work_out()
        found = self._find(place, shape)
        if found is not None:
            return found
        with self._one_at_a_time(place):
            found = self._find(place, shape)
            return found if found is not None else self._worked_out(place, shape, work_out)

    def forget(self, projects: Iterable[uuid.UUID | None]) -> None:
        """Have nothing that is kept of these projects, or of the portfolio, be looked at again; None names no project.

        Call it after the commit. The worker does the same again when it folds the change.
        """
        changed = set(projects)
        if changed and self._redis is not None and not self._rests():
            topics = [PORTFOLIO, *(project_topic(each) for each in changed if each is not None)]
            if not renew(self._redis, topics):
                self._failed("versions could not be renewed")

    def close(self) -> None:
        """Close the connections."""
        if self._redis is not None:
            self._redis.close()

    def _place(self, key: str, topics: Sequence[str]) -> str | None:
        """Return where the answer is kept for the versions that hold before it is worked out."""
        if not topics:
            return f"kino:cache:{key}"
        versions = self._ask(lambda redis: _versions(redis, topics))
        return None if versions is None else f"kino:cache:{key}:{':'.join(versions)}"

    def _find(self, place: str, shape: TypeAdapter[T]) -> T | None:
        kept = self._ask(lambda redis: redis.get(place))
        if kept is None:
            return None
        try:
            return shape.validate_json(kept)
        except ValidationError:
            # Another version of Kino kept it in another shape.
            return None

    def _worked_out(self, place: str, shape: TypeAdapter[T], work_out: Callable[[], T]) -> T:
        lock = f"{place}:lock"
        holds = self._ask(lambda redis: redis.set(lock, b"1", nx=True, px=LOCK_MILLISECONDS))
        for _ in range(0 if holds else MOST_WAITS):
            # Another process is at it, or Redis has gone.
            if self._rests():
                break
            time.sleep(WAIT_SECONDS)
            if (found := self._find(place, shape)) is not None:
                return found
        made = work_out()
        # What stands in while the server is away is shown and not kept.
        if stale_seconds() is None:
            content = shape.dump_json(made)
            self._ask(lambda redis: redis.set(place, content, ex=self._ttl_seconds))
        if holds:
            self._ask(lambda redis: redis.delete(lock))
        return made

    @contextmanager
    def _one_at_a_time(self, place: str) -> Iterator[None]:
        with self._lock:
            working = self._working.setdefault(place, threading.Lock())
        try:
            with working:
                yield
        finally:
            with self._lock:
                self._working.pop(place, None)

    def _ask(self, question: Callable[[Redis], T]) -> T | None:
        """Return what Redis answers, None while it is away."""
        if self._redis is None or self._rests():
            return None
        try:
            return question(self._redis)
        except (RedisError, OSError) as error:
            self._failed(str(error))
            return None

    def _rests(self) -> bool:
        return time.monotonic() < self._rests_until

    def _failed(self, error: str) -> None:
        self._rests_until = time.monotonic() + REST_SECONDS
        log.warning("Redis is away: nothing is cached", error=error)


def _versions(redis: Redis, topics: Sequence[str]) -> list[str]:
    """Return the version of each topic; one that has none gets one that everybody uses from then on."""
    names = [version_key(topic) for topic in topics]
    found: list[Any] = redis.mget(names)
    if None in found:
        for name in names:
            redis.set(name, new_version(), nx=True, ex=VERSION_SECONDS)
        found = redis.mget(names)
    return [str(version) for version in found]
