"""What metrics come to, place by place: from gold what it keeps, from silver what passes with time."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files

import duckdb
import pyarrow as pa

from kino_core.comparisons import last_weeks
from kino_core.judgements import Detail
from kino_core.measurements import measurement_views, value_macros
from kino_core.metrics import Kind, Metric, metric
from kino_core.periods import Period
from kino_core.scope import Scope
from kino_core.states import read_states
from kino_core.statistics import trend


@dataclass(frozen=True)
class Cell:
    """What a metric comes to in one scope and period, without the words around it."""

    value: float | None = None
    p90: float | None = None
    low: float | None = None
    high: float | None = None
    lower: float | None = None
    upper: float | None = None
    n: int = 0
    entities: int = 0
    details: Mapping[str, Detail] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()


KEPT_COLUMNS = ("value", "p90", "low", "high", "lower", "upper", "n", "entities")
"""The part of a cell that gold holds, in the order of a cell's members."""

Asked = tuple[Metric, Scope, Period]
Cells = dict[tuple[str, Scope, Period], Cell]


def read_cells(
    lake: duckdb.DuckDBPyConnection,
    now: datetime,
    asked: Sequence[Asked],
    projects: Collection[uuid.UUID] | None = None,
) -> Cells:
    """Return a cell for every metric, scope and period; one that there is no input of is empty.

    Reasons name what belongs to one of `projects`, all where None.
    """
    kept = [each for each in asked if each[0].kind is not Kind.STATE]
    passing = [each for each in asked if each[0].kind is Kind.STATE and each[0].trend_of is None]
    trends = [each for each in asked if each[0].trend_of is not None]
    empty = {(declared.key, scope, period): Cell() for declared, scope, period in asked}
    return empty | _kept(lake, kept) | _passing(lake, now, passing, projects) | _trends(lake, now, trends)


def _kept(lake: duckdb.DuckDBPyConnection, asked: Sequence[Asked]) -> Cells:
    """Return the cells that gold holds."""
    if not asked:
        return {}
    lake.register("asked", _asked(asked))
    lake.execute(value_macros())
    rows = lake.execute(_sql("read")).fetchall()
    medians = {declared.fact for declared, _, period in asked if declared.kind is Kind.MEDIAN and not period.grain}
    if medians:
        lake.execute(measurement_views(medians))
        rows += lake.execute(_sql("read_median")).fetchall()
    lake.unregister("asked")
    return {(asked[place][0].key, *asked[place][1:]): Cell(*cell) for place, *cell in rows}


def _passing(
    lake: duckdb.DuckDBPyConnection, now: datetime, asked: Sequence[Asked], projects: Collection[uuid.UUID] | None
) -> Cells:
    """Return the cells of states, as of the ends of their periods or of now."""
    asked = [each for each in asked if not each[0].scopes or each[1].type in each[0].scopes]
    metrics = dict.fromkeys(declared for declared, _, _ in asked)
    places = list(dict.fromkeys((scope, period) for _, scope, period in asked))
    found = read_states(
        lake,
        metrics,
        [(str(scope.type), scope.key, period) for scope, period in places],
        now,
        None if projects is None else [str(each) for each in projects],
    )
    wanted = {(declared.key, scope, period) for declared, scope, period in asked}
    return {
        (key, *places[place]): Cell(
            state.value, n=state.n, entities=state.entities, details=state.details, reasons=state.reasons
        )
        for (key, place), state in found.items()
        if (key, *places[place]) in wanted
    }


def _trends(lake: duckdb.DuckDBPyConnection, now: datetime, asked: Sequence[Asked]) -> Cells:
    """Return the cells of metrics that say how another one goes by weeks."""
    if not asked:
        return {}
    today = now.date()
    of = [(declared, metric(declared.trend_of or ""), scope, period) for declared, scope, period in asked]
    weeks = {period: last_weeks(period, today) for _, _, scope, period in of if period.start <= today}
    cells = read_cells(
        lake, now, [(told, scope, week) for _, told, scope, period in of for week in weeks.get(period, ())]
    )
    return {
        (declared.key, scope, period): _trend_cell([cells[told.key, scope, week].value for week in weeks[period]], told)
        for declared, told, scope, period in of
        if period in weeks
    }


def _trend_cell(values: list[float | None], told: Metric) -> Cell:
    known = sum(value is not None for value in values)
    found = trend(values, told.direction)
    if found is None:
        return Cell(n=0, entities=known)
    return Cell(found.slope, n=found.n, entities=known, details={"trend": str(found.word), "p": found.p})


def _asked(asked: Iterable[Asked]) -> pa.Table:
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
