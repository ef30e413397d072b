"""What the API notes for the watch: who it was follows from the request."""

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope

from kino_api import injection
from kino_api.cross_site import CrossSite
from kino_api.problems import TooManyAttempts, problem_of
from kino_api.sessions import RefreshTokenReused
from kino_api.sign_in import WrongPassword
from kino_core.watch import Suspicion, Watch

MANY_OBJECTS = 200
MANY_SECONDS = 600.0
"""So many different objects of one kind within so many seconds are more than a person looks at."""
MOST_USERS = 1_000
_REFUSALS = (401, 403, 404)

Answer = Callable[[Request, Exception], Response]


def note(
    connection: HTTPConnection,
    suspicion: Suspicion,
    *,
    user_id: uuid.UUID | None = None,
    details: Mapping[str, str] | None = None,
) -> None:
    """Count one suspicion about whoever sent this request; costs nothing and never fails.

    `user_id` is needed only where nobody is signed in yet. Nothing secret or personal may be in `details`.
    """
    watch = watch_of(connection.scope)
    if watch is not None:
        visitor = getattr(connection.state, "visitor", None)
        watch.note(
            suspicion,
            address=connection.client.host if connection.client else None,
            user_id=user_id or (visitor.user.id if visitor else None),
            route=route_of(connection.scope),
            details=details,
        )


def route_of(scope: Scope) -> str | None:
    """Return the template of the route that answers, None where there is none: a path may hold a token."""
    return getattr(scope.get("route"), "path", None)


def watch_of(scope: Scope) -> Watch | None:
    """Return the process's watch; None before it has started."""
    resources = getattr(scope["app"].state, "resources", None) if "app" in scope else None
    return resources.watch if resources is not None else None


def watched(answer: Answer) -> Answer:
    """Return `answer`, noting on the way what an error says about whoever caused it."""

    def noting(request: Request, error: Exception) -> Response:
        note_error(request, error)
        return answer(request, error)

    return noting


def note_error(request: Request, error: Exception) -> None:
    """Note what an error says about whoever caused it; pages that show an error themselves call this too."""
    match error:
        case CrossSite():
            note(request, Suspicion.CROSS_SITE)
        case TooManyAttempts():
            note(request, Suspicion.RATE_LIMITED)
        case WrongPassword():
            note(request, Suspicion.SIGN_IN_FAILED, user_id=error.user_id)
            if error.locked:
                note(request, Suspicion.LOCKED_OUT, user_id=error.user_id)
        case RefreshTokenReused():
            note(request, Suspicion.REFRESH_REUSED)
        case _:
            problem = problem_of(error)
            # A page opened by somebody who is to sign in first is no refusal.
            if problem.status in _REFUSALS and problem.code != "SIGN_IN_FIRST":
                _note_refusal(request, problem.status)


def note_injection(scope: Scope, receive: Receive) -> Receive:
    """Note what looks smuggled into the address or the beginning of the body; return the way to receive it."""
    connection = HTTPConnection(scope)
    if pattern := injection.in_address(scope["path"], scope["query_string"]):
        note(connection, Suspicion.INJECTION, details={"pattern": pattern, "place": "address"})
    first = True

    async def receive_noting() -> Message:
        nonlocal first
        message = await receive()
        if first and message["type"] == "http.request":
            first = False
            if pattern := injection.in_body(message.get("body", b"")):
                note(connection, Suspicion.INJECTION, details={"pattern": pattern, "place": "body"})
        return message

    return receive_noting


class ObjectsSeen:
    """Which objects each user asked for lately, of the users seen last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: OrderedDict[uuid.UUID, tuple[float, set[str]]] = OrderedDict()

    def add(self, user_id: uuid.UUID, object_id: str) -> bool:
        """Remember an object and return whether it is the one that makes them many."""
        now = time.monotonic()
        with self._lock:
            began, seen = self._seen.pop(user_id, (now, set()))
            if now - began > MANY_SECONDS:
                began, seen = now, set()
            is_new = object_id not in seen and len(seen) <= MANY_OBJECTS
            if is_new:
                seen.add(object_id)
            self._seen[user_id] = (began, seen)
            if len(self._seen) > MOST_USERS:
                self._seen.popitem(last=False)
            return is_new and len(seen) == MANY_OBJECTS


def _note_refusal(request: Request, status: int) -> None:
    # One sender's refusals are counted together wherever they were: who searches goes from address to address.
    watch, visitor = watch_of(request.scope), getattr(request.state, "visitor", None)
    if watch is not None:
        watch.note(
            Suspicion.REFUSED,
            address=request.client.host if request.client else None,
            user_id=visitor.user.id if visitor else None,
            details={"status": str(status), "route": route_of(request.scope) or "no route"},
        )
