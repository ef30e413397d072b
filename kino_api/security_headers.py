"""The headers that protect every response, and a fresh nonce for the scripts of every page.

Plain ASGI: Starlette's BaseHTTPMiddleware would cancel queries in flight when a client leaves.
"""

import math
import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kino_core.protection import HEADERS
from kino_core.staleness import Staleness, staleness


def content_security_policy(nonce: str) -> str:
    """Return the policy of a page whose inline scripts and styles carry `nonce`."""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
        "base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    )


class SecurityHeaders:
    """Adds each header that a response does not set itself, and the cookies that a request earned on its way.

    Pages find the nonce as `request.state.csp_nonce`; whoever signs a request in leaves its cookies, as values of
    Set-Cookie, in `request.state.set_cookies`, and other headers of the answer in `request.state.answer_headers`.
    An answer that was read from a copy while the server is away says in `Kino-Stale` how old it may be.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        nonce = state["csp_nonce"] = secrets.token_urlsafe(16)
        cookies: list[str] = state.setdefault("set_cookies", [])
        gathered: dict[str, str] = state.setdefault("answer_headers", {})
        age = Staleness()
        staleness.set(age)

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", content_security_policy(nonce))
                for name, value in gathered.items():
                    headers[name] = value
                if age.seconds is not None:
                    headers["Kino-Stale"] = str(math.ceil(age.seconds))
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                for cookie in cookies:
                    headers.append("Set-Cookie", cookie)
            await send(message)

        await self._app(scope, receive, send_protected)
