"""The whole web process on a free port, with a stopwatch around it."""

import re
import socket
import statistics
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

import httpx
import uvicorn
from pydantic import SecretStr
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.app import create_app
from kino_api.project_list import ProjectSort, encode_place
from kino_cli import valkey
from kino_core.logs import configure_logs
from kino_core.settings import Settings

ROUNDS = 40
WARM_UP = 5
PLACES = {
    "cursor": encode_place(ProjectSort.NAME, "Project 00500", uuid.UUID(int=500)),
    "initiative": str(uuid.UUID(int=3)),
    "project": str(uuid.UUID(int=43)),
}


class Stopwatch:
    """An application that notes how long the last request took, to the last byte of its answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.last_seconds = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()

        async def send_timed(message: Message) -> None:
            self.last_seconds = time.perf_counter() - began
            await send(message)

        await self._app(scope, receive, send_timed)


class Web:
    """A running web process as a client sees it."""

    def __init__(self, url: str, watch: Stopwatch) -> None:
        self._client = httpx.Client(base_url=url, timeout=60)
        self._watch = watch

    def times(self, asked: Mapping[str, tuple[str, dict[str, str]]], headers: dict[str, str]) -> dict[str, object]:
        """Return the server times in milliseconds of each address, asked in turns."""
        taken: dict[str, list[float]] = {name: [] for name in asked}
        for number in range(WARM_UP + ROUNDS):
            for name, (path, more) in asked.items():
                answer = self._client.get(path.format_map(PLACES), headers=headers | more)
                answer.raise_for_status()
                if number >= WARM_UP:
                    taken[name].append(self._watch.last_seconds * 1000)
        return {name: _percentiles(values) for name, values in taken.items()}

    def first_load(self, headers: dict[str, str]) -> int:
        """Return the compressed bytes of the portfolio page and of all that a browser loads with it."""
        packed = {"accept-encoding": "gzip"}
        with self._client.stream("GET", "/", headers=headers | packed | {"accept": "text/html"}) as page:
            total = sum(map(len, page.iter_raw()))
        text = self._client.get("/", headers=headers | {"accept": "text/html"}).text
        for address in sorted(set(re.findall(r'(?:href|src)="(/static/[^"]+)"', text))):
            with self._client.stream("GET", address, headers=packed) as file:
                total += sum(map(len, file.iter_raw()))
        return total


@contextmanager
def web_process(folder: Path, settings: Settings, *, redis: bool) -> Iterator[Web]:
    """Run the web process, with a Valkey of its own where `redis` is wanted."""
    with _valkey(folder) if redis else nullcontext(None) as address:
        # Requests are logged as by the real process: to stderr, so that stdout holds the figures alone.
        configure_logs(settings, "web")
        redis_url = SecretStr(address) if address else None
        watch = Stopwatch(create_app(settings.model_copy(update={"own_redis_url": redis_url})))
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(watch, log_config=None, lifespan="on", timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        try:
            yield Web(f"http://127.0.0.1:{listening.getsockname()[1]}", watch)
        finally:
            server.should_exit = True
            thread.join(20)


@contextmanager
def _valkey(folder: Path) -> Iterator[str]:
    home = folder / "valkey"
    home.mkdir(exist_ok=True)
    server = valkey.prepare_valkey(home)
    process = subprocess.Popen(server.command, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        while not valkey.is_ready(server):
            time.sleep(0.02)
        yield server.url
    finally:
        process.terminate()
        process.wait(30)


def _percentiles(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=20)
    return {"p50_ms": round(statistics.median(values), 1), "p95_ms": round(cuts[18], 1)}
