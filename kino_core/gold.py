"""The one reader of gold: metric values with their sample size, coverage and bounds, at one snapshot of the lake."""

import threading
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files

import duckdb

from kino_core.cells import KEPT_COLUMNS, Cells, read_cells
from kino_core.comparisons import last_periods, last_weeks, period_a_year_ago, period_before
from kino_core.errors import InvalidInput
from kino_core.judgements import Detail
from kino_core.lake import LakeNotReady, connect_lake
from kino_core.measurements import measurement_views
from kino_core.metrics import Kind, Metric, metric
from kino_core.periods import Grain, Period
from kino_core.scope import PORTFOLIO as PORTFOLIO
from kino_core.scope import Scope as Scope
from kino_core.settings import Settings
from kino_core.states import explain_state
from kino_core.statistics import Trend, trend


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
    and `interval` says how far a median or a share may be off by chance. `details` and `reasons` are what else a
    state tells, by name and in words. `previous` and `year_ago` hold the same metric in the period before and a year
    before, `trend` how its last periods go; they are None where nobody asked to compare.
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
    details: Mapping[str, Detail] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    previous: Point | None = None
    year_ago: Point | None = None
    trend: Trend | None = None
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


class Warehouse:
    """A standing, read-only connection to the lake for the threads of one process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._lake: duckdb.DuckDBPyConnection | None = None

    @contextmanager
    def gold(self, now: datetime | None = None) -> Iterator["Gold"]:
        """Yield a reader pinned to the newest snapshot for as long as the block runs; `now` is that of states.

        Raises LakeNotReady before the first refresh and while PostgreSQL is away.
        """
        with self._session() as lake:
            yield Gold(lake, now)

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

    States are as of that moment then, else as of now. Raises LakeNotReady before the first refresh and NoSnapshot when
    nothing is that old.
    """
    lake = _reader(settings, as_of)
    try:
        lake.execute("BEGIN")
        yield Gold(lake, as_of)
    finally:
        lake.close()


def _reader(settings: Settings, snapshot: datetime | None = None) -> duckdb.DuckDBPyConnection:
    lake = connect_lake(settings, read_only=True, snapshot=snapshot)
    lake.execute("SET memory_limit = '1GB'")
    return lake


