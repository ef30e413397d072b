"""Kino's side, in a process of its own: `python -m benchmarks.warehouse.kino_side HOME DATABASE_URL`."""

import sys
import time
from collections.abc import Iterable

import duckdb

from benchmarks.warehouse.channel import Json, serve
from benchmarks.warehouse.narrowed import KEYS, NARROWED, TABLES
from kino_assets import pipeline, tables
from kino_assets.assets import SILVER_NEEDS
from kino_assets.refresh import LakeWriter
from kino_core import lake, measurements, metrics
from kino_core.settings import Settings, settings_from

SCOPES = ("portfolio", "project", "repository", "agent_type")


class Unpublished(LakeWriter):
    """A writer that tells PostgreSQL nothing of the new numbers, as the rival does not."""

    def _publish(self, *_: object) -> None:
        return None


def main() -> None:
    """Serve until stdin ends."""
    if NARROWED:
        # Beside the lake of the side that makes everything.
        lake.CATALOG_SCHEMA = "lake_of_the_same_tables"
        wanted = _with_needs(TABLES)
        pipeline.TABLES = tuple(table for table in tables.TABLES if table.name in wanted)  # type: ignore[attr-defined]  # where it looks
        measured = {metric.fact for metric in metrics.METRICS}
        for fact in [fact for fact in measurements.FACTS if fact not in measured]:
            del measurements.FACTS[fact]
    settings = settings_from({"KINO_HOME": sys.argv[1], "DATABASE_URL": sys.argv[2]})
    writer = Unpublished(settings) if NARROWED else LakeWriter(settings)

    def refresh(full: bool = False) -> Json:
        done = writer.refresh(full=full, everything=True)
        return {"events": done.events, "slices": done.changes.slices}

    serve(
        {"refresh": refresh, "values": lambda to: _values(settings, to), "scan": lambda models: _scan(settings, models)}
    )


def _with_needs(tables: Iterable[str]) -> set[str]:
    """Return the tables and all that they are made from."""
    return {need for table in tables for need in (table, *_with_needs(SILVER_NEEDS.get(table, ())))}


def _values(settings: Settings, to: str) -> None:
    """Write every value that the rival has too to a Parquet file, repositories by their names."""
    with lake.connect_lake(settings, read_only=True) as gold:
        # Which agent had a hand in a commit is more than the rival finds out.
        gold.execute(
            "CREATE TEMP TABLE shared AS"
            " SELECT metric, scope_type, coalesce(full_name, scope_id) AS scope_id, grain, period_start, value, n"
            " FROM gold.metric_value LEFT JOIN silver.repository"
            " ON scope_type = 'repository' AND repository_id::VARCHAR = scope_id"
            " WHERE grain IN ('day', 'month') AND list_contains(?, metric) AND list_contains(?, scope_type)"
            " AND NOT (scope_type = 'agent_type' AND metric IN ('commits', 'lines_added'))",
            [list(KEYS), list(SCOPES)],
        )
        gold.table("shared").write_parquet(to)


def _scan(settings: Settings, models: list[tuple[str, str]]) -> Json:
    """Compute everything that the rival has from the lake's own Parquet files of events, at once and from nothing."""
    with lake.connect_lake(settings, read_only=True) as gold:
        listed = gold.execute("SELECT data_file FROM ducklake_list_files('lake', 'event', schema => 'bronze')")
        files = [file for (file,) in listed.fetchall()]
    began = time.perf_counter()
    with duckdb.connect() as memory:
        memory.execute("SET TimeZone = 'UTC'")
        memory.execute("ATTACH ':memory:' AS rival")
        memory.execute("CREATE SCHEMA rival.bronze")
        memory.read_parquet(files).create_view("landed")
        memory.execute(
            "CREATE TABLE rival.bronze.event AS SELECT * EXCLUDE (xid), row_number() OVER () AS id FROM landed"
        )
        for name, statement in models:
            kind = "VIEW" if name == "measurement" else "TABLE"
            memory.execute(f"CREATE {kind} rival.main.{name} AS {statement}")
    return {"files": len(files), "scan_seconds": time.perf_counter() - began}


if __name__ == "__main__":
    main()
