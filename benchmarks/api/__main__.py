"""Prints server times of lists and pages as JSON; `python -m benchmarks.api` takes numbers of projects, else both.

Starts a PostgreSQL and a Valkey of its own and the whole web process, on loopback. Server time is from a request's
arrival at the application to the last byte of its answer; one client asks one thing after the other.
"""

import json
import sys
import tempfile
from pathlib import Path

from benchmarks.api.portfolio import measure_portfolio
from benchmarks.ingest.servers import postgres_server

SIZES = (1_000, 10_000)


def main() -> None:
    """Measure portfolios of the sizes that are asked for."""
    sizes = [int(each) for each in sys.argv[1:]] or SIZES
    figures: dict[str, object] = {"benchmark": "api"}
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="kino-bench-") as folder, postgres_server(Path(folder)) as admin_url:
            figures[f"{size} projects"] = measure_portfolio(Path(folder), admin_url, size)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