class Gold:
    """Gold as one snapshot of the lake holds it; every answer comes from that snapshot, states as of `now`."""

    def __init__(self, lake: duckdb.DuckDBPyConnection, now: datetime | None = None) -> None:
        self._lake = lake
        self.now = now or datetime.now(UTC)
        try:
            # A question for it by name: the catalog's own list of tables takes fifty times as long.
            columns = {row[0] for row in lake.execute("DESCRIBE gold.metric_value").fetchall()}
        except duckdb.CatalogException:
            raise LakeNotReady("The numbers are being prepared. Try again in a moment.") from None
        if not columns.issuperset(KEPT_COLUMNS):
            raise LakeNotReady("The numbers were made by an older Kino and are being made anew. Try again in a moment.")
        found = lake.execute(
            "SELECT snapshot_id, snapshot_time FROM lake.snapshots()"
            " WHERE snapshot_id = (SELECT id FROM lake.current_snapshot())"
        ).fetchone()
        assert found is not None
        self.snapshot_id: int = found[0]
        self.as_of: datetime = found[1].astimezone(UTC)

    def value(
        self,
        key: str,
        scope: Scope,
        period: Period,
        by: Grain | None = None,
        *,
        compared: bool = False,
        projects: Collection[uuid.UUID] | None = None,
    ) -> MetricValue:
        """Return metric `key` of `scope` in `period`, with a series of `by` periods when asked for.

        With `compared` it is held against the period before, a year before, and its last periods.
        Reasons name what belongs to one of `projects`, all where None. Raises UnknownMetric.
        """
        return self.values([key], [scope], period, by, compared=compared, projects=projects)[key, scope]

    def values(
        self,
        keys: Sequence[str],
        scopes: Sequence[Scope],
        period: Period,
        by: Grain | None = None,
        *,
        compared: bool = False,
        projects: Collection[uuid.UUID] | None = None,
    ) -> dict[tuple[str, Scope], MetricValue]:
        """Return every metric of `keys` for every scope, by (key, scope), in a few queries for all of them."""
        plans = {key: self._plan(metric(key), period, by, compared) for key in keys}
        cells = read_cells(
            self._lake,
            self.now,
            [(metric(key), scope, each) for key in keys for scope in scopes for each in plans[key].periods],
            projects,
        )
        return {(key, scope): self._value(metric(key), scope, plans[key], cells) for key in keys for scope in scopes}

    def _plan(self, declared: Metric, period: Period, by: Grain | None, compared: bool) -> "_Plan":
        parts = tuple(period.split(by)) if by else ()
        if not compared:
            return _Plan(period, parts)
        today = self.now.date()
        return _Plan(
            period,
            parts,
            period_before(declared, period, today),
            period_a_year_ago(declared, period, today),
            tuple(last_periods(period, today)),
        )

    def _value(self, declared: Metric, scope: Scope, plan: "_Plan", cells: Cells) -> MetricValue:
        whole = cells[declared.key, scope, plan.period]

        def point(period: Period) -> Point:
            cell = cells[declared.key, scope, period]
            return Point(period.start, period.end, cell.value, cell.n)

        return MetricValue(
            metric=declared,
            scope=scope,
            period=plan.period,
            value=whole.value,
            n=whole.n,
            coverage=whole.n / whole.entities if whole.entities else None,
            p90=whole.p90,
            interval=None if whole.low is None or whole.high is None else Interval(whole.low, whole.high),
            lower=whole.lower,
            upper=whole.upper,
            as_of=self.as_of,
            snapshot_id=self.snapshot_id,
            details=whole.details,
            reasons=whole.reasons,
            previous=None if plan.before is None else point(plan.before),
            year_ago=None if plan.year_ago is None else point(plan.year_ago),
            trend=trend([point(period).value for period in plan.lately], declared.direction),
            series=[point(part) for part in plan.parts],
        )

    def projects(self) -> list[uuid.UUID]:
        """Return every project that the lake knows."""
        return [project for (project,) in self._lake.execute("SELECT project_id FROM silver.project").fetchall()]

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
        seen = None if projects is None else [str(each) for each in projects]
        if declared.trend_of is not None:
            weeks = last_weeks(period, self.now.date())
            return self.explain(
                declared.trend_of, scope, Period(weeks[0].start, weeks[-1].end), limit, offset, projects=projects
            )
        if declared.scopes and scope.type not in declared.scopes:
            return []
        if declared.kind is Kind.STATE:
            place = (str(scope.type), scope.key, period)
            rows = explain_state(self._lake, declared, place, self.now, projects=seen, limit=limit, offset=offset)
            return [_evidence(row) for row in rows]
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
                "projects": seen,
                "limit": limit,
                "offset": offset,
            },
        ).fetchall()
        return [_evidence(row) for row in rows]


@dataclass(frozen=True)
class _Plan:
    """The periods that a value is read of."""

    period: Period
    parts: tuple[Period, ...]
    before: Period | None = None
    year_ago: Period | None = None
    lately: tuple[Period, ...] = ()

    @property
    def periods(self) -> set[Period]:
        compared = [each for each in (self.before, self.year_ago) if each is not None]
        return {self.period, *self.parts, *compared, *self.lately}


def _evidence(row: tuple[str, str, str, datetime, float | None, float | None]) -> Evidence:
    entity, source, event_id, occurred_at, numerator, denominator = row
    return Evidence(entity, source, event_id, occurred_at.astimezone(UTC), numerator, denominator)


@cache
def _sql(name: str) -> str:
    return (files("kino_core") / "sql" / f"{name}.sql").read_text()
