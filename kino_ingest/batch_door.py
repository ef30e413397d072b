"""The door through which many agent events come in at once: one a line, and an answer for every line.

Good lines land although others are bad. Parsing and landing run in threads with connections of their own, so that the
single door goes on meanwhile.
"""

import asyncio
import io
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from kino_core.database import WRITER_IDLE_TRANSACTION_MS, Database, DatabaseUnavailable
from kino_core.errors import Conflict, Forbidden, InvalidInput, KinoError, Unavailable
from kino_core.events import Event
from kino_ingest.agent_gate import AgentGate
from kino_ingest.agent_report import read_report, report_event
from kino_ingest.answers import error_envelope
from kino_ingest.bulk import MOST_CHUNK_BYTES, MOST_CHUNK_EVENTS, land_chunk
from kino_ingest.committer import QueueFull
from kino_ingest.http_request import BodyTooLarge, Request, check_declared, read_body
from kino_ingest.landing import Outcome
from kino_ingest.limits import Limits
from kino_ingest.lookups import KnownToken, Lookups
from kino_ingest.refusals import note_refusal

NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
MOST_BATCHES = 8
"""Batches that are in memory at the same time; further ones wait before their bodies are read."""
CHUNKS_AT_ONCE = 2
"""Chunks that land at the same time, each on a connection of its own, of one batch or of several."""
STATEMENT_TIMEOUT_MS = 10_000

log = structlog.get_logger(__name__)


@dataclass
class _Line:
    """A line of the body and what becomes of it; `number` counts from 1, blank lines included."""

    number: int
    raw: bytes
    event_id: str | None = None
    event: Event | None = None
    outcome: Outcome | None = None
    error: KinoError | None = None


@dataclass(frozen=True)
class _Landing:
    """A chunk on its way into the log, and the ids of its events."""

    ids: set[str | None]
    task: asyncio.Task[list[Event]]


class BatchDoor:
    """`POST /webhooks/agent-update/batch`."""

    def __init__(self, database_url: str, limits: Limits, gate: AgentGate, lookups: Lookups) -> None:
        self._database = Database(
            database_url,
            pool_max=CHUNKS_AT_ONCE,
            statement_timeout_ms=STATEMENT_TIMEOUT_MS,
            idle_transaction_ms=WRITER_IDLE_TRANSACTION_MS,
        )
        self._limits = limits
        self._gate = gate
        self._lookups = lookups
        self._batches = asyncio.Semaphore(MOST_BATCHES)
        self._connections = asyncio.Semaphore(CHUNKS_AT_ONCE)

    def close(self) -> None:
        """Let go of PostgreSQL; no batch may be under way."""
        self._database.close()

    async def take(self, request: Request) -> bytes:
        """Return the answer, a JSON object a line, once every event that it calls accepted is durable.

        Raises a KinoError for what is wrong with the whole request, and Unavailable when nothing could land.
        """
        token, _ = await self._gate.token(request)
        try:
            most = self._limits.batch_body_bytes
            packed = check_declared(request.headers, kinds=NDJSON, max_bytes=most, gzip_allowed=True)
            await self._gate.spend(token, request)
        except KinoError as error:
            note_refusal(request, error, b"", token_id=token.id)
            raise
        await self._wait_for(self._batches)
        try:
            lines = await self._lines(request, token, packed)
            await self._land_all(lines, token, request)
            _note_first_refusal(lines, token, request)
            return await asyncio.to_thread(_answer, lines, request.id)
        finally:
            self._batches.release()

    async def _lines(self, request: Request, token: KnownToken, packed: bool) -> "list[_Line]":
        raw, limits = b"", self._limits
        try:
            raw = await read_body(
                request.receive, packed=packed, max_bytes=limits.batch_body_bytes, seconds=limits.batch_body_seconds
            )
            if token.signs:
                await asyncio.to_thread(self._gate.check_signature, token, request.headers, raw)
            return await asyncio.to_thread(_split, raw, limits.batch_lines)
        except KinoError as error:
            note_refusal(request, error, raw, token_id=token.id)
            raise

    async def _wait_for(self, places: asyncio.Semaphore) -> None:
        try:
            async with asyncio.timeout(self._limits.database_seconds):
                await places.acquire()
        except TimeoutError:
            raise QueueFull("Other batches are landing. Send it again in a moment.") from None

    async def _land_all(self, lines: list[_Line], token: KnownToken, request: Request) -> None:
        """Land the lines chunk by chunk: while PostgreSQL takes some, the next ones are read."""
        chunks = await asyncio.to_thread(lambda: list(_chunks(lines)))
        reading = self._begin_reading(chunks[0], token)
        under_way: deque[_Landing] = deque()
        ended: list[Unavailable | None] = []
        for chunk, following in zip(chunks, [*chunks[1:], []], strict=True):
            await reading
            reading = self._begin_reading(following, token)
            ids = {line.event_id for line in chunk if line.event is not None}
            # The first of two lines with one id is the one that counts, so the chunk of the second waits.
            while len(under_way) == CHUNKS_AT_ONCE or any(not each.ids.isdisjoint(ids) for each in under_way):
                ended.append(await self._end(under_way.popleft(), token, request))
            if any(ended):
                break
            under_way.append(_Landing(ids, asyncio.create_task(self._landed(chunk))))
        ended += [await self._end(each, token, request) for each in under_way]
        await reading
        away = next((each for each in ended if each is not None), None)
        if away is not None and None not in ended:
            raise away
        if away is not None:
            _refuse_rest(lines, away)

    async def _end(self, landing: _Landing, token: KnownToken, request: Request) -> Unavailable | None:
        """Wait for a chunk and note what came of it; return why it could not land now, None where it did."""
        try:
            conflicts = await landing.task
        except Unavailable as error:
            return error
        self._lookups.note_used(token.id)
        if conflicts:
            await self._lookups.note_conflicts(conflicts, request.id)
        return None

    async def _landed(self, chunk: Sequence[_Line]) -> list[Event]:
        await self._wait_for(self._connections)
        landing = asyncio.create_task(asyncio.to_thread(self._land_chunk, chunk))
        # A thread that holds a connection is never cut short: whoever gives up, it goes on, and so does its place.
        landing.add_done_callback(self._give_back)
        await asyncio.wait({landing}, timeout=self._limits.batch_chunk_seconds)
        if not landing.done():
            raise DatabaseUnavailable("PostgreSQL does not answer. Send it again in a moment.")
        return landing.result()

    def _give_back(self, landing: "asyncio.Task[list[Event]]") -> None:
        self._connections.release()
        if not landing.cancelled() and landing.exception() is not None:
            log.warning("a part of a batch did not land", error=str(landing.exception()))

    def _begin_reading(self, chunk: Sequence[_Line], token: KnownToken) -> "asyncio.Task[None]":
        return asyncio.create_task(asyncio.to_thread(_read_chunk, chunk, token, self._limits))

    def _land_chunk(self, chunk: Sequence[_Line]) -> list[Event]:
        """Land a chunk's good lines and return the events that contradict others."""
        good = [line for line in chunk if line.event is not None]
        events = [line.event for line in good if line.event is not None]
        conflicts = []
        for line, outcome in zip(good, land_chunk(self._database, events) if events else (), strict=True):
            if isinstance(outcome, KinoError):
                line.error = outcome
            elif outcome is Outcome.CONFLICT and line.event is not None:
                conflicts.append(line.event)
                line.error = Conflict("Another event with this id and other content is here already.")
            else:
                line.outcome = outcome
            line.event, line.raw = None, b""
        return conflicts


