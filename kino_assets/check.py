"""The warehouse check: everything computed anew from the log, compared with the lake row by row."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import duckdb
import psycopg

from kino_assets.pipeline import compute_day, declare, prepare, process_window
from kino_assets.refresh import has_lake, load_window, one_committer
from kino_assets.sql import read_sql
from kino_assets.window import next_window, open_log
from kino_core.gold import Warehouse
from kino_core.lake import connect_lake
from kino_core.measurements import FACTS
from kino_core.metrics import Metric, ScopeType
from kino_core.periods import Grain, Period
from kino_core.scope import PORTFOLIO, Scope
from kino_core.settings import Settings

# The ledger and the cursor tell when rows were computed, not what they are.
_BOOKKEEPING = {"cursor", "ledger"}


@dataclass(frozen=True)
class TableCheck:
    """How many rows a table of the lake has, and how many differ from the recomputed ones."""

    name: str
    rows: int
    differences: int


@dataclass(frozen=True)
class WarehouseCheck:
    """The outcome of a check; `ok` when no table differs."""

    tables: list[TableCheck] = field(default_factory=list)

    @property
    def differences(self) -> int:
        return sum(table.differences for table in self.tables)

    @property
    def ok(self) -> bool:
        return self.differences == 0


def check_warehouse(settings: Settings) -> WarehouseCheck:
    """Recompute every table from the events that the lake has read so far, and compare.

    Holds off refreshes while it runs; changes nothing.
    """
    with one_committer(settings) as postgres, _rebuilt(settings, postgres) as lake:
        tables = lake.execute(
            "SELECT schema_name, table_name FROM duckdb_tables()"
            " WHERE database_name = 'scratch' AND schema_name IN ('bronze', 'silver', 'gold') ORDER BY ALL"
        ).fetchall()
        names = [f"{schema}.{name}" for schema, name in tables if name not in _BOOKKEEPING]
        filled = _ever_filled(lake, postgres, names)
        return WarehouseCheck([_compare(lake, name) if name in filled else TableCheck(name, 0, 0) for name in names])


@dataclass(frozen=True)
class DayCheck:
    """The outcome of a check of one day: how many rows differ, by metric; `day` is None for an empty lake."""

    day: date | None
    differences: dict[str, int]


def check_some_day(settings: Settings, day: date | None = None) -> DayCheck:
    """Compute `day`, or any day at random, anew from the facts, and compare gold with it; levels aside."""
    if not has_lake(settings):
        return DayCheck(None, {})
    with closing(connect_lake(settings, read_only=True)) as lake:
        lake.execute("BEGIN")
        declare(lake)
        row = (day,) if day else lake.execute(read_sql("gold/some_day")).fetchone()
        if row is None:
            return DayCheck(None, {})
        compute_day(lake, row[0])
        return DayCheck(row[0], dict(lake.execute(read_sql("gold/differing"), [row[0]]).fetchall()))


def count_orphans(settings: Settings) -> dict[str, int]:
    """Return, for each table of facts, how many rows name an event that the log does not hold."""
    if not has_lake(settings):
        return dict.fromkeys(FACTS, 0)
    with closing(connect_lake(settings, read_only=True)) as lake:
        found = lake.execute(" UNION ALL ".join(read_sql("silver/orphans").format(fact=fact) for fact in FACTS))
        return dict(found.fetchall())


@dataclass(frozen=True)
class StateCheck:
    """Of how many projects a state is known now, the portfolio counted too, and how many values cannot be true."""

    known: int
    implausible: int


def check_states(settings: Settings, states: Sequence[Metric]) -> dict[str, StateCheck]:
    """Work `states` out for every project and the portfolio as of now, and look whether they can be true."""
    if not has_lake(settings):
        return {state.key: StateCheck(0, 0) for state in states}
    with closing(Warehouse(settings)) as warehouse, warehouse.gold() as gold:
        scopes = [PORTFOLIO, *(Scope(ScopeType.PROJECT, project) for project in gold.projects())]
        today = Period.of(Grain.DAY, datetime.now(UTC).date())
        found = gold.values([state.key for state in states], scopes, today)
    checks = {}
    for state in states:
        known = [value for scope in scopes if (value := found[state.key, scope]).value is not None]
        wrong = [each for each in known if (each.coverage or 0) > 1 or ((each.value or 0) < 0 and not state.signed)]
        checks[state.key] = StateCheck(len(known), len(wrong))
    return checks


@contextmanager
def _rebuilt(settings: Settings, postgres: psycopg.Connection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection with the lake attached as `lake` and its recomputed copy as `scratch`."""
    lake = connect_lake(settings, read_only=True)
    try:
        row = lake.execute("SELECT low FROM lake.bronze.cursor").fetchone()
        lake.execute("ATTACH ':memory:' AS scratch")
        lake.execute("USE scratch")
        prepare(lake)
        window = replace(next_window(postgres, 0, everything=False), high=int(row[0]) if row else 0)
        with open_log(settings.database_url) as log_reader:
            load_window(lake, log_reader, window)
        process_window(lake, window.high, anew=True)
        yield lake
    finally:
        lake.close()


def _ever_filled(lake: duckdb.DuckDBPyConnection, postgres: psycopg.Connection, names: Sequence[str]) -> set[str]:
    """Return those that the lake ever had a row of, or should have one of: reading the others shows nothing."""
    held = {name for (name,) in postgres.execute(read_sql("ever_filled")).fetchall()}
    due = {name for name in names if lake.table(f"scratch.{name}").limit(1).fetchone()}
    return held | due


def _compare(lake: duckdb.DuckDBPyConnection, table: str) -> TableCheck:
    row = lake.execute(read_sql("compare").format(table=table)).fetchone()
    assert row is not None
    rows, unexpected, missing = row
    return TableCheck(table, rows, unexpected + missing)
