"""`kino serve`: one process alone, in the foreground; as many copies as wanted."""

import gc
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
import typer

from kino_cli.options import HomeOption, JsonOption, PortOption
from kino_core import schema
from kino_core.database import Database, DatabaseUnavailable
from kino_core.errors import Unavailable
from kino_core.logs import configure_logs
from kino_core.settings import Settings, load_settings

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

DATABASE_SECONDS = 60
DRAIN_SECONDS = 20
NOT_STARTED = 3

app = typer.Typer(no_args_is_help=True)


class DatabaseNotReady(Unavailable):
    """PostgreSQL stayed away, or its schema is not the one this version works with."""

    code = "DATABASE_NOT_READY"


@app.command()
def web(home: HomeOption = None, port: PortOption = None, as_json: JsonOption = False) -> None:
    """API, pages and ingestion doors on one port."""
    settings = _prepared("web", home, as_json, port)
    from dashboards.app import create_app

    serve_app(create_app(settings), settings.listen_host, settings.port, proxies=settings.trusted_proxies)


@app.command()
def ingest(home: HomeOption = None, port: PortOption = None, as_json: JsonOption = False) -> None:
    """The ingestion doors alone."""
    settings = _prepared("ingest", home, as_json, port)
    from kino_ingest.doors import create_doors

    serve_app(create_doors(settings), settings.listen_host, settings.port, proxies=settings.trusted_proxies)


@app.command()
def worker(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Fold landed events into the operational tables."""
    settings = _prepared("worker", home, as_json)
    from kino_ingest.worker import run_worker

    run_worker(settings)


@app.command()
def refresher(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Keep the lake fresh."""
    settings = _prepared("refresher", home, as_json)
    from kino_assets.refresher import run_refresher

    run_refresher(settings)


@app.command()
def dagster(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Dagster's user interface, on this machine's loopback alone."""
    settings = _prepared("dagster", home, as_json)
    from kino_assets.webserver import serve_dagster
    from kino_cli.programs import workspace_file

    serve_dagster(settings, workspace_file())


def serve_app(app: "ASGIApp", host: str, port: int, *, proxies: Sequence[str] = ()) -> None:
    """Serve `app` until SIGTERM; what is still being answered then gets DRAIN_SECONDS to finish.

    `proxies` are addresses and networks whose word on a caller's address is taken; ends the process with 3 where the
    application does not start.
    """
    # What is loaded by now stays: walking over all of it again and again stopped every request for 70 ms at a time.
    gc.collect()
    gc.freeze()
    server = http_server(app, host, port, proxies=proxies)
    # Having stopped in order, uvicorn sends itself the signal once more: Ctrl-C is no failure.
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise SystemExit(NOT_STARTED)


def http_server(app: "ASGIApp", host: str, port: int, *, proxies: Sequence[str] = ()) -> "uvicorn.Server":
    """Return the server of every HTTP process."""
    import uvicorn

    from kino_ingest.http_protocol import AnsweredSocket, BoundedHttp

    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            loop="uvloop",
            http=BoundedHttp,
            ws=AnsweredSocket,
            log_config=None,
            access_log=False,
            server_header=False,
            # Else whoever sends from this machine could say that he is somebody else.
            proxy_headers=bool(proxies),
            forwarded_allow_ips=list(proxies),
            # Live channels never end by themselves.
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )


def _prepared(component: str, home: Path | None, as_json: bool, port: int | None = None) -> Settings:
    settings = load_settings(home)
    if port:
        settings = settings.model_copy(update={"port": port})
    configure_logs(settings, component, readable=sys.stderr.isatty() and not as_json)
    _wait_for_database(settings)
    return settings


def _wait_for_database(settings: Settings) -> None:
    """Return once PostgreSQL answers with the schema of this version; raises DatabaseNotReady after a minute."""
    log = structlog.get_logger()
    deadline = time.monotonic() + DATABASE_SECONDS
    database = Database(settings.database_url, pool_max=1)
    try:
        while (obstacle := _obstacle(database)) is not None:
            if time.monotonic() > deadline:
                raise DatabaseNotReady(obstacle)
            log.warning(obstacle)
            time.sleep(1)
    finally:
        database.close()


def _obstacle(database: Database) -> str | None:
    try:
        with database.read() as session:
            current = schema.is_current(session)
    except DatabaseUnavailable:
        return "PostgreSQL does not answer. Start it, or check DATABASE_URL."
    return None if current else "The tables in PostgreSQL are not those of this version. Run `kino migrate`."
