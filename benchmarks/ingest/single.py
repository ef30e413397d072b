"""One event a request: the door as it is, without a database, and with one commit for each request."""

import asyncio
import statistics
from typing import Any

from benchmarks.ingest.load import Figures, send_single
from benchmarks.ingest.servers import doors, fresh_database

VARIANTS = ("kino", "no_database", "commit_each")
WARM_UP = 2_000
REQUESTS = 15_000
ROUNDS = 3
CONCURRENT = 100


def measure_single(admin_url: str) -> dict[str, Any]:
    """Return rates and times of all variants, taken in turns, and their ratios."""
    found: dict[str, list[Figures]] = {variant: [] for variant in VARIANTS}
    for _ in range(ROUNDS):
        for variant in VARIANTS:
            database_url, token = fresh_database(admin_url)
            with doors(database_url, variant) as port:
                asyncio.run(send_single(port, token, requests=WARM_UP, concurrent=CONCURRENT))
                found[variant].append(asyncio.run(send_single(port, token, requests=REQUESTS, concurrent=CONCURRENT)))
    rate = {variant: statistics.median(run.rate for run in runs) for variant, runs in found.items()}
    return {
        "concurrent": CONCURRENT,
        "requests": REQUESTS,
        "variants": {
            variant: {
                "per_second": round(rate[variant]),
                "p50_ms": round(statistics.median(run.percentile(0.5) for run in runs), 1),
                "p99_ms": round(statistics.median(run.percentile(0.99) for run in runs), 1),
            }
            for variant, runs in found.items()
        },
        "times_of_commit_each": round(rate["kino"] / rate["commit_each"], 2),
        "times_of_no_database": round(rate["kino"] / rate["no_database"], 2),
    }
