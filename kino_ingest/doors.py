"""The doors through which events come in over HTTP: plain ASGI, because every event passes here.

A 2xx is sent after the commit, never before. The checks run in the order of the contract, and each is refused with
the status that the contract gives it.
"""

import asyncio
import sys

import structlog

from kino_core.envelopes import KeyRing
from kino_core.errors import KinoError, NotFound
from kino_core.settings import Settings
from kino_core.watch import Watch
from kino_ingest.agent_door import AgentDoor
from kino_ingest.agent_gate import AgentGate
from kino_ingest.answers import answer, answer_bytes, answer_error
from kino_ingest.batch_door import NDJSON, BatchDoor
from kino_ingest.committer import Committer
from kino_ingest.github_door import GitHubDoor
from kino_ingest.handover import Handover
from kino_ingest.http_request import Disconnected, Receive, Request, Scope, Send, WrongMethod
from kino_ingest.limits import Limits
from kino_ingest.lookups import Lookups
from kino_ingest.quotas import Quotas
from kino_ingest.refusals import suspicion_of
from kino_ingest.tally import Tally

AGENT_PATH = "/webhooks/agent-update"
BATCH_PATH = "/webhooks/agent-update/batch"
GITHUB_PATH = "/webhooks/github"
PATHS = frozenset({AGENT_PATH, BATCH_PATH, GITHUB_PATH})

PROBES = ("/healthz", "/readyz")

THREAD_TURN_SECONDS = 0.0005
"""How long the event loop waits for its turn while a thread reads a batch; Python's 5 ms would be felt at each step."""

log = structlog.get_logger(__name__)


class Broken(KinoError):
    """Something went wrong that nobody foresaw; the log has it under the request's id."""

    retryable = True


class Doors:
    """The ASGI application; call `startup` before the first request and `shutdown` after the last."""

    def __init__(self, settings: Settings, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        self._limits = limits
        self._lookups = Lookups(settings.database_url, KeyRing(settings))
        self._committer = Committer(settings.database_url)
        self._quotas = Quotas(settings.redis_url) if settings.rate_limits_on else None
        self._watch = Watch(settings.database_url)
        self._support = settings.support_contact
        self._tally = Tally()
        gate = AgentGate(settings.env, limits, self._lookups, self._quotas, self._watch)
        handover = Handover(limits, self._committer, self._lookups)
        self._batch_door = BatchDoor(settings.database_url, limits, gate, self._lookups)
        self._agent_door = AgentDoor(limits, gate, handover, self._lookups)
        self._github_door = GitHubDoor(settings, limits, handover, self._lookups)

    async def startup(self) -> None:
        """Begin to take events; PostgreSQL need not be there yet."""
        sys.setswitchinterval(THREAD_TURN_SECONDS)
        await self._lookups.start()
        self._committer.start()
        self._watch.start()

    async def shutdown(self) -> None:
        """Commit what still waits and let go of PostgreSQL and Redis."""
        await self._committer.stop()
        self._batch_door.close()
        await self._lookups.stop()
        if self._quotas is not None:
            await self._quotas.stop()
        await asyncio.to_thread(self._watch.close)
        self._tally.tell()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan when the doors run alone."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            await self._serve(request, send)
        except Disconnected:
            return
        except KinoError as error:
            self._note(request, error)
            await answer_error(send, request, error, support=self._support)
        except Exception:
            self._tally.add(request.path, "failed")
            log.exception("a door failed", request_id=request.id, path=request.path)
            broken = Broken("Something went wrong on our side. Send it again; if it stays, report the request id.")
            await answer_error(send, request, broken, support=self._support)

    async def _serve(self, request: Request, send: Send) -> None:
        if request.path in PROBES and request.method in ("GET", "HEAD"):
            await self._answer_probe(request, send)
            return
        if request.path not in PATHS:
            raise NotFound("There is no door at this address.")
        if request.method != "POST":
            raise WrongMethod("Events come in by POST.")
        if request.path == BATCH_PATH:
            lines = await self._batch_door.take(request)
            self._tally.add(request.path, "batch")
            await answer_bytes(send, request, 202, lines, NDJSON[0])
            return
        door = self._agent_door if request.path == AGENT_PATH else self._github_door
        event_id, outcome = await door.take(request)
        self._tally.add(request.path, outcome.value)
        await answer(send, request, 202, {"event_id": event_id, "status": outcome.value})

    def _note(self, request: Request, error: KinoError) -> None:
        self._tally.add(request.path if request.path in PATHS else "elsewhere", error.code)
        suspicion = suspicion_of(error)
        if suspicion is not None:
            self._watch.note(
                suspicion,
                address=request.address,
                token_id=request.token_id,
                route=request.path if request.path in PATHS else None,
            )

    async def _answer_probe(self, request: Request, send: Send) -> None:
        # Where the doors stand alone; inside the web application its own routes answer.
        ready = request.path == "/healthz" or await self._lookups.database_answers(self._limits.database_seconds)
        await answer(send, request, 200 if ready else 503, {"status": "ok" if ready else "PostgreSQL does not answer"})

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.startup()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.shutdown()
                await send({"type": "lifespan.shutdown.complete"})
                return


def create_doors(settings: Settings, limits: Limits | None = None) -> Doors:
    """Return the doors for these settings; nothing is opened before `startup`."""
    return Doors(settings, limits)
