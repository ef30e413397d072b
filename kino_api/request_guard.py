"""What every request passes before a route sees it: an id, a known host, a bounded body, and a net for crashes.

Behind it, every request has its line in the log.
"""

import time
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kino_api.watching import Answer, note_injection, route_of
from kino_core.actors import ActorType
from kino_core.errors import InvalidInput
from kino_core.origins import is_own_host
from kino_ingest.http_request import BodyTooLarge, correlation_id_of, request_id_of
from kino_ingest.http_request import Headers as PlainHeaders

MOST_BODY_BYTES = 10 * 1024 * 1024
OPEN_TO_ANY_HOST = ("/webhooks/", "/otlp/", "/healthz", "/readyz")
"""The doors check tokens and signatures, and probes call by address: neither shows a browser anything."""

UNREMARKABLE = ("/static/", "/healthz", "/readyz", "/metrics")
SLOW_SECONDS = 1.0

log = structlog.get_logger(__name__)


class UnknownHost(InvalidInput):
    """The Host header names neither this machine nor API_BASE_URL."""

    code = "UNKNOWN_HOST"


class RequestGuard:
    """Gives the request an id, refuses what no route should see, and turns a crash into an answer.

    The errors are answered inside, so that they pass the security headers like everything else.
    """

    def __init__(self, app: ASGIApp, *, base_url: str, answer: Answer) -> None:
        self._app = app
        self._own_host = urlsplit(base_url).hostname
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = PlainHeaders(scope)
        request_id = request_id_of(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        correlation_id = correlation_id_of(headers, request_id)
        with structlog.contextvars.bound_contextvars(request_id=request_id, correlation_id=correlation_id):
            if scope["type"] == "websocket":
                if is_own_host(Headers(scope=scope).get("host", ""), self._own_host):
                    await self._app(scope, receive, send)
                else:
                    await send({"type": "websocket.close", "code": 1008})
            else:
                await self._guarded(scope, receive, send, request_id)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        status, began = None, time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).setdefault("X-Request-ID", request_id)
            await send(message)

        try:
            self._check_host(scope)
            await self._app(scope, note_injection(scope, _bounded(scope, receive)), send_with_id)
        except ClientDisconnect:
            return
        except Exception as error:
            if not isinstance(error, InvalidInput | BodyTooLarge):
                log.exception("request crashed", **{"http.method": scope["method"], "http.route": route_of(scope)})
            if status is not None:
                # Half an answer is out: only a broken connection tells the caller that the rest is missing.
                raise
            await self._answer(Request(scope, receive), error)(scope, receive, send_with_id)
        finally:
            _tell(scope, status, time.perf_counter() - began)

    def _check_host(self, scope: Scope) -> None:
        if scope["path"].startswith(OPEN_TO_ANY_HOST):
            return
        if not is_own_host(Headers(scope=scope).get("host", ""), self._own_host):
            raise UnknownHost("This Kino does not answer under that name. Set API_BASE_URL to the address people use.")


def _tell(scope: Scope, status: int | None, seconds: float) -> None:
    """Write the line of a request: who, which route, what came of it, how long; never the path, which may be secret."""
    visitor = scope["state"].get("visitor")
    facts = {
        "http.method": scope["method"],
        "http.route": route_of(scope),
        "http.status": status,
        "duration_s": round(seconds, 4),
        "user_id": str(visitor.user.id) if visitor else None,
        "actor_type": ActorType.USER.value if visitor else None,
    }
    if seconds >= SLOW_SECONDS:
        log.warning("slow request", **facts)
    elif scope["path"].startswith(UNREMARKABLE):
        log.debug("request", **facts)
    else:
        log.info("request", **facts)


def _bounded(scope: Scope, receive: Receive) -> Receive:
    declared = Headers(scope=scope).get("content-length", "0")
    if scope["path"].startswith(OPEN_TO_ANY_HOST):
        return receive
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > MOST_BODY_BYTES:
        raise _too_large()
    size = 0

    async def receive_bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MOST_BODY_BYTES:
            raise _too_large()
        return message

    return receive_bounded


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {MOST_BODY_BYTES} bytes. Send less at once.")
