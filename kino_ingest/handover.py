"""What the doors do with an event that is in order: hand it to the committer, and keep what contradicts another."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from kino_core.database import DatabaseUnavailable
from kino_core.errors import Conflict
from kino_core.events import Event
from kino_ingest.committer import Committer
from kino_ingest.landing import Outcome
from kino_ingest.limits import Limits
from kino_ingest.lookups import Lookups

T = TypeVar("T")


class Handover:
    """The way from a door into the log, for both doors alike."""

    def __init__(self, limits: Limits, committer: Committer, lookups: Lookups) -> None:
        self._limits = limits
        self._committer = committer
        self._lookups = lookups

    async def parsed(self, parse: Callable[[bytes], T], raw: bytes) -> T:
        """Return what `parse` makes of `raw`, in a thread where that takes long."""
        return await asyncio.to_thread(parse, raw) if len(raw) > self._limits.large_body_bytes else parse(raw)

    async def land(self, event: Event, *, event_id: str, request_id: str, waited: float) -> Outcome:
        """Return what became of `event` once it is durable; its sender knows it as `event_id`.

        `waited` is how many seconds PostgreSQL has taken for this request so far. Raises DatabaseUnavailable when what
        is left of the time does not do, and Conflict when another event has the same id; both are kept.
        """
        left = self._limits.database_seconds - waited
        if left <= 0:
            raise DatabaseUnavailable("PostgreSQL does not answer. Send it again in a moment.")
        outcome = await self._committer.land(event, left)
        if outcome is Outcome.CONFLICT:
            await self._lookups.note_conflicts([event], request_id)
            raise Conflict("Another event with this id and other content is here already.", event_id=event_id)
        return outcome
