"""What the doors ask PostgreSQL before they let an event in: whose token, which project's repository.

Answers are kept for a second at most, so a revoked token works no longer than that.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from kino_core.database import DatabaseUnavailable
from kino_core.envelopes import KeyRing, UnreadableSecret, UnusableKeyRing
from kino_core.events import Event, content_hash, repository_id
from kino_core.sealed_secrets import WEBHOOK_SECRET
from kino_core.security import hash_secret
from kino_ingest.connections import connection_pool
from kino_ingest.quotas import Quota
from kino_ingest.sql import read_sql

KEPT_SECONDS = 1.0
MOST_KEPT = 10_000
USED_EVERY_SECONDS = 5.0
POOL_SIZE = 3

V = TypeVar("V")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class KnownToken:
    """A token that exists and is neither revoked nor expired.

    `agent_type` is what it was made for, if anything. Whoever `signs` must sign with one of the `secrets` valid now.
    """

    id: uuid.UUID
    project_id: uuid.UUID
    agent_type: str | None
    quota: Quota
    signs: bool
    secrets: tuple[str, ...]


@dataclass(frozen=True)
class KnownRepository:
    """What is known of a repository: the project that has connected it, and the secrets of its own webhook."""

    project_id: uuid.UUID | None = None
    signs: bool = False
    secrets: tuple[str, ...] = ()


class Lookups:
    """Answers about tokens and repositories, for one event loop."""

    def __init__(self, database_url: str, ring: KeyRing) -> None:
        self._pool = connection_pool(database_url, size=POOL_SIZE, wait_seconds=KEPT_SECONDS)
        self._ring = ring
        self._tokens: _Kept[KnownToken | None] = _Kept()
        self._repositories: _Kept[KnownRepository] = _Kept()
        self._probes: _Kept[None] = _Kept()
        self._used: set[uuid.UUID] = set()
        self._noting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the pool; PostgreSQL need not be there yet."""
        await self._pool.open(wait=False)
        self._noting = asyncio.create_task(self._note_used_for_ever(), name="tokens used")

    async def stop(self) -> None:
        """Write down which tokens were used, and close the pool."""
        if self._noting is not None:
            self._noting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._noting
        await self._note_used()
        await self._pool.close()

    async def token(self, text: str, seconds: float) -> KnownToken | None:
        """Return the token, None where there is none or it is revoked.

        Raises DatabaseUnavailable after `seconds`, and UnreadableSecret for one whose secrets do not open: nobody can
        tell then whether what it sends is signed.
        """
        token_hash = hash_secret(text)
        return await self._tokens.get(token_hash, lambda: self._find_token(token_hash), seconds)

    async def repository(
        self, full_name: str, seconds: float, *, kept_seconds: float = KEPT_SECONDS
    ) -> KnownRepository:
        """Return what is known of a repository by its `owner/name`, at most `kept_seconds` old.

        Raises what `token` raises.
        """
        key = repository_id(full_name)
        return await self._repositories.get(key, lambda: self._find_repository(key), seconds, kept_seconds)

    async def database_answers(self, seconds: float) -> bool:
        """Return whether PostgreSQL answers within `seconds`, or did a moment ago."""
        try:
            await self._probes.get("probe", self._probe, seconds)
        except DatabaseUnavailable:
            return False
        return True

    def note_used(self, token_id: uuid.UUID) -> None:
        """Remember that a token was used; it is written down within seconds, not now."""
        self._used.add(token_id)

    async def note_conflicts(self, events: Sequence[Event], request_id: str) -> None:
        """Keep events that contradict others under the same ids, if PostgreSQL answers."""
        values = {
            "sources": [event.source.value for event in events],
            "event_ids": [event.event_id for event in events],
            "body_hashes": [content_hash(event.body) for event in events],
            "token_ids": [event.token_id for event in events],
            "raws": [event.raw for event in events],
            "request_id": request_id,
        }
        try:
            async with self._pool.connection() as connection:
                await connection.execute(read_sql("conflict_put"), values)
        except (psycopg.OperationalError, PoolTimeout) as error:
            log.warning("conflicts could not be kept", conflicts=len(events), error=str(error))

    async def _find_token(self, token_hash: bytes) -> KnownToken | None:
        row = await self._one("token_by_hash", {"token_hash": token_hash})
        if row is None:
            return None
        token_id, project_id, agent_type, per_minute, per_hour, signs, secrets = row
        usual = Quota()
        quota = Quota(per_minute or usual.per_minute, per_hour or usual.per_hour)
        return KnownToken(token_id, project_id, agent_type, quota, signs, self._opened(secrets))

    async def _find_repository(self, key: uuid.UUID) -> KnownRepository:
        row = await self._one("repository_known", {"repository_id": key})
        return KnownRepository(row[0], row[1], self._opened(row[2])) if row else KnownRepository()

    def _opened(self, stored: dict[str, str]) -> tuple[str, ...]:
        try:
            return tuple(self._ring.open(text, WEBHOOK_SECRET.place(uuid.UUID(key))) for key, text in stored.items())
        except (UnreadableSecret, UnusableKeyRing) as error:
            log.error("a signing secret cannot be opened: see `kino doctor`", error=error.message)
            raise UnreadableSecret(
                "The secret that this must be signed with cannot be opened here. Send it again once that is mended."
            ) from error

    async def _probe(self) -> None:
        await self._one("probe", {})

    async def _one(self, statement: str, values: dict[str, Any]) -> tuple[Any, ...] | None:
        try:
            async with self._pool.connection() as connection:
                return await (await connection.execute(read_sql(statement), values)).fetchone()
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise DatabaseUnavailable("PostgreSQL does not answer. Send it again in a moment.") from error

    async def _note_used_for_ever(self) -> None:
        while True:
            await asyncio.sleep(USED_EVERY_SECONDS)
            await asyncio.shield(asyncio.ensure_future(self._note_used()))

    async def _note_used(self) -> None:
        used, self._used = self._used, set()
        if not used:
            return
        try:
            async with self._pool.connection() as connection:
                await connection.execute(read_sql("tokens_used"), {"ids": sorted(used)})
        except (psycopg.OperationalError, PoolTimeout):
            self._used |= used


class _Kept(Generic[V]):
    """Answers by key, kept for KEPT_SECONDS; everybody who asks for a key at the same time waits for one query."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, tuple[float, asyncio.Task[V]]] = {}

    async def get(
        self, key: Hashable, ask: Callable[[], Awaitable[V]], seconds: float, kept_seconds: float = KEPT_SECONDS
    ) -> V:
        """Return the answer for `key`, at most `kept_seconds` old; raises DatabaseUnavailable after `seconds`."""
        now = time.monotonic()
        asked_at, task = self._answers.get(key, (0.0, None))
        if task is None or (task.done() and (now - asked_at > kept_seconds or _failed(task))):
            if len(self._answers) >= MOST_KEPT:
                self._forget_old(now)
            task = asyncio.ensure_future(ask())
            # Everybody who asked may have given up by then; the error was theirs and is nobody's loss.
            task.add_done_callback(_failed)
            self._answers[key] = (now, task)
        if task.done():
            return task.result()
        # The query itself is never cancelled: a task that holds a connection must come to its end.
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            raise DatabaseUnavailable("PostgreSQL does not answer. Send it again in a moment.")
        return task.result()

    def _forget_old(self, now: float) -> None:
        self._answers = {
            key: (asked_at, task)
            for key, (asked_at, task) in self._answers.items()
            if now - asked_at <= KEPT_SECONDS or not task.done()
        }


def _failed(task: "asyncio.Task[Any]") -> bool:
    return task.cancelled() or task.exception() is not None
