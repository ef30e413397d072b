"""Many events a request: the batch door against raw COPY of the very same rows into the same two tables."""

import statistics
import time
from typing import Any

import httpx
import psycopg
from psycopg import sql

from benchmarks.ingest.load import agent_event
from benchmarks.ingest.servers import doors, fresh_database

EVENTS = 40_000
ROUNDS = 3
TABLES = {
    "claim": ("landing", "claim", ("source", "event_id", "body_hash")),
    "event": (
        "landing",
        "event",
        ("source", "event_id", "type", "occurred_at", "project_id", "repository", "token_id", "body", "raw"),
    ),
}
"""The two tables with the columns that a sender decides."""


def measure_batch(admin_url: str) -> dict[str, Any]:
    """Return the rates of both, taken in turns, and their ratio."""
    door, copied = [], []
    for round_number in range(ROUNDS):
        database_url, token = fresh_database(admin_url)
        body = b"\n".join(agent_event(number, f"r{round_number}") for number in range(EVENTS))
        with doors(database_url) as port:
            _send(port, token, b"\n".join(agent_event(number, "warm") for number in range(2_000)))
            began = time.perf_counter()
            _send(port, token, body)
            door.append(EVENTS / (time.perf_counter() - began))
        copied.append(_copy_again(database_url))
    return {
        "events": EVENTS,
        "batch_door_per_second": round(statistics.median(door)),
        "copy_per_second": round(statistics.median(copied)),
        "times_of_copy": round(statistics.median(door) / statistics.median(copied), 2),
    }


def _send(port: int, token: str, body: bytes) -> None:
    answer = httpx.post(
        f"http://127.0.0.1:{port}/webhooks/agent-update/batch",
        content=body,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"},
        timeout=120,
    )
    if answer.status_code != 202 or answer.text.count('"accepted"') != body.count(b"\n") + 1:
        raise RuntimeError(answer.text[:500])


def _copy_again(database_url: str) -> float:
    """Empty the two tables and COPY their rows back in one transaction; return rows of the log a second."""
    with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
        kept = {}
        for name, (schema, table, columns) in TABLES.items():
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            place = sql.Identifier(schema, table)
            with cursor.copy(sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(names, place)) as copy:
                kept[name] = sql.SQL("COPY {} ({}) FROM STDIN").format(place, names), b"".join(copy)
        cursor.execute("SELECT count(*) FROM landing.event")
        rows = int((cursor.fetchone() or (0,))[0])
        cursor.execute("TRUNCATE landing.claim, landing.event")
        connection.commit()
        began = time.perf_counter()
        for statement, content in kept.values():
            with cursor.copy(statement) as copy:
                copy.write(content)
        connection.commit()
        return rows / (time.perf_counter() - began)
