"""The only kind of route the API has: it knows its permission and checks it before reading anything of the request."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from kino_api.access import Access, accesses_of
from kino_api.authentication import authenticate
from kino_api.cross_site import SAFE_METHODS
from kino_api.permissions import Open, Permission, check_permission, permission_of
from kino_api.resources import resources_of
from kino_api.shapes import ErrorEnvelope
from kino_api.watching import note
from kino_core.watch import Suspicion
from kino_ingest.http_request import WrongContentType


class GuardedRoute(APIRoute):
    """Asks first who calls and whether they may, then whether the request makes sense.

    FastAPI would parse the body before any dependency, and tell strangers what is wrong with it.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler behind the guard; raises Undeclared for a route that is in no table."""
        handle = super().get_route_handler()
        permissions = {method: permission_of(method, self.path) for method in self.methods or ()}
        accesses = accesses_of(self.path, tuple(self.param_convertors))

        async def guarded(request: Request) -> Response:
            permission = permissions[request.method]
            if not isinstance(permission, Open):
                await run_in_threadpool(_admit, request, permission, accesses)
            _check_content_type(request)
            return await handle(request)

        return guarded


def guarded_router(prefix: str = "", tag: str | None = None) -> APIRouter:
    """Return a router whose routes are all guarded."""
    errors: dict[int | str, dict[str, Any]] = {status: {"model": ErrorEnvelope} for status in ("4XX", "5XX")}
    return APIRouter(prefix=prefix, route_class=GuardedRoute, tags=[tag] if tag else None, responses=errors)


def _admit(request: Request, permission: Permission, accesses: tuple[tuple[str, Access], ...]) -> None:
    visitor = request.state.visitor = authenticate(request)
    if not accesses:
        check_permission(visitor.user, permission)
        return
    resources = resources_of(request)
    with resources.database.read() as session:
        for name, access in accesses:
            access(session, visitor.user, request.path_params[name], permission)
    for name, _ in accesses:
        if resources.objects_seen.add(visitor.user.id, f"{name}={request.path_params[name]}"):
            note(request, Suspicion.MANY_OBJECTS)


def _check_content_type(request: Request) -> None:
    """A form posted by another site's page can only claim to be plain text or a form."""
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    if request.method in SAFE_METHODS or not has_body:
        return
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind != "application/json":
        raise WrongContentType(f"The content type is {kind or 'missing'!r}. Send application/json.")
