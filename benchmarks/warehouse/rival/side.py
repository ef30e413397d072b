"""The rival: dlt loads what is new by its cursor, dbt-duckdb brings its models up to date, both in one warm process.

Run by the environment that `requirements.txt` makes: `python -m benchmarks.warehouse.rival.side FOLDER DATABASE_URL`.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa
from adbc_driver_postgresql import dbapi
from dbt.cli.main import dbtRunner

from benchmarks.warehouse.channel import serve

PROJECT = Path(__file__).resolve().parent
FOLDER, URL = Path(sys.argv[1]), sys.argv[2]
DATABASE = Path(os.environ["RIVAL_DATABASE"])
READ = """
SELECT id, source, event_id, type, occurred_at, received_at, project_id::text AS project_id, repository,
    body::text AS body
FROM landing.event WHERE id > $1 ORDER BY id
"""
VALUES = """
SELECT metric, scope_type, scope_id, 'day' AS grain, day AS period_start, value, n FROM main.day
UNION ALL
SELECT metric, scope_type, scope_id, 'month', month, value, n FROM main.month
"""
CURSOR = dlt.sources.incremental("id", initial_value=0, range_start="open")
MODELS = ("project", "agent_activity", "test_run", "task", "commit", "measurement", "day", "month")
"""In the order in which each needs the ones before it."""


@dlt.resource(name="event", write_disposition="append")
def events(cursor: dlt.sources.incremental[int] = CURSOR) -> Iterator[pa.Table]:
    """Yield the log beyond the cursor, as the fastest reader that there is brings it."""
    with dbapi.connect(URL) as connection, connection.cursor() as reader:
        reader.execute(READ, [cursor.last_value])
        for batch in reader.fetch_record_batch():
            yield pa.Table.from_batches([batch])


def refresh(full: bool = False) -> dict[str, Any]:
    """Load and transform what is new; with `full`, everything from an empty database on."""
    pipeline = dlt.pipeline(
        "rival",
        pipelines_dir=str(FOLDER / "dlt"),
        destination=dlt.destinations.duckdb(str(DATABASE)),
        dataset_name="bronze",
    )
    if full:
        pipeline.drop()
        DATABASE.unlink(missing_ok=True)
    pipeline.run(events(), loader_file_format="parquet")
    arguments = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(FOLDER / "target")]
    quiet = ["--quiet", "--log-path", str(FOLDER / "logs"), "--log-level-file", "none"]
    done = dbtRunner().invoke([*quiet, "run", *arguments, *(["--full-refresh"] if full else [])])
    if not done.success:
        raise RuntimeError(f"dbt failed: {done.exception or [each.message for each in done.result]}")
    return {}


def values(to: str) -> None:
    """Write every value to a Parquet file."""
    with duckdb.connect(str(DATABASE)) as rival:
        rival.sql(VALUES).write_parquet(to)


def compiled() -> dict[str, Any]:
    """Return the statement of each model, as dbt last compiled it, in their order."""
    folder = FOLDER / "target" / "compiled" / "rival" / "models"
    return {"models": [[name, (folder / f"{name}.sql").read_text()] for name in MODELS]}


if __name__ == "__main__":
    serve({"refresh": refresh, "values": values, "compiled": compiled})
