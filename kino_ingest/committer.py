"""Group commit: every event that waits at the same moment becomes durable with the same commit.

One task owns one connection. It takes what is waiting, lands it with one statement that is its own transaction, and
answers everybody. There is no timer: a lone event commits at once, and while one commit is under way the next
batch gathers.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg
import structlog

from kino_core.database import DatabaseUnavailable
from kino_core.errors import InvalidInput, Unavailable
from kino_core.events import Event
from kino_ingest.connections import connect
from kino_ingest.landing import Batch, Outcome
from kino_ingest.sql import read_sql

MOST_IN_BATCH = 256
MOST_BATCH_BYTES = 32 * 1024 * 1024
MOST_WAITING = 10_000
MOST_WAITING_BYTES = 128 * 1024 * 1024
LARGE_BATCH_BYTES = 512 * 1024
"""From here on the JSON of a batch is written in a thread, so that the event loop goes on."""
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 0.5
# Classes of SQLSTATE that say something about a row, not about the server: data, integrity, size limits.
_ROWS_FAULT = ("22", "23", "54")

log = structlog.get_logger(__name__)


class QueueFull(Unavailable):
    """More events wait than may wait."""

    code = "QUEUE_FULL"


class RefusedRow(InvalidInput):
    """PostgreSQL cannot store this event, whatever its neighbours are."""

    code = "EVENT_NOT_STORABLE"


@dataclass(eq=False)
class _Waiting:
    event: Event
    outcome: "asyncio.Future[Outcome]"
    in_doubt: bool = False
    """A commit of this event got no reply: it may have landed."""
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = len(self.event.raw)


class Committer:
    """Lands events for the doors; start it with `start`, and `stop` waits until nothing is left."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._some = asyncio.Event()
        self._stopping = False
        self._connection: psycopg.AsyncConnection | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to commit; needs a running event loop."""
        self._task = asyncio.create_task(self._run(), name="committer")

    async def stop(self) -> None:
        """Commit what still waits, as long as somebody waits for it, and close the connection."""
        self._stopping = True
        self._some.set()
        if self._task is not None:
            await self._task
        await self._disconnect()

    async def land(self, event: Event, seconds: float) -> Outcome:
        """Return what became of `event` once it is durable.

        Raises RefusedRow, QueueFull, or DatabaseUnavailable after `seconds`; the event may land all the same, and
        sending it again then answers that it is a duplicate.
        """
        if len(self._waiting) >= MOST_WAITING or self._bytes >= MOST_WAITING_BYTES or self._stopping:
            raise QueueFull("More events are waiting than Kino can hold. Send it again in a moment.")
        waiting = _Waiting(event, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._bytes += waiting.size
        self._some.set()
        # The future is only a place for the answer: giving up on it touches no connection.
        await asyncio.wait({waiting.outcome}, timeout=seconds)
        if not waiting.outcome.done():
            waiting.outcome.cancel()
            raise DatabaseUnavailable("PostgreSQL does not answer. Send it again in a moment.")
        return waiting.outcome.result()

    async def _run(self) -> None:
        while not (self._stopping and not self._waiting):
            await self._some.wait()
            self._some.clear()
            while batch := self._take():
                try:
                    await self._commit(batch)
                except Exception as error:
                    # This task is the only way in: it outlives whatever happens to one batch.
                    log.exception("a batch could not be landed")
                    for each in batch:
                        if not each.outcome.done():
                            each.outcome.set_exception(error)

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        while self._waiting and len(batch) < MOST_IN_BATCH and size < MOST_BATCH_BYTES:
            waiting = self._waiting.popleft()
            self._bytes -= waiting.size
            if not waiting.outcome.done():
                batch.append(waiting)
                size += waiting.size
        return batch

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        pause = FIRST_PAUSE_SECONDS
        while wanted := [each for each in batch if not each.outcome.done()]:
            try:
                outcomes = await self._attempt(wanted)
            except (psycopg.Error, ValueError, OverflowError) as error:
                if is_rows_fault(error):
                    await self._halve(wanted, error)
                    return
                log.warning("PostgreSQL is away", error=str(error), waiting=len(wanted) + len(self._waiting))
                await self._disconnect()
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            else:
                _answer(wanted, outcomes)
                return

    async def _attempt(self, wanted: Sequence[_Waiting]) -> list[Outcome]:
        events = [each.event for each in wanted]
        large = sum(each.size for each in wanted) >= LARGE_BATCH_BYTES
        batch = await asyncio.to_thread(Batch, events) if large else Batch(events)
        if self._connection is None:
            self._connection = await connect(self._url)
        try:
            cursor = await self._connection.execute(read_sql("land"), batch.claim)
            claimed = [(source, event_id) for source, event_id in await cursor.fetchall()]
            taken = batch.taken(claimed)
            stored = []
            if taken is not None:
                stored = await (await self._connection.execute(read_sql("claimed_hashes"), taken)).fetchall()
        except psycopg.OperationalError:
            for each in wanted:
                each.in_doubt = True
            raise
        return batch.outcomes(claimed, [(source, event_id, body_hash) for source, event_id, body_hash in stored])

    async def _halve(self, batch: Sequence[_Waiting], error: Exception) -> None:
        # One row that PostgreSQL refuses fails its whole statement: halve until it stands alone.
        if len(batch) == 1:
            log.warning("an event cannot be stored", event_id=batch[0].event.event_id, error=str(error))
            if not batch[0].outcome.done():
                batch[0].outcome.set_exception(RefusedRow("The event holds something that cannot be stored."))
            return
        middle = len(batch) // 2
        await self._commit(batch[:middle])
        await self._commit(batch[middle:])

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                await connection.close()


def _answer(batch: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
    for each, outcome in zip(batch, outcomes, strict=True):
        if each.in_doubt and outcome is Outcome.DUPLICATE:
            # The commit whose reply was lost had gone through: this is the same event, not a second one.
            outcome = Outcome.ACCEPTED
        if not each.outcome.done():
            each.outcome.set_result(outcome)


def is_rows_fault(error: BaseException | None) -> bool:
    """Tell whether PostgreSQL refuses a row for what it holds, so that its neighbours would land without it."""
    if not isinstance(error, psycopg.Error):
        return isinstance(error, ValueError | OverflowError)
    if error.sqlstate is None:
        return isinstance(error, psycopg.DataError)
    return error.sqlstate.startswith(_ROWS_FAULT)