def _read_chunk(chunk: Sequence[_Line], token: KnownToken, limits: Limits) -> None:
    for line in chunk:
        _read(line, token, limits)


def _split(raw: bytes, most: int) -> list[_Line]:
    lines: list[_Line] = []
    if raw.count(b"\n") > 2 * most:
        # Nobody separates events by that many blank lines, and to skip millions would keep others waiting.
        raise BodyTooLarge(f"The batch has more than {2 * most} lines. Send less at once.")
    for number, line in enumerate(io.BytesIO(raw), 1):
        if line.isspace():
            continue
        if len(lines) == most:
            raise BodyTooLarge(f"The batch has more than {most} events. Send less at once.")
        lines.append(_Line(number, line.removesuffix(b"\n")))
    if not lines:
        raise InvalidInput("The batch is empty. Send one JSON object a line.")
    return lines


def _chunks(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    chunk: list[_Line] = []
    size = 0
    for line in lines:
        if chunk and (len(chunk) >= MOST_CHUNK_EVENTS or size + len(line.raw) > MOST_CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(line)
        size += len(line.raw)
    yield chunk


def _read(line: _Line, token: KnownToken, limits: Limits) -> None:
    try:
        if len(line.raw) > limits.agent_body_bytes:
            raise BodyTooLarge(f"The event is larger than {limits.agent_body_bytes} bytes.")
        received = read_report(line.raw)
        line.event_id = received.event_id
        if received.report.project_id not in (None, token.project_id):
            raise Forbidden("The token belongs to another project than the event names.")
        line.event = report_event(received, project_id=token.project_id, token_id=token.id, agent_type=token.agent_type)
    except KinoError as error:
        line.error = error


def _note_first_refusal(lines: Sequence[_Line], token: KnownToken, request: Request) -> None:
    # One line tells what its sender does wrong; fifty thousand would fill the log.
    for line in lines:
        if line.error is not None:
            note_refusal(request, line.error, line.raw, token_id=token.id)
            return


def _refuse_rest(lines: Sequence[_Line], error: Unavailable) -> None:
    for line in lines:
        if line.outcome is None and line.error is None:
            line.error = error


def _answer(lines: Sequence[_Line], request_id: str) -> bytes:
    # Lines that are wrong in the same way are told the same: to word each anew is most of the work of a bad batch.
    envelopes: dict[tuple[str, str, str], msgspec.Raw] = {}

    def envelope(error: KinoError) -> msgspec.Raw:
        kind = error.code, error.message, repr(error.details)
        if kind not in envelopes:
            envelopes[kind] = msgspec.Raw(msgspec.json.encode(error_envelope(error, request_id)))
        return envelopes[kind]

    return b"".join(msgspec.json.encode(_shown(line, envelope)) + b"\n" for line in lines)


def _shown(line: _Line, envelope: Callable[[KinoError], msgspec.Raw]) -> dict[str, Any]:
    told: dict[str, Any] = {"line": line.number}
    if line.event_id is not None:
        told["event_id"] = line.event_id
    if line.error is not None:
        return told | {"status": "rejected", "error": envelope(line.error)}
    return told | {"status": line.outcome}
