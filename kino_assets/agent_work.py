"""Where the work of agents led: gathered from the lake once a window, for the tables that are computed from it."""

import duckdb

from kino_assets.sql import read_sql


def gather_work(lake: duckdb.DuckDBPyConnection) -> None:
    """Find the pull requests that agents' events lead to, where this window can have changed them.

    A window that says nothing of it reads nothing from the lake.
    """
    lake.execute(read_sql("silver/work_scope"))
    if _some(lake, "moved_project") or _some(lake, "moved_repository"):
        lake.execute(read_sql("silver/work_gathered"))


def gather_usage(lake: duckdb.DuckDBPyConnection) -> None:
    """Fetch what is known of the usage that this window tells of, or that went elsewhere than before."""
    if _some(lake, "window_activity WHERE usage_key IS NOT NULL") or _some(lake, "moved_link"):
        lake.execute(read_sql("silver/agent_usage_gathered"))


def _some(lake: duckdb.DuckDBPyConnection, rows: str) -> bool:
    return lake.execute(f"SELECT 1 FROM {rows} LIMIT 1").fetchone() is not None
