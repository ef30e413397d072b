"""The two doors through which events come in over HTTP: plain ASGI, because every event passes here.

A 2xx is sent after the commit, never before. The checks run in the order of the contract, and each is refused with
the status that the contract gives it.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from kino_core.database import DatabaseUnavailable
from kino_core.errors import Conflict, Forbidden, KinoError, NotFound, Unauthenticated
from kino_core.events import Event
from kino_core.security import is_agent_token, signed_by_github
from kino_core.settings import Settings
from kino_ingest.agent_report import read_report, report_event
from kino_ingest.answers import answer, answer_error, request_id_of
from kino_ingest.committer import Committer
from kino_ingest.github_delivery import delivery_event, repository_of
from kino_ingest.http_request import Disconnected, Headers, Receive, RequestRefused, Scope, Send, read_json_body
from kino_ingest.landing import Outcome
from kino_ingest.lookups import KnownToken, Lookups
from kino_ingest.strict_json import read_object

AGENT_PATH = "/webhooks/agent-update"
GITHUB_PATH = "/webhooks/github"

T = TypeVar("T")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Limits:
    """How much and how long the doors wait for; sizes in bytes, times in seconds."""

    agent_body_bytes: int = 1024 * 1024
    github_body_bytes: int = 25 * 1024 * 1024
    agent_body_seconds: float = 10.0
    github_body_seconds: float = 30.0
    database_seconds: float = 1.8
    """In all, so that a sender knows within two seconds that it has to come again."""
    large_body_bytes: int = 256 * 1024
    """Larger bodies are parsed in a thread, so that the event loop goes on."""


class WrongMethod(RequestRefused):
    """The doors take POST alone."""

    code = "METHOD_NOT_ALLOWED"
    status = 405


class Broken(KinoError):
    """Something went wrong that nobody foresaw; the log has it under the request's id."""

    retryable = True


class Doors:
    """The ASGI application; call `startup` before the first request and `shutdown` after the last."""

    def __init__(self, settings: Settings, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._env = settings.env
        secret = settings.github_webhook_secret
        self._github_secret = secret.get_secret_value() if secret else None
        self._github_on = settings.enable_github_integration
        self._lookups = Lookups(settings.database_url)
        self._committer = Committer(settings.database_url)

    async def startup(self) -> None:
        """Begin to take events; PostgreSQL need not be there yet."""
        await self._lookups.start()
        self._committer.start()

    async def shutdown(self) -> None:
        """Commit what still waits and let go of PostgreSQL."""
        await self._committer.stop()
        await self._lookups.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan when the doors run alone."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            return
        headers = Headers(scope)
        # Inside the whole web application the request has its id already.
        request_id = scope.get("state", {}).get("request_id") or request_id_of(headers)
        try:
            await self._serve(scope, headers, receive, send, request_id)
        except Disconnected:
            return
        except KinoError as error:
            extra = {"allow": "POST"} if isinstance(error, WrongMethod) else {}
            await answer_error(send, error, request_id, **extra)
        except Exception:
            log.exception("a door failed", request_id=request_id, path=scope["path"])
            broken = Broken("Something went wrong on our side. Send it again; if it stays, report the request id.")
            await answer_error(send, broken, request_id)

    async def _serve(self, scope: Scope, headers: Headers, receive: Receive, send: Send, request_id: str) -> None:
        if scope["path"] not in (AGENT_PATH, GITHUB_PATH):
            raise NotFound("There is no door at this address.")
        if scope["method"] != "POST":
            raise WrongMethod("Events come in by POST.")
        if scope["path"] == AGENT_PATH:
            event_id, outcome = await self._take_report(headers, receive)
        else:
            event_id, outcome = await self._take_delivery(headers, receive)
        if outcome is Outcome.CONFLICT:
            raise Conflict("Another event with this id and other content is here already.", event_id=event_id)
        await answer(send, 202, {"event_id": event_id, "status": outcome.value}, request_id)

    async def _take_report(self, headers: Headers, receive: Receive) -> tuple[str, Outcome]:
        token, waited = await self._authenticate(headers)
        raw = await read_json_body(
            headers,
            receive,
            max_bytes=self._limits.agent_body_bytes,
            seconds=self._limits.agent_body_seconds,
            gzip_allowed=True,
        )
        received = await self._parsed(read_report, raw)
        if received.report.project_id not in (None, token.project_id):
            raise Forbidden("The token belongs to another project than the event names.")
        event = report_event(received, project_id=token.project_id, token_id=token.id, agent_type=token.agent_type)
        outcome = await self._land(event, waited)
        self._lookups.note_used(token.id)
        return received.event_id, outcome

    async def _take_delivery(self, headers: Headers, receive: Receive) -> tuple[str, Outcome]:
        if not self._github_on:
            raise NotFound("The GitHub integration is switched off here.")
        raw = await read_json_body(
            headers,
            receive,
            max_bytes=self._limits.github_body_bytes,
            seconds=self._limits.github_body_seconds,
            gzip_allowed=False,
        )
        if self._github_secret is None:
            raise Unauthenticated("Kino has no secret for GitHub's webhooks. Set GITHUB_WEBHOOK_SECRET on both sides.")
        if not signed_by_github(raw, headers.get("x-hub-signature-256"), self._github_secret):
            raise Unauthenticated("X-Hub-Signature-256 does not sign this body with our secret.")
        body = await self._parsed(read_object, raw)
        began = time.monotonic()
        repository = repository_of(body)
        project = await self._lookups.project_of(repository, self._limits.database_seconds / 2) if repository else None
        delivery = headers.get("x-github-delivery")
        event = delivery_event(headers.get("x-github-event"), delivery, body, raw, project_id=project)
        return delivery, await self._land(event, time.monotonic() - began)

    async def _authenticate(self, headers: Headers) -> tuple[KnownToken, float]:
        scheme, _, text = headers.get("authorization").partition(" ")
        if scheme.casefold() != "bearer" or not text:
            raise Unauthenticated("No token came along. Send `Authorization: Bearer kino_…`.")
        if not is_agent_token(text.strip(), self._env):
            raise Unauthenticated("The token is mistyped or belongs to another environment.")
        began = time.monotonic()
        token = await self._lookups.token(text.strip(), self._limits.database_seconds / 2)
        if token is None:
            raise Unauthenticated("The token is unknown or revoked. Make a new one with `kino token create`.")
        return token, time.monotonic() - began

    async def _parsed(self, parse: Callable[[bytes], T], raw: bytes) -> T:
        return await asyncio.to_thread(parse, raw) if len(raw) > self._limits.large_body_bytes else parse(raw)

    async def _land(self, event: Event, waited: float) -> Outcome:
        left = self._limits.database_seconds - waited
        if left <= 0:
            raise DatabaseUnavailable("PostgreSQL does not answer. Send it again in a moment.")
        return await self._committer.land(event, left)

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
