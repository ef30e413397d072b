"""What deployments brought to production: gathered from the lake once a window, walked commit by commit."""

import duckdb
import pyarrow as pa

from kino_assets.history import Shipment, first_shipped
from kino_assets.sql import read_sql


def walk_deployments(lake: duckdb.DuckDBPyConnection) -> bool:
    """Find the deployment that first contained each commit, where this window can have changed it.

    A window that concerns no repository's delivery reads nothing from the lake. Always True: where there are no
    deployments any more, what was delivered by them has to go.
    """
    lake.execute(read_sql("silver/delivery_scope"))
    if not _some(lake, "SELECT 1 FROM delivery_repository LIMIT 1") or _is_mere_history(lake):
        return True
    lake.execute(read_sql("silver/delivery_gathered"))
    if _some(lake, "SELECT 1 FROM known_pull_request LIMIT 1"):
        lake.execute(read_sql("silver/delivery_pull_requests"))
    if not _some(lake, "SELECT 1 FROM told_deployment WHERE production LIMIT 1"):
        return True
    lake.execute(read_sql("silver/deployment_list"))
    for (repository,) in lake.execute("SELECT repository_id::VARCHAR FROM delivery_since ORDER BY ALL").fetchall():
        _walk(lake, repository)
    return True


def _is_mere_history(lake: duckdb.DuckDBPyConnection) -> bool:
    """Return whether all there is are commits outside of pull requests, and nothing was ever deployed."""
    return not (
        _some(lake, read_sql("silver/beyond_history"))
        or _some(lake, read_sql("silver/any_pull_request"))
        or _some(lake, "SELECT 1 FROM silver.deployment_event LIMIT 1")
    )


def gather_deliveries(lake: duckdb.DuckDBPyConnection) -> bool:
    """Fill the temporary table `delivery` with what the deployed repositories have in production now; always True."""
    if _some(lake, "SELECT 1 FROM deployment_list LIMIT 1"):
        lake.execute(read_sql("silver/delivery"))
    return True


def _walk(lake: duckdb.DuckDBPyConnection, repository: str) -> None:
    told = lake.execute(read_sql("silver/unshipped"), [repository]).fetchall()
    commits = {sha: (parents, committed_at) for sha, parents, committed_at in told}
    shipments = [Shipment(*row) for row in lake.execute(read_sql("silver/shipment"), [repository]).fetchall()]
    shipped = first_shipped(commits, shipments)
    if not shipped:
        return
    columns = {
        "repository_id": [repository] * len(shipped),
        "sha": list(shipped),
        "deployment_key": list(shipped.values()),
    }
    lake.register("incoming", pa.table(columns))
    lake.execute(read_sql("insert").format(table="contained"))
    lake.unregister("incoming")


def _some(lake: duckdb.DuckDBPyConnection, rows: str) -> bool:
    return lake.execute(rows).fetchone() is not None
