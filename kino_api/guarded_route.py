"""The only kind of route the API has: it knows its permission and checks it before reading anything of the request."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from kino_api.access import Access, accesses_of
from kino_api.authentication import credential_of, recognise
from kino_api.cross_site import SAFE_METHODS
from kino_api.idempotency import HEADER, answer_once
from kino_api.permissions import Open, Permission, check_permission, permission_of
from kino_api.resources import resources_of
from kino_api.shapes import ErrorEnvelope, ShownOnce
from kino_api.user_limits import spend
from kino_api.watching import note
from kino_core.errors import KinoError
from kino_core.watch import Suspicion
from kino_ingest.http_request import WrongContentType

REPEATABLE = "/api/v1/"
"""Where a POST may carry an Idempotency-Key."""


class GuardedRoute(APIRoute):
    """Asks first who calls and whether they may, then whether the request makes sense.

    FastAPI would parse the body before any dependency, and tell strangers what is wrong with it.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler behind the guard; raises Undeclared for a route that is in no table."""
        handle = super().get_route_handler()
        permissions = {method: permission_of(method, self.path_format) for method in self.methods or ()}
        accesses = accesses_of(self.path, tuple(self.param_convertors))
        tells_secret = isinstance(self.response_model, type) and issubclass(self.response_model, ShownOnce)

        async def guarded(request: Request) -> Response:
            permission = permissions[request.method]
            if not isinstance(permission, Open):
                refusal = await run_in_threadpool(_admit, request, permission, accesses)
                # What is refused counts too: who tries many doors is told to slow down.
                await spend(request)
                if refusal is not None:
                    raise refusal
            _check_content_type(request)
            key = request.headers.get(HEADER)
            if key is None or request.method != "POST" or not self.path.startswith(REPEATABLE):
                return await handle(request)
            return await answer_once(request, key, handle, secret=tells_secret)

        return guarded


def guarded_router(prefix: str = "", tag: str | None = None) -> APIRouter:
    """Return a router whose routes are all guarded."""
    errors: dict[int | str, dict[str, Any]] = {status: {"model": ErrorEnvelope} for status in ("4XX", "5XX")}
    return APIRouter(prefix=prefix, route_class=GuardedRoute, tags=[tag] if tag else None, responses=errors)


def _admit(request: Request, permission: Permission, accesses: tuple[tuple[str, Access], ...]) -> KinoError | None:
    """Recognise who asks, and return why they may not, None where they may; raises Unauthenticated.

    Both on one connection, which is given back before the route takes its own.
    """
    token = credential_of(request)
    resources = resources_of(request)
    with resources.database.read() as session:
        visitor = recognise(session, request, token)
        try:
            if not accesses:
                check_permission(visitor.user, permission)
            for name, access in accesses:
                access(session, visitor.user, request.path_params[name], permission)
        except KinoError as refusal:
            return refusal
    for name, _ in accesses:
        if resources.objects_seen.add(visitor.user.id, f"{name}={request.path_params[name]}"):
            note(request, Suspicion.MANY_OBJECTS)
    return None


def _check_content_type(request: Request) -> None:
    """A form posted by another site's page can only claim to be plain text or a form."""
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    if request.method in SAFE_METHODS or not has_body:
        return
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind != "application/json":
        raise WrongContentType(f"The content type is {kind or 'missing'!r}. Send application/json.")
