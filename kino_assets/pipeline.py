"""One window of events through bronze, silver and gold, by the files in `sql/`, inside the caller's transaction."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from kino_assets.history import brought_in
from kino_assets.sql import read_sql
from kino_core.events import Source, agent_key, repository_id
from kino_core.identities import KNOWN_AGENTS, Identity, agent_type_of, identify, identify_login
from kino_core.measurements import FACTS, measurement_views, value_macros
from kino_core.metrics import METRICS, Kind, metric


@dataclass(frozen=True)
class Table:
    """A silver table that is kept by replacing whole rows; only events of `sources` can change it."""

    name: str
    key: tuple[str, ...]
    sources: frozenset[Source]

    @property
    def full_name(self) -> str:
        return f"silver.{self.name}"


_KINO, _GITHUB, _AGENT = frozenset([Source.KINO]), frozenset([Source.GITHUB]), frozenset([Source.AGENT])
_CODE = frozenset([Source.GIT, Source.GITHUB])

# In the order in which each needs the ones before it.
TABLES: tuple[Table, ...] = (
    Table("project", ("project_id",), _KINO),
    Table("repository", ("repository_id",), _KINO | _CODE),
    Table("commit", ("repository_id", "sha"), _CODE),
    Table("github_pull_request", ("repository_id", "number"), _GITHUB),
    Table("pull_request_commit", ("repository_id", "number", "sha"), _CODE),
    Table("pull_request", ("repository_id", "number"), _CODE),
    Table("agent_activity", ("event_source", "event_id"), _AGENT),
    Table("test_run", ("event_source", "event_id"), _AGENT),
    Table("task", ("project_id", "task_id"), _AGENT),
    Table("blocker_resolution", ("event_source", "event_id"), _KINO),
    Table("blocker_change", ("project_id", "blocker_id"), _AGENT | _KINO),
    Table("landed_event", ("place", "source", "since"), frozenset(Source)),
)

_FAMILIES = ("log", "code", "agents", "states", "gold")
_STANDING = frozenset([Kind.LEVEL, Kind.LEVEL_RATIO])
_HAPPENING = frozenset(Kind) - _STANDING
_GOLD_STEPS = {"day": _HAPPENING, "longer": _HAPPENING, "median": frozenset([Kind.MEDIAN]), "level": _STANDING}


def prepare(lake: duckdb.DuckDBPyConnection) -> None:
    """Make the tables and views that are missing in the current catalog."""
    for family in _FAMILIES:
        lake.execute(read_sql(f"tables/{family}"))
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


def process_window(lake: duckdb.DuckDBPyConnection, high: int) -> Changes:
    """Bring bronze, silver and gold up to date with the rows of the temporary table `window_event`.

    Running it again with the same rows changes nothing.
    """
    lake.execute(
        "INSERT INTO bronze.event BY NAME SELECT * FROM window_event ANTI JOIN bronze.event USING (source, event_id)"
    )
    lake.execute(
        "CREATE OR REPLACE TEMP TABLE touched (metric VARCHAR, scope_type VARCHAR, scope_id VARCHAR, day DATE)"
    )
    _name_repositories(lake)
    sources = {Source(name) for (name,) in lake.execute("SELECT DISTINCT source FROM window_event").fetchall()}
    changed = set()
    for table in (table for table in TABLES if table.sources & sources):
        _BEFORE.get(table.name, _nothing)(lake)
        lake.execute(read_sql(f"silver/{table.name}"))
        if _replace(lake, table):
            changed.add(table.name)
    lake.execute("CREATE OR REPLACE TEMP TABLE touched_slice AS SELECT DISTINCT * FROM touched")
    metrics = [metric(key) for (key,) in lake.execute("SELECT DISTINCT metric FROM touched_slice").fetchall()]
    if metrics:
        lake.execute(measurement_views({metric.fact for metric in metrics}))
    kinds = {metric.kind for metric in metrics}
    for step in (step for step, needed in _GOLD_STEPS.items() if kinds & needed):
        lake.execute(read_sql(f"gold/{step}"))
    lake.execute("INSERT INTO bronze.ledger SELECT ?, metric, scope_type, scope_id, day FROM touched_slice", [high])
    return Changes(
        frozenset(changed),
        frozenset(metric.key for metric in metrics),
        _count(lake, "SELECT count(*) FROM touched_slice"),
    )


def _replace(lake: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Replace the rows that differ, if any, and note the slices they stood in before and stand in now."""
    names = {
        "table": table.full_name,
        "key": ", ".join(table.key),
        "columns": ", ".join(_columns(lake, table)),
    }
    lake.execute(read_sql("silver/changed").format(**names))
    if not _count(lake, "SELECT count(*) FROM changed"):
        return False
    _touch(lake, table)
    lake.execute(read_sql("silver/replace").format(**names))
    _touch(lake, table)
    return True


def _touch(lake: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Note the slices that the changed rows of `table` stand in, with the lake as it is at this moment."""
    if table.name in FACTS:
        lake.execute(measurement_views([table.name]))
        lake.execute(read_sql("gold/touched_by_fact").format(key=", ".join(table.key)))
    elif table.name in ("project", "repository"):
        lake.execute(measurement_views())
        lake.execute(read_sql("gold/touched_by_owner").format(key=table.key[0]))


def _name_repositories(lake: duckdb.DuckDBPyConnection) -> None:
    names = lake.execute("SELECT DISTINCT repository FROM window_event WHERE repository IS NOT NULL").fetchall()
    rows = [(name, str(repository_id(name))) for (name,) in names]
    lake.execute("CREATE OR REPLACE TEMP TABLE repository_name (repository VARCHAR, repository_id UUID)")
    _insert(lake, "repository_name", ["repository", "repository_id"], rows)


def _identify_signatures(lake: duckdb.DuckDBPyConnection) -> None:
    """Classify the names and addresses that no earlier window held, before commits refer to them."""
    lake.execute(read_sql("silver/window_commit"))
    signatures = lake.execute(read_sql("silver/signature")).fetchall()
    rows = []
    for name, email, login in signatures:
        found = identify_login(login) if login is not None else identify(name or "", email)
        rows.append((name, email, login, found.key, str(found.kind), *_owner(found)))
    columns = ["name", "email", "login", "identity_key", "kind", "person_id", "agent", "agent_id", "agent_type"]
    _insert(lake, "silver.identity", columns, rows)


def _owner(found: Identity) -> tuple[str | None, str | None, str | None, str | None]:
    if found.agent is None or found.agent_type is None:
        return str(found.person_id), None, None, None
    return None, found.agent, str(agent_key(found.agent)), str(found.agent_type)


def _walk_merges(lake: duckdb.DuckDBPyConnection) -> None:
    """Find the commits that each merged branch brought in, for the repositories this window concerns."""
    lake.execute(read_sql("silver/merge_candidate"))
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


def _name_agents(lake: duckdb.DuckDBPyConnection) -> None:
    rows = [
        (name, declared, str(agent_key(name)), str(agent_type_of(name, declared)))
        for name, declared in lake.execute(read_sql("silver/agent")).fetchall()
    ]
    _insert(lake, "silver.agent", ["agent_name", "declared_type", "agent_id", "agent_type"], rows)


def _nothing(_: duckdb.DuckDBPyConnection) -> None:
    return None


_BEFORE: dict[str, Callable[[duckdb.DuckDBPyConnection], None]] = {
    "commit": _identify_signatures,
    "pull_request_commit": _walk_merges,
    "agent_activity": _name_agents,
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
