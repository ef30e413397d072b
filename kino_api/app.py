"""The API as one application; `dashboards` adds its pages and the ingestion doors to the same one."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from kino_api.openapi import describe
from kino_api.problems import answer_problem
from kino_api.request_guard import RequestGuard
from kino_api.resources import open_resources
from kino_api.routes import routers
from kino_api.security_headers import SecurityHeaders
from kino_api.watching import Answer, watched
from kino_core.errors import KinoError
from kino_core.settings import Settings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_api(settings: Settings, *, lifespan: Lifespan | None = None, answer: Answer = answer_problem) -> FastAPI:
    """Return the API, to be served alone or with pages added.

    `lifespan` runs inside the API's own, so that it finds `app.state.resources`. `answer` turns every error into a
    response: pages show people theirs as HTML. Raises Undeclared when a route has no permission.
    """
    answer = watched(answer)

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as resources:
            app.state.resources = resources
            if lifespan is None:
                yield
            else:
                async with lifespan(app):
                    yield

    handlers: dict[Any, Any] = dict.fromkeys((KinoError, RequestValidationError, HTTPException, DataError), answer)
    app = FastAPI(
        title="Kino",
        description="One true picture of small human teams and the AI agents that work beside them.",
        version="1",
        lifespan=running,
        openapi_url=None,
        exception_handlers=handlers,
        redirect_slashes=False,
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(RequestGuard, base_url=settings.api_base_url, answer=answer),
        ],
    )
    for router in routers():
        # Its own objects: `include_router` makes each route anew for every application, a third of a second's work.
        app.router.routes.extend(router.routes)
    describe(app)
    return app
