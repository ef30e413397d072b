"""Where the work of agents led: gathered from the lake once a window, for the tables that are computed from it."""

import duckdb

from kino_assets.sql import read_sql


def gather_work(lake: duckdb.DuckDBPyConnection) -> bool:
    """Find the pull requests that agents' events lead to; return whether this window can have changed any.

    A window that says nothing of them reads nothing from the lake.
    """
    lake.execute(read_sql("silver/work_scope"))
    if not _some(lake, "moved_project", "moved_repository"):
        return False
    lake.execute(read_sql("silver/work_evidence"))
    if _some(lake, "evidence"):
        lake.execute(read_sql("silver/work_gathered"))
    lake.execute(read_sql("silver/work_moved"))
    return _some(lake, "moved_link")


def has_moved_task(lake: duckdb.DuckDBPyConnection) -> bool:
    """Return whether this window can have changed a task."""
    return _some(lake, "moved_task")


def gather_usage(lake: duckdb.DuckDBPyConnection) -> bool:
    """Fetch what is known of the usage that this window tells of, or that went elsewhere before, if there is any."""
    if not _some(lake, "window_activity WHERE usage_key IS NOT NULL", "moved_link"):
        return False
    lake.execute(read_sql("silver/agent_usage_gathered"))
    return _some(lake, "usage_told", "earlier_usage")


def has_moved_spending(lake: duckdb.DuckDBPyConnection) -> bool:
    """Return whether this window can have changed what a pull request cost, or which there are."""
    return _some(lake, "moved_repository", "moved_spending")


def _some(lake: duckdb.DuckDBPyConnection, *tables: str) -> bool:
    return any(lake.sql(f"FROM {rows} LIMIT 1").fetchone() for rows in tables)
