"""The whole web process as one ASGI application: pages, API, live channel and the ingestion doors on one port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

from dashboards.errors import error_pages
from dashboards.pages import page_routers
from dashboards.rendering import Renderer
from dashboards.site import Site
from dashboards.static_files import StaticFiles
from kino_api.app import create_api
from kino_core.settings import Settings
from kino_ingest.doors import Doors, create_doors

SMALLEST_ZIPPED_BYTES = 1024
_ZIP_LEVEL = 5
"""Nine takes three times as long for two percent less."""


def create_app(settings: Settings) -> "Front":
    """Return the web process's application; everything it uses is opened when it starts and closed when it stops."""
    static = StaticFiles()
    renderer = Renderer(static, support_contact=settings.support_contact)
    doors = create_doors(settings)

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        resources = app.state.resources
        app.state.site = Site(settings, resources.database, resources.warehouse, renderer)
        await doors.startup()
        try:
            yield
        finally:
            await doors.shutdown()

    app = create_api(settings, lifespan=running, answer=error_pages(renderer))
    app.mount("/static", static)
    for router in page_routers():
        app.router.routes.extend(router.routes)
    return Front(doors, app)


class Front:
    """Sends what comes for the doors straight there, past everything that only pages need: events come in thousands."""

    def __init__(self, doors: Doors, app: FastAPI) -> None:
        self.app = app
        self._doors = doors
        self._everything_else = GZipMiddleware(app, SMALLEST_ZIPPED_BYTES, _ZIP_LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or the lifespan."""
        to_a_door = scope["type"] == "http" and scope["path"].startswith("/webhooks/")
        await (self._doors if to_a_door else self._everything_else)(scope, receive, send)
