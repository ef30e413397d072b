"""Prints the figures of ingestion as JSON; `python -m benchmarks.ingest` takes the names of parts, else runs all.

Every part starts its own PostgreSQL with durable settings and its doors in processes of their own, on loopback.
"""

import json
import sys
import tempfile
from pathlib import Path

from benchmarks.ingest.batch import measure_batch
from benchmarks.ingest.growth import measure_growth
from benchmarks.ingest.live import measure_live
from benchmarks.ingest.servers import postgres_server
from benchmarks.ingest.single import measure_single

PARTS = {"single": measure_single, "batch": measure_batch, "live": measure_live, "growth": measure_growth}


def main() -> None:
    """Measure the parts that are asked for."""
    asked = sys.argv[1:] or list(PARTS)
    figures: dict[str, object] = {"benchmark": "ingest"}
    for name in asked:
        with tempfile.TemporaryDirectory(prefix="kino-bench-") as folder, postgres_server(Path(folder)) as admin_url:
            figures[name] = PARTS[name](admin_url)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
