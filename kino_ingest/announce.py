"""What the open pages are told after a fold: each change, or how many where there are too many to read.

What is cached of the same projects is forgotten.
"""

import time
import uuid
from collections.abc import Iterable

from redis import Redis

from kino_core.cache_versions import renew
from kino_core.live import PORTFOLIO, LiveKind, LiveMessage, project_topic, publish
from kino_ingest.fold.facts import Change

MOST_MESSAGES = 50
"""Changes of one kind in one project that are told one by one; a backfill is told as a number."""

REST_SECONDS = 1.0
"""How long nothing is told after Redis gave no answer, so that the fold waits for it once in that time at most."""


class Announcer:
    """Tells the open pages, as long as Redis answers. What was not told they read for themselves."""

    def __init__(self, redis: Redis | None, rest_seconds: float = REST_SECONDS) -> None:
        self._redis = redis
        self._rest_seconds = rest_seconds
        self._resting_until = float("-inf")

    def tell(self, changes: Iterable[Change]) -> bool:
        """Tell of `changes`; returns False where nobody heard."""
        if self._redis is None or time.monotonic() < self._resting_until:
            return False
        told = publish(self._redis, announcements(changes))
        if not told:
            self._resting_until = time.monotonic() + self._rest_seconds
        return told

    def forget(self, projects: Iterable[uuid.UUID]) -> None:
        """Have nothing that is cached of these projects, or of the portfolio, be looked at again."""
        topics = [project_topic(each) for each in projects]
        if not topics or self._redis is None or time.monotonic() < self._resting_until:
            return
        if not renew(self._redis, [*topics, PORTFOLIO]):
            self._resting_until = time.monotonic() + self._rest_seconds


def announcements(changes: Iterable[Change]) -> list[LiveMessage]:
    """Return the messages for `changes`, in their order; what belongs to no project interests no page yet."""
    groups: dict[tuple[uuid.UUID, LiveKind], list[Change]] = {}
    for change in changes:
        if change.project_id is not None:
            groups.setdefault((change.project_id, change.kind), []).append(change)
    messages: list[LiveMessage] = []
    for (project_id, kind), group in groups.items():
        topics = [project_topic(project_id), PORTFOLIO]
        items = [change.item for change in group] if len(group) <= MOST_MESSAGES else [{"count": len(group)}]
        messages.extend(LiveMessage(topics, kind, item) for item in items)
    return messages
