"""The one reader of gold: metric values with their sample size, coverage and bounds, at one snapshot of the lake."""

import threading
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files

import duckdb
import pyarrow as pa

from kino_core.errors import InvalidInput, NotFound
from kino_core.lake import LakeNotReady, connect_lake
from kino_core.measurements import measurement_views, value_macros
from kino_core.metrics import Kind, Metric, ScopeType, metric
from kino_core.periods import Grain, Period
from kino_core.settings import Settings


@dataclass(frozen=True)
class Scope:
    """Whose number is asked for; `id` is None for the portfolio, a UUID or an agent type's name otherwise."""

    type: ScopeType
    id: uuid.UUID | str | None = None

    @property
    def key(self) -> str:
        """Return the id as gold spells it."""
        return "all" if self.id is None else str(self.id)


PORTFOLIO = Scope(ScopeType.PORTFOLIO)


@dataclass(frozen=True)
class Point:
    """One period of a series; `value` is None where there is no input."""

    start: date
    end: date
    value: float | None
    n: int


@dataclass(frozen=True)
class Interval:
    """Where the true value lies in 95 of 100 samples like this one."""

    low: float
    high: float


@dataclass(frozen=True)
class MetricValue:
    """A number and everything needed to judge it.

    `n` counts the entities behind it and `coverage` (0 to 1, None without entities) the share of them whose input
    exists. `lower` and `upper` are None where the metric has no bounds. `p90` is the 90th percentile beside a median,
    and `interval` says how far a median or a share may be off by chance.
    """

    metric: Metric
    scope: Scope
    period: Period
    value: float | None
    n: int
    coverage: float | None
    lower: float | None
    upper: float | None
    as_of: datetime
    snapshot_id: int
    p90: float | None = None
    interval: Interval | None = None
    series: list[Point] = field(default_factory=list)


@dataclass(frozen=True)
class Evidence:
    """One entity behind a value, and the event that told of it; `numerator` is None where the input is missing."""

    entity: str
    event_source: str
    event_id: str
    occurred_at: datetime
    numerator: float | None
    denominator: float | None


class NoSnapshot(NotFound):
    """The lake holds no snapshot as old as the moment asked for."""

    code = "NO_SNAPSHOT"


