"""One window of events through bronze, silver and gold, by the files in `sql/`, inside the caller's transaction."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa

from kino_assets.agent_work import gather_usage, gather_work, has_moved_spending, has_moved_task
from kino_assets.deliveries import gather_deliveries, walk_deployments
from kino_assets.history import brought_in
from kino_assets.sql import every_sql, read_sql
from kino_assets.tables import TABLES, Table
from kino_core.events import Source, agent_key, repository_id
from kino_core.identities import KNOWN_AGENTS, Identity, agent_type_of, identify, identify_login
from kino_core.measurements import FACTS, measurement_views, value_macros
from kino_core.metrics import METRICS, Kind, Metric, metric

_FAMILIES = ("log", "code", "reviews", "agents", "delivery", "quality", "work", "states", "gold")
_STANDING = frozenset([Kind.LEVEL, Kind.LEVEL_RATIO])
_HAPPENING = frozenset(Kind) - _STANDING
_GOLD_STEPS = {
    "period": frozenset(Kind),
    "day": _HAPPENING,
    "longer": _HAPPENING - {Kind.MEDIAN},
    "median": frozenset([Kind.MEDIAN]),
    "level": _STANDING,
}

DEFINITIONS = hashlib.sha256(f"{METRICS} {KNOWN_AGENTS} {every_sql()} {measurement_views()}".encode()).hexdigest()
"""Changes with whatever a table of the lake is computed by; one that was computed by others is rebuilt."""

_PLACES = ("project", "repository")
_FIRST_OF_FACTS = "commit"
"""Before it the places are brought up to date; from it on they stand still, and are read from temporary copies."""
_PLACED = {"projects": "placed_project", "repositories": "placed_repository"}


def prepare(lake: duckdb.DuckDBPyConnection) -> None:
    """Make the tables that are missing in the current catalog, and what the steps read beside them."""
    for family in _FAMILIES:
        lake.execute(read_sql(f"tables/{family}"))
    declare(lake)


def declare(lake: duckdb.DuckDBPyConnection) -> None:
    """Tell this connection of the metrics, and of the agents that are known by name."""
    lake.execute(value_macros())
    lake.execute("CREATE OR REPLACE TEMP TABLE metric_kind (metric VARCHAR, kind VARCHAR)")
    _insert(lake, "metric_kind", ["metric", "kind"], [(metric.key, str(metric.kind)) for metric in METRICS])
    lake.execute("CREATE OR REPLACE TEMP TABLE known_agent (name VARCHAR, agent_id UUID, agent_type VARCHAR)")
    agents = [(name, str(agent_key(name)), str(family)) for name, family in KNOWN_AGENTS]
    _insert(lake, "known_agent", ["name", "agent_id", "agent_type"], agents)


@dataclass(frozen=True)
class Changes:
    """What a window changed: silver tables and metrics by name, and how many (metric, scope, day) slices.

    `anew` says that the window began with an empty lake, so that every table was made, those without rows too.
    """

    tables: frozenset[str] = frozenset()
    metrics: frozenset[str] = frozenset()
    slices: int = 0
    anew: bool = False


def process_window(lake: duckdb.DuckDBPyConnection, high: int, *, anew: bool = False) -> Changes:
    """Bring bronze, silver and gold up to date with the rows of the temporary table `window_event`.

    No event may come in twice. With `anew` the lake has no rows yet.
    """
    lake.execute("INSERT INTO bronze.event BY NAME FROM window_event")
    lake.execute(
        "CREATE OR REPLACE TEMP TABLE touched (metric VARCHAR, scope_type VARCHAR, scope_id VARCHAR, day DATE)"
    )
    _name_repositories(lake)
    kinds = lake.execute("SELECT DISTINCT source, type FROM window_event").fetchall()
    changed = set()
    for table in TABLES:
        if table.name == _FIRST_OF_FACTS:
            lake.execute(read_sql("silver/places"))
        if any(table.follows(Source(source), event_type) for source, event_type in kinds):
            if not _BEFORE.get(table.name, _nothing)(lake):
                continue
            lake.execute(read_sql(f"silver/{table.name}"))
            if _replace(lake, table, anew=anew):
                changed.add(table.name)
    slices, metrics = _value(lake, anew=anew)
    lake.execute("INSERT INTO bronze.ledger SELECT ?, metric, scope_type, scope_id, day FROM touched_slice", [high])
    return Changes(frozenset(changed), frozenset(metric.key for metric in metrics), slices, anew)


def recompute_days(lake: duckdb.DuckDBPyConnection, first: date, last: date) -> int:
    """Compute gold of the days from `first` to `last`, and of the periods around them, anew from the facts.

    Returns how many slices that are. Where gold was right nothing changes.
    """
    lake.execute(read_sql("silver/places"))
    lake.execute(measurement_views(**_PLACED))
    lake.execute(read_sql("gold/touched_by_day"), {"first": first, "last": last})
    return _value(lake, anew=False)[0]


def compute_day(lake: duckdb.DuckDBPyConnection, day: date) -> None:
    """Fill the temporary table `fresh_value` with what gold should say of `day`, levels aside; changes nothing else."""
    lake.execute(read_sql("silver/places"))
    lake.execute(measurement_views(**_PLACED))
    lake.execute(read_sql("gold/touched_by_day"), {"first": day, "last": day})
    lake.execute("CREATE OR REPLACE TEMP TABLE touched_slice AS FROM touched")
    lake.execute(read_sql("gold/period"))
    lake.execute(read_sql("gold/day"))


def _replace(lake: duckdb.DuckDBPyConnection, table: Table, *, anew: bool) -> bool:
    """Replace the rows that differ, if any, and note the slices they stood in before and stand in now."""
    if not _count(lake, "SELECT count(*) FROM affected"):
        return False
    names = {
        "table": table.full_name,
        "key": ", ".join(table.key),
        "columns": ", ".join(_columns(lake, table)),
    }
    lake.execute(read_sql("silver/changed").format(**names))
    if not _count(lake, "SELECT count(*) FROM changed"):
        return False
    moves = table.name in _PLACES and not anew
    if moves:
        _touch_all_of(lake, table)
    if _count(lake, "SELECT count(*) FROM present"):
        lake.execute(read_sql("silver/delete").format(**names))
    lake.execute(read_sql("silver/insert").format(**names))
    if moves:
        _touch_all_of(lake, table)
    if table.name in FACTS:
        lake.execute(read_sql("silver/changed_row").format(**names))
        lake.execute(measurement_views([table.name], rows="changed_row", **_PLACED))
        lake.execute("INSERT INTO touched SELECT DISTINCT metric, scope_type, scope_id, day FROM scoped_measurement")
    return True


def _touch_all_of(lake: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Note every slice of the changed projects or repositories: a new owner or time zone moves all that they hold."""
    lake.execute(measurement_views())
    lake.execute(read_sql("gold/touched_by_owner").format(key=table.key[0]))


