"""Whether the door gets slower as the log grows: the rate into an empty log and into one of five million events."""

import asyncio
import statistics
from typing import Any

import psycopg

from benchmarks.ingest.load import send_single
from benchmarks.ingest.servers import doors, fresh_database

HISTORY = 5_000_000
REQUESTS = 15_000
ROUNDS = 3
_FILL_CLAIMS = """
    INSERT INTO landing.claim SELECT 'agent', 'past/' || md5(number::text), sha256(number::text::bytea)
    FROM generate_series(1, %s) AS number
"""
_FILL_EVENTS = """
    INSERT INTO landing.event (source, event_id, type, occurred_at, project_id, body, raw)
    SELECT 'agent', 'past/' || md5(number::text), 'task_started', now(), gen_random_uuid(),
        '{"agent_id": "claude-7", "event_type": "task_started", "task_id": "KIN-42", "data": {}}',
        '{"agent_id": "claude-7", "event_type": "task_started", "task_id": "KIN-42", "data": {}}'
    FROM generate_series(1, %s) AS number
"""


def measure_growth(admin_url: str) -> dict[str, Any]:
    """Return both rates, taken in turns, and their ratio."""
    empty, token_of_empty = fresh_database(admin_url)
    full, token_of_full = fresh_database(admin_url)
    with psycopg.connect(full, autocommit=True) as connection:
        connection.execute(_FILL_CLAIMS, (HISTORY,))
        connection.execute(_FILL_EVENTS, (HISTORY,))
        connection.execute("VACUUM ANALYZE landing.claim, landing.event")
        connection.execute("CHECKPOINT")
    into_empty, into_full = [], []
    for _ in range(ROUNDS):
        into_empty.append(_rate(empty, token_of_empty))
        into_full.append(_rate(full, token_of_full))
    return {
        "events_before": HISTORY,
        "into_empty_per_second": round(statistics.median(into_empty)),
        "into_full_per_second": round(statistics.median(into_full)),
        "full_to_empty": round(statistics.median(into_full) / statistics.median(into_empty), 2),
    }


def _rate(database_url: str, token: str) -> float:
    with doors(database_url) as port:
        asyncio.run(send_single(port, token, requests=2_000))
        return asyncio.run(send_single(port, token, requests=REQUESTS)).rate