class Warehouse:
    """A standing, read-only connection to the lake for the threads of one process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._lake: duckdb.DuckDBPyConnection | None = None

    @contextmanager
    def gold(self) -> Iterator["Gold"]:
        """Yield a reader pinned to the newest snapshot for as long as the block runs.

        Raises LakeNotReady before the first refresh and while PostgreSQL is away.
        """
        with self._session() as lake:
            yield Gold(lake)

    def close(self) -> None:
        """Close the connection; the next reader opens another."""
        with self._lock:
            if self._lake is not None:
                self._lake.close()
                self._lake = None

    @contextmanager
    def _session(self) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            lake = self._begin()
        except duckdb.Error:
            # The catalog's server may have restarted since the connection was made; a fresh one tells.
            self.close()
            try:
                lake = self._begin()
            except duckdb.Error as error:
                raise LakeNotReady("The lake does not answer. Try again in a moment.") from error
        try:
            yield lake
        finally:
            lake.close()

    def _begin(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._lake is None:
                self._lake = _reader(self._settings)
            session = self._lake.cursor()
        session.execute("USE lake")
        session.execute("BEGIN")
        session.execute("FROM lake.current_snapshot()").fetchall()
        return session


@contextmanager
def open_gold(settings: Settings, as_of: datetime | None = None) -> Iterator["Gold"]:
    """Yield a reader of gold for one piece of work: the newest snapshot, or the newest not younger than `as_of`.

    Raises LakeNotReady before the first refresh and NoSnapshot when nothing is that old.
    """
    lake = _reader(settings)
    try:
        if as_of is not None:
            found = lake.execute(
                "SELECT max(snapshot_id) FROM lake.snapshots() WHERE snapshot_time <= ?", [as_of]
            ).fetchone()
            if found is None or found[0] is None:
                raise NoSnapshot("The lake holds no numbers that old. Ask for a later moment.")
            lake.close()
            lake = _reader(settings, snapshot_id=found[0])
        lake.execute("BEGIN")
        yield Gold(lake)
    finally:
        lake.close()


def _reader(settings: Settings, snapshot_id: int | None = None) -> duckdb.DuckDBPyConnection:
    lake = connect_lake(settings.database_url, settings.lake_path, read_only=True, snapshot_id=snapshot_id)
    lake.execute("SET memory_limit = '1GB'")
    return lake


class Gold:
    """Gold as one snapshot of the lake holds it; every answer comes from that snapshot."""

    def __init__(self, lake: duckdb.DuckDBPyConnection) -> None:
        self._lake = lake
        try:
            # A question for it by name: the catalog's own list of tables takes fifty times as long.
            columns = {row[0] for row in lake.execute("DESCRIBE gold.metric_value").fetchall()}
        except duckdb.CatalogException:
            raise LakeNotReady("The numbers are being prepared. Try again in a moment.") from None
        if not columns.issuperset(_Cell.__dataclass_fields__):
            raise LakeNotReady("The numbers were made by an older Kino and are being made anew. Try again in a moment.")
        found = lake.execute(
            "SELECT snapshot_id, snapshot_time FROM lake.snapshots()"
            " WHERE snapshot_id = (SELECT id FROM lake.current_snapshot())"
        ).fetchone()
        assert found is not None
        self.snapshot_id: int = found[0]
        self.as_of: datetime = found[1].astimezone(UTC)

    def value(self, key: str, scope: Scope, period: Period, by: Grain | None = None) -> MetricValue:
        """Return metric `key` of `scope` in `period`, with a series of `by` periods when asked for.

        Raises UnknownMetric.
        """
        return self.values([key], [scope], period, by)[key, scope]

    def values(
        self, keys: Sequence[str], scopes: Sequence[Scope], period: Period, by: Grain | None = None
    ) -> dict[tuple[str, Scope], MetricValue]:
        """Return every metric of `keys` for every scope, by (key, scope), in a few queries for all of them."""
        parts = list(period.split(by)) if by else []
        cells = self._cells([metric(key) for key in keys], scopes, [period, *parts])
        return {
            (key, scope): self._value(
                metric(key),
                scope,
                period,
                [(part, cells[key, scope, part]) for part in parts],
                cells[key, scope, period],
            )
            for key in keys
            for scope in scopes
        }

    def _value(
        self, declared: Metric, scope: Scope, period: Period, parts: list[tuple[Period, "_Cell"]], whole: "_Cell"
    ) -> MetricValue:
        return MetricValue(
            metric=declared,
            scope=scope,
            period=period,
            value=whole.value,
            n=whole.n,
            coverage=whole.n / whole.entities if whole.entities else None,
            p90=whole.p90,
            interval=None if whole.low is None or whole.high is None else Interval(whole.low, whole.high),
            lower=whole.lower,
            upper=whole.upper,
            as_of=self.as_of,
            snapshot_id=self.snapshot_id,
            series=[Point(part.start, part.end, cell.value, cell.n) for part, cell in parts],
        )

    def explain(
        self,
        key: str,
        scope: Scope,
        period: Period,
        limit: int = 100,
        offset: int = 0,
        *,
        projects: Collection[uuid.UUID] | None = None,
    ) -> list[Evidence]:
        """Return the entities behind a value, oldest first, each with the event that told of it.

        `projects` leaves only what belongs to one of them.
        """
        declared = metric(key)
        if limit < 1 or offset < 0:
            raise InvalidInput("A page needs a positive limit and an offset that is not negative.", field="limit")
        self._lake.execute(measurement_views([declared.fact]))
        rows = self._lake.execute(
            _sql("explain"),
            {
                "metric": declared.key,
                "scope_type": str(scope.type),
                "scope_id": scope.key,
                # A level at the end of a period stands on every change before it.
                "first": date.min if declared.kind in (Kind.LEVEL, Kind.LEVEL_RATIO) else period.start,
                "last": period.end,
                "projects": None if projects is None else [str(each) for each in projects],
                "limit": limit,
                "offset": offset,
            },
        ).fetchall()
        return [
            Evidence(entity, source, event_id, occurred_at.astimezone(UTC), numerator, denominator)
            for entity, source, event_id, occurred_at, numerator, denominator in rows
        ]

    def _cells(
        self, metrics: Sequence[Metric], scopes: Sequence[Scope], periods: Sequence[Period]
    ) -> dict[tuple[str, Scope, Period], "_Cell"]:
        """Return a cell for every metric, scope and period; one that gold does not hold is empty."""
        asked = [(declared, scope, period) for declared in metrics for scope in scopes for period in periods]
        if not asked:
            return {}
        self._lake.register("asked", _asked(asked))
        self._lake.execute(value_macros())
        rows = self._lake.execute(_sql("read")).fetchall()
        medians = {declared.fact for declared in metrics if declared.kind is Kind.MEDIAN}
        if medians and any(period.grain is None for period in periods):
            self._lake.execute(measurement_views(medians))
            rows += self._lake.execute(_sql("read_median")).fetchall()
        self._lake.unregister("asked")
        cells = {place: _Cell(*cell) for place, *cell in rows}
        return {
            (declared.key, scope, period): cells.get(place, _Cell())
            for place, (declared, scope, period) in enumerate(asked)
        }


@dataclass(frozen=True)
class _Cell:
    value: float | None = None
    p90: float | None = None
    low: float | None = None
    high: float | None = None
    lower: float | None = None
    upper: float | None = None
    n: int = 0
    entities: int = 0


def _asked(asked: Iterable[tuple[Metric, Scope, Period]]) -> pa.Table:
    rows = [
        (place, declared.key, str(declared.kind), str(scope.type), scope.key, period.grain, period.start, period.end)
        for place, (declared, scope, period) in enumerate(asked)
    ]
    names = ["place", "metric", "kind", "scope_type", "scope_id", "grain", "first", "last"]
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return pa.table(columns, schema=_ASKED)


_ASKED = pa.schema(
    {
        "place": pa.int64(),
        "metric": pa.string(),
        "kind": pa.string(),
        "scope_type": pa.string(),
        "scope_id": pa.string(),
        "grain": pa.string(),
        "first": pa.date32(),
        "last": pa.date32(),
    }
)


@cache
def _sql(name: str) -> str:
    return (files("kino_core") / "sql" / f"{name}.sql").read_text()