def _value(lake: duckdb.DuckDBPyConnection, *, anew: bool) -> tuple[int, list[Metric]]:
    """Compute the touched slices, and the longer periods around them; returns how many, and of which metrics."""
    lake.execute("CREATE OR REPLACE TEMP TABLE touched_slice AS SELECT DISTINCT * FROM touched")
    metrics = [metric(key) for (key,) in lake.execute("SELECT DISTINCT metric FROM touched_slice").fetchall()]
    if not metrics:
        return 0, []
    lake.execute(measurement_views({metric.fact for metric in metrics}, **_PLACED))
    kinds = {metric.kind for metric in metrics}
    for step in (step for step, needed in _GOLD_STEPS.items() if kinds & needed):
        lake.execute(read_sql(f"gold/{step}"))
    if not anew:
        lake.execute(read_sql("gold/delete"))
        if kinds & _STANDING:
            lake.execute(read_sql("gold/delete_lines"))
    lake.execute("INSERT INTO gold.metric_value BY NAME FROM fresh_value")
    return _count(lake, "SELECT count(*) FROM touched_slice"), metrics


def _name_repositories(lake: duckdb.DuckDBPyConnection) -> None:
    names = lake.execute("SELECT DISTINCT repository FROM window_event WHERE repository IS NOT NULL").fetchall()
    rows = [(name, str(repository_id(name))) for (name,) in names]
    lake.execute("CREATE OR REPLACE TEMP TABLE repository_name (repository VARCHAR, repository_id UUID)")
    _insert(lake, "repository_name", ["repository", "repository_id"], rows)


def _identify_signatures(lake: duckdb.DuckDBPyConnection) -> bool:
    """Classify the names and addresses that no earlier window held, before commits refer to them."""
    lake.execute(read_sql("silver/window_commit"))
    signatures = lake.execute(read_sql("silver/signature")).fetchall()
    rows = []
    for name, email, login in signatures:
        found = identify_login(login) if login is not None else identify(name or "", email)
        rows.append((name, email, login, found.key, str(found.kind), *_owner(found)))
    columns = ["name", "email", "login", "identity_key", "kind", "person_id", "agent", "agent_id", "agent_type"]
    _insert(lake, "silver.identity", columns, rows)
    return True


