"""What the measurements run against: a durable PostgreSQL, fresh databases on it, and doors in their own process."""

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from kino_cli import postgres
from kino_core import schema_changes
from kino_core.security import hash_secret, make_agent_token
from kino_core.settings import Environment


@contextmanager
def postgres_server(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL that Kino itself would run, and yield the superuser's address."""
    server = postgres.prepare_postgres(folder / "server")
    process = subprocess.Popen(
        server.command, cwd=server.directory, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    try:
        while not postgres.is_ready(server):
            time.sleep(0.05)
        yield server.admin_url
    finally:
        process.terminate()
        process.wait(60)


def fresh_database(admin_url: str) -> tuple[str, str]:
    """Make a migrated database with one project; return its address and an agent token of the project."""
    name = f"bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    url = admin_url.rsplit("/", 1)[0] + f"/{name}"
    schema_changes.migrate(url)
    token = make_agent_token(Environment.DEVELOPMENT)
    project = uuid.uuid4()
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO kino.project (id, name, created_at, updated_at) VALUES (%s, 'Benchmark', now(), now())",
            (project,),
        )
        connection.execute(
            "INSERT INTO kino.token (id, project_id, token_hash, last4) VALUES (%s, %s, %s, %s)",
            (uuid.uuid4(), project, hash_secret(token), token[-4:]),
        )
    return url, token


@contextmanager
def doors(database_url: str, variant: str = "kino") -> Iterator[int]:
    """Run the doors in a process of their own and yield their port; `variant` is one of those in `variants.py`."""
    port = free_port()
    environment = {**os.environ, "DATABASE_URL": database_url, "KINO_RATE_LIMITS": "off"}
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.ingest.variants", variant, str(port)], env=environment
    )
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise RuntimeError("the doors did not start") from None
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(60)


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
