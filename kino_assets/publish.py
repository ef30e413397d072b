"""The newest values of what lists show, copied from gold to PostgreSQL after the lake's own commit.

The lake is written first. What is published says its snapshot, so a publication that was missed is noticed and made
up for, and one that is made twice changes nothing.
"""

from collections.abc import Sequence
from datetime import date

import duckdb
import psycopg

from kino_assets.sql import read_sql
from kino_core.gold import Gold, MetricValue, Scope
from kino_core.metrics import ScopeType
from kino_core.periods import Grain, Period
from kino_core.published import PUBLISHED

KEYS = [metric.key for metric in PUBLISHED]


def touched_projects(lake: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the projects that the window just processed has changed a published number of."""
    found = lake.execute(
        "SELECT DISTINCT scope_id FROM touched_slice WHERE scope_type = 'project' AND list_contains(?, metric)", [KEYS]
    ).fetchall()
    return [scope_id for (scope_id,) in found]


def publish(
    lake: duckdb.DuckDBPyConnection,
    postgres: psycopg.Connection,
    today: date,
    *,
    touched: Sequence[str] = (),
    since: int | None = None,
) -> Period:
    """Bring `kino.metric_value` to the newest snapshot of the lake, and return the month it is of then.

    `touched` are the projects that changed since snapshot `since`; they are enough where that one was published last,
    for the same month. Else every project is compared. Call it under the lake's lock.
    """
    month = Period.of(Grain.MONTH, today)
    gold = Gold(lake)
    with postgres.transaction():
        row = postgres.execute("SELECT period, snapshot_id FROM kino.metric_publication").fetchone()
        period, published = row or (None, None)
        if (period, published) == (str(month), gold.snapshot_id):
            return month
        changed_only = period == str(month) and since is not None and published == since
        projects = list(touched) if changed_only else _all_projects(lake)
        scopes = [Scope(ScopeType.PROJECT, project) for project in projects]
        values = gold.values(KEYS, scopes, month).values() if scopes else []
        _put(postgres, month, list(values))
        if not changed_only:
            postgres.execute(read_sql("publish/forget"), {"period": str(month), "projects": projects})
        postgres.execute(
            read_sql("publish/done"),
            {"period": str(month), "snapshot_id": gold.snapshot_id, "as_of": gold.as_of},
        )
    return month


def _all_projects(lake: duckdb.DuckDBPyConnection) -> list[str]:
    found = lake.execute(
        "SELECT DISTINCT scope_id FROM gold.metric_value WHERE scope_type = 'project' AND list_contains(?, metric)",
        [KEYS],
    ).fetchall()
    return [scope_id for (scope_id,) in found]


def _put(postgres: psycopg.Connection, month: Period, values: Sequence[MetricValue]) -> None:
    if not values:
        return
    postgres.execute(
        read_sql("publish/put"),
        {
            "metric": [each.metric.key for each in values],
            "scope_type": [each.scope.type.value for each in values],
            "scope_id": [each.scope.key for each in values],
            "period": str(month),
            "value": [each.value for each in values],
            "n": [each.n for each in values],
            "coverage": [each.coverage for each in values],
            "lower": [each.lower for each in values],
            "upper": [each.upper for each in values],
            "as_of": values[0].as_of,
            "snapshot_id": values[0].snapshot_id,
        },
    )