def _owner(found: Identity) -> tuple[str | None, str | None, str | None, str | None]:
    if found.agent is None or found.agent_type is None:
        return str(found.person_id), None, None, None
    return None, found.agent, str(agent_key(found.agent)), str(found.agent_type)


def _walk_merges(lake: duckdb.DuckDBPyConnection) -> bool:
    """Find the commits that each merged branch brought in, for the repositories this window concerns."""
    lake.execute(read_sql("silver/merge_candidate"))
    if not _has_pull_requests(lake):
        return False
    lake.execute("CREATE OR REPLACE TEMP TABLE merged_branch (repository_id UUID, number BIGINT, sha VARCHAR)")
    merges = lake.execute(
        "SELECT repository_id::VARCHAR, number, sha FROM merge_candidate WHERE by_merge ORDER BY ALL"
    ).fetchall()
    for repository in sorted({merge[0] for merge in merges}):
        parents: dict[str, list[str]] = dict(lake.execute(read_sql("silver/parents"), [repository]).fetchall())
        numbers = {sha: number for owner, number, sha in merges if owner == repository}
        rows = [
            (repository, numbers[merge], sha)
            for merge, branch in brought_in(parents, numbers).items()
            for sha in branch
        ]
        _insert(lake, "merged_branch", ["repository_id", "number", "sha"], rows)
    return True


def _has_pull_requests(lake: duckdb.DuckDBPyConnection) -> bool:
    """Return whether there are pull requests in the repositories this window concerns, or were."""
    return lake.execute(read_sql("silver/any_pull_request")).fetchone() is not None


def _has_scope_items(lake: duckdb.DuckDBPyConnection) -> bool:
    """Return whether anybody ever planned one; where nobody did, agents' tasks move none."""
    lake.execute("CREATE OR REPLACE TEMP TABLE any_scope_item AS SELECT 1 FROM silver.scope_telling LIMIT 1")
    return _has_read_scope_items(lake)


def _has_read_scope_items(lake: duckdb.DuckDBPyConnection) -> bool:
    return lake.execute("FROM any_scope_item").fetchone() is not None


def _name_agents(lake: duckdb.DuckDBPyConnection) -> bool:
    rows = [
        (name, declared, str(agent_key(name)), str(agent_type_of(name, declared)))
        for name, declared in lake.execute(read_sql("silver/agent")).fetchall()
    ]
    _insert(lake, "silver.agent", ["agent_name", "declared_type", "agent_id", "agent_type"], rows)
    return True


def _nothing(_: duckdb.DuckDBPyConnection) -> bool:
    return True


# What is made ready for a table; where that tells that no row of it can change, it is passed over.
_BEFORE: dict[str, Callable[[duckdb.DuckDBPyConnection], bool]] = {
    "commit": _identify_signatures,
    "pull_request_commit": _walk_merges,
    "pull_request": _has_pull_requests,
    "agent_activity": _name_agents,
    "scope_item": _has_scope_items,
    "scope_change": _has_read_scope_items,
    "work_pull_request": gather_work,
    "task": has_moved_task,
    "agent_usage": gather_usage,
    "pull_request_cost": has_moved_spending,
    "delivered_commit": walk_deployments,
    "pull_request_outcome": gather_deliveries,
}


def _insert(
    lake: duckdb.DuckDBPyConnection, table: str, columns: list[str], rows: Iterable[tuple[object, ...]]
) -> None:
    found = list(rows)
    if not found:
        return
    lake.register("incoming", _arrow(columns, found))
    lake.execute(read_sql("insert").format(table=table))
    lake.unregister("incoming")


def _arrow(columns: list[str], rows: list[tuple[object, ...]]) -> pa.Table:
    """Return `rows` as an Arrow table; every text column is typed so, even when it holds only nulls."""
    return pa.table(
        {
            name: pa.array(values, type=None if isinstance(values[0], int) else pa.string())
            for name, values in zip(columns, zip(*rows, strict=True), strict=True)
        }
    )


def _columns(lake: duckdb.DuckDBPyConnection, table: Table) -> list[str]:
    return [row[0] for row in lake.execute(f"DESCRIBE {table.full_name}").fetchall()]


def _count(lake: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = lake.execute(sql).fetchone()
    assert row is not None
    return int(row[0])
