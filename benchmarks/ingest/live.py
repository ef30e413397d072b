"""From the sender to every open page: 200 events a second through the door, seen on 100 open WebSockets."""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.ingest.load import agent_event
from benchmarks.ingest.servers import free_port, fresh_database
from kino_cli import valkey

PAGES = 100
PAGES_PER_USER = 10
EVENTS_PER_SECOND = 200
SECONDS = 20
BATCH = 5
"""Requests sent at the same moment; agents do not come evenly."""


def measure_live(admin_url: str) -> dict[str, Any]:
    """Return how long events took from the sending of the request to each page."""
    database_url, token = fresh_database(admin_url)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kino-bench-live-")))
        environment = {
            **os.environ,
            "KINO_HOME": str(folder),
            "DATABASE_URL": database_url,
            "REDIS_URL": stack.enter_context(_valkey(folder)),
            "KINO_RATE_LIMITS": "off",
        }
        port = free_port()
        stack.enter_context(_kino(environment, "serve", "worker"))
        stack.enter_context(_kino(environment, "serve", "web", "--port", str(port)))
        access = [_user(environment, port, number) for number in range(PAGES // PAGES_PER_USER)]
        with psycopg.connect(database_url) as connection:
            [project] = connection.execute("SELECT id FROM kino.project").fetchone() or (None,)
        return asyncio.run(_measure(port, token, f"project:{project}", access))


async def _measure(port: int, token: str, topic: str, access: list[str]) -> dict[str, Any]:
    run = uuid.uuid4().hex[:8]
    sent: dict[int, float] = {}
    seen: list[float] = []
    pages = []
    for number in range(PAGES):
        headers = {"Authorization": f"Bearer {access[number // PAGES_PER_USER]}"}
        page = await connect(f"ws://127.0.0.1:{port}/ws", additional_headers=headers)
        await page.send(json.dumps({"subscribe": [topic]}))
        pages.append(page)
    watching = [asyncio.create_task(_watch(page, sent, seen)) for page in pages]
    await asyncio.sleep(1)
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=20), timeout=30) as client:
        await _send_evenly(client, port, token, run, sent)
    deadline = time.monotonic() + 10
    while len(seen) < len(sent) * PAGES and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    for page in pages:
        await page.close()
    seen.sort()
    return {
        "pages": PAGES,
        "events_per_second": EVENTS_PER_SECOND,
        "events": len(sent),
        "seen_share": round(len(seen) / (len(sent) * PAGES), 4),
        "p50_ms": round(seen[len(seen) // 2] * 1000),
        "p95_ms": round(seen[int(len(seen) * 0.95)] * 1000),
        "p99_ms": round(seen[int(len(seen) * 0.99)] * 1000),
    }


async def _send_evenly(client: httpx.AsyncClient, port: int, token: str, run: str, sent: dict[int, float]) -> None:
    began = time.perf_counter()
    for first in range(0, EVENTS_PER_SECOND * SECONDS, BATCH):
        await asyncio.sleep(max(0.0, began + first / EVENTS_PER_SECOND - time.perf_counter()))
        await asyncio.gather(*(_send(client, port, token, run, first + place, sent) for place in range(BATCH)))


async def _send(
    client: httpx.AsyncClient, port: int, token: str, run: str, number: int, sent: dict[int, float]
) -> None:
    body = json.loads(agent_event(number, run))
    body["task_id"] = str(number)
    sent[number] = time.perf_counter()
    answer = await client.post(
        f"http://127.0.0.1:{port}/webhooks/agent-update", json=body, headers={"Authorization": f"Bearer {token}"}
    )
    answer.raise_for_status()


async def _watch(page: ClientConnection, sent: dict[int, float], seen: list[float]) -> None:
    async for text in page:
        now = time.perf_counter()
        message = json.loads(text)
        if message.get("kind") == "agent_activity" and "task_id" in message["item"]:
            seen.append(now - sent[int(message["item"]["task_id"])])


def _user(environment: dict[str, str], port: int, number: int) -> str:
    """Make a user and return an access token of theirs."""
    email, password = f"user{number}@example.org", secrets.token_urlsafe(24)
    command = [sys.executable, "-m", "kino_cli", "admin", "create", "--email", email, "--password-stdin"]
    subprocess.run(command, env=environment, input=password, text=True, check=True, capture_output=True)
    answer = httpx.post(f"http://127.0.0.1:{port}/auth/login", json={"email": email, "password": password}, timeout=30)
    answer.raise_for_status()
    return str(answer.json()["access_token"])


@contextmanager
def _valkey(folder: Path) -> Iterator[str]:
    server = valkey.prepare_valkey(folder)
    with _running(server.command, os.environ):
        while not valkey.is_ready(server):
            time.sleep(0.05)
        yield server.url


@contextmanager
def _kino(environment: dict[str, str], *arguments: str) -> Iterator[None]:
    with _running([sys.executable, "-m", "kino_cli", *arguments], environment):
        if "web" in arguments:
            address = f"http://127.0.0.1:{arguments[-1]}/readyz"
            while not _answers(address):
                time.sleep(0.1)
        yield


def _answers(address: str) -> bool:
    try:
        return httpx.get(address).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def _running(command: "tuple[str, ...] | list[str]", environment: Any) -> Iterator[None]:  # noqa: ANN401 - a mapping
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
