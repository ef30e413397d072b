"""What holds at a moment: metrics that change although nothing happens, worked out from silver when they are asked for.

Each stands on the rows of `sql/states/<key>.sql`, which name `place`, an `entity` with its `project_id`, the event that
told of it (`event_source`, `event_id`, `occurred_at`), its `numerator`, a `reason` in words where it has one, and
whether it is `counted`. Rows that are not counted tell that the place has input, or what others are compared with.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from itertools import groupby
from operator import itemgetter

import duckdb
import pyarrow as pa

from kino_core.judgements import JUDGEMENTS, Detail, Moment, Row, State
from kino_core.lake import quoted
from kino_core.metrics.declaration import Metric
from kino_core.periods import Period

MOST_REASONS = 20


def read_states(
    lake: duckdb.DuckDBPyConnection,
    metrics: Iterable[Metric],
    asked: Sequence[tuple[str, str, Period]],
    now: datetime,
    projects: Collection[str] | None = None,
) -> dict[tuple[str, int], State]:
    """Return each of `metrics` for each asked (scope type, scope id, period), by the metric's key and the place in it.

    What has no input is not in it. Reasons name what belongs to one of `projects`, all where None.
    """
    if not asked:
        return {}
    _ask(lake, asked, now)
    found: dict[tuple[str, int], State] = {}
    chosen = list(metrics)
    # A snapshot from before a table was there knows nothing of what stands on it.
    with suppress(duckdb.CatalogException):
        _share(lake, chosen)
    for metric in chosen:
        with suppress(duckdb.CatalogException):
            found.update({(metric.key, place): state for place, state in _values(lake, metric, projects)})
    return found


def explain_state(
    lake: duckdb.DuckDBPyConnection,
    metric: Metric,
    asked: tuple[str, str, Period],
    now: datetime,
    *,
    projects: Collection[str] | None,
    limit: int,
    offset: int,
) -> list[tuple[str, str, str, datetime, float | None, float | None]]:
    """Return what a state stands on, the oldest first: rows of entity, event, time, numerator and denominator."""
    _ask(lake, [asked], now)
    bound = {"projects": None if projects is None else list(projects), "limit": limit, "offset": offset}
    with suppress(duckdb.CatalogException):
        _share(lake, [metric])
        _prepare(lake, metric)
        return lake.execute(_sql("explain").format(rows=_rows(metric)), bound).fetchall()
    return []


def _ask(lake: duckdb.DuckDBPyConnection, asked: Sequence[tuple[str, str, Period]], now: datetime) -> None:
    rows = [(place, *scope, period.start, period.end, now) for place, (*scope, period) in enumerate(asked)]
    columns = zip(_ASKED.names, map(list, zip(*rows, strict=True)), strict=True)
    lake.register("asked_period", pa.table(dict(columns), schema=_ASKED))
    lake.execute(_sql("asked"))
    lake.unregister("asked_period")


def _values(
    lake: duckdb.DuckDBPyConnection, metric: Metric, projects: Collection[str] | None
) -> list[tuple[int, State]]:
    _prepare(lake, metric)
    if not metric.value:
        return _worked_out(lake, metric)
    told = ", ".join(f"'{name}': {expression}" for name, expression in metric.details)
    sql = _sql("value").format(
        rows=_rows(metric), value=metric.value, details=f"{{{told}}}" if told else "NULL", most=MOST_REASONS
    )
    bound = {"projects": None if projects is None else list(projects)}
    return [
        (place, State(value, n, entities, _plain(details), tuple(reasons or ())))
        for place, value, n, entities, details, reasons in lake.execute(sql, bound).fetchall()
    ]


def _worked_out(lake: duckdb.DuckDBPyConnection, metric: Metric) -> list[tuple[int, State]]:
    found = lake.execute(_sql("rows").format(rows=_rows(metric))).fetchall()
    return [
        (place, JUDGEMENTS[metric.key].judge([Row(*row[3:]) for row in rows], Moment(moment, time_zone)))
        for (place, moment, time_zone), rows in groupby(found, key=itemgetter(0, 1, 2))
    ]


def _rows(metric: Metric) -> str:
    judgement = JUDGEMENTS.get(metric.key)
    return _sql(judgement.rows if judgement else metric.key)


def _share(lake: duckdb.DuckDBPyConnection, metrics: Sequence[Metric]) -> None:
    """Work out once what several states look at."""
    if any(fact in _PLANNED for metric in metrics for fact in metric.facts):
        lake.execute(_sql("plan"))


_PLANNED = ("scope_change", "project_status")


def _prepare(lake: duckdb.DuckDBPyConnection, metric: Metric) -> None:
    """Fetch what only PostgreSQL knows of: what has landed and is not in the lake, and what could not be folded."""
    if metric.fact in ("waiting_event", "dead_letter"):
        row = lake.execute("SELECT low FROM bronze.cursor").fetchone()
        asked = _sql(metric.fact).format(low=int(row[0]) if row else 0)
        # The catalog's own connection: it is there anyway, and of the same moment as the snapshot.
        lake.execute(
            f"CREATE OR REPLACE TEMP TABLE {metric.fact} AS FROM postgres_query({quoted(_CATALOG)}, {quoted(asked)})"
        )


def _plain(details: dict[str, date | Detail] | None) -> dict[str, Detail]:
    return {name: each.isoformat() if isinstance(each, date) else each for name, each in (details or {}).items()}


_CATALOG = "__ducklake_metadata_lake"
_ASKED = pa.schema(
    {
        "place": pa.int64(),
        "scope_type": pa.string(),
        "scope_id": pa.string(),
        "first": pa.date32(),
        "last": pa.date32(),
        "now": pa.timestamp("us", "UTC"),
    }
)


@cache
def _sql(name: str) -> str:
    return (files("kino_core") / "sql" / "states" / f"{name}.sql").read_text()
