"""The assets: one refresh that makes every table of the lake, shown table by table and metric by metric."""

from collections.abc import Iterator

import dagster as dg
import duckdb

from kino_assets.pipeline import Changes
from kino_assets.refresh import Refresh, Refreshed
from kino_assets.sql import read_sql
from kino_assets.tables import TABLES
from kino_core.lake import quoted
from kino_core.metrics import METRICS, Kind, Metric, Unit

LANDING = dg.AssetKey(["landing", "event"])
BRONZE = dg.AssetKey(["bronze", "event"])

landing_event = dg.AssetSpec(
    LANDING,
    group_name="landing",
    kinds={"postgres"},
    description="The log: every event that Kino acknowledged, append-only, written by the ingestion doors.",
)


class RefreshConfig(dg.Config):
    """How to refresh: `full` rebuilds every table from the first event, `everything` waits for open transactions."""

    full: bool = False
    everything: bool = False


def silver_key(name: str) -> dg.AssetKey:
    """Return the key of the table `name` of silver."""
    return dg.AssetKey(["silver", name])


def gold_key(metric: Metric) -> dg.AssetKey:
    """Return the key of what gold holds of `metric`."""
    return dg.AssetKey(["gold", metric.key])


# What each silver table is computed from, beside the bronze events.
SILVER_NEEDS: dict[str, tuple[str, ...]] = {
    "pull_request_commit": ("commit",),
    "rework": ("commit",),
    "review": ("review_request", "github_pull_request"),
    "pull_request": (
        "commit",
        "github_pull_request",
        "pull_request_commit",
        "pull_request_head",
        "branch_push",
        "review",
    ),
    "test_run": ("agent_activity",),
    "work_pull_request": (
        "agent_activity",
        "commit",
        "github_pull_request",
        "pull_request",
        "pull_request_commit",
        "pull_request_head",
        "review",
    ),
    "blocker_change": ("agent_activity", "blocker_resolution"),
    "task": ("agent_activity", "blocker_change", "work_pull_request"),
    "agent_usage": ("agent_activity", "work_pull_request"),
    "agent_quarter": ("agent_activity", "agent_usage"),
    "pull_request_cost": ("agent_usage", "pull_request"),
    "alert_change": ("alert_event",),
    "delivered_commit": ("commit", "deployment_event"),
    "pull_request_outcome": (
        "pull_request",
        "github_pull_request",
        "pull_request_commit",
        "pull_request_head",
        "coverage_report",
        "delivered_commit",
    ),
    "incident": ("github_issue", "deployment_event", "pull_request_outcome"),
    "deployment": ("deployment_event", "commit", "delivered_commit", "pull_request_outcome", "incident"),
    "alert_origin": ("alert_event", "pull_request", "pull_request_commit", "pull_request_head"),
    "scope_item": ("scope_telling", "agent_activity", "blocker_resolution", "account"),
    "scope_change": ("scope_telling", "agent_activity", "blocker_resolution", "account", "project"),
}


def _specs() -> Iterator[dg.AssetSpec]:
    yield dg.AssetSpec(
        BRONZE,
        deps=[LANDING],
        group_name="bronze",
        kinds={"parquet", "duckdb"},
        description="Events as landed, read in windows of transaction ids.",
        skippable=True,
    )
    for table in TABLES:
        needs = [silver_key(name) for name in SILVER_NEEDS.get(table.name, ())]
        yield dg.AssetSpec(
            silver_key(table.name),
            deps=[BRONZE, *needs],
            group_name="silver",
            kinds={"parquet", "duckdb"},
            description=f"Facts: one row for each {' and '.join(table.key)}.",
            skippable=True,
        )
    for metric in METRICS:
        yield dg.AssetSpec(
            gold_key(metric),
            deps=_needs(metric),
            group_name="gold",
            kinds={"view"} if metric.kind is Kind.STATE else {"parquet", "duckdb"},
            description=f"{metric.label}. {metric.definition}",
            metadata={"unit": str(metric.unit), "kind": str(metric.kind), "version": metric.version},
            skippable=True,
        )


def _needs(metric: Metric) -> list[dg.AssetKey]:
    """Return what a metric is computed from; what only PostgreSQL knows of comes from the log."""
    if metric.trend_of is not None:
        return [dg.AssetKey(["gold", metric.trend_of])]
    return [*map(_made, metric.facts), silver_key("project"), silver_key("repository")]


def _made(fact: str) -> dg.AssetKey:
    return silver_key(fact) if fact in _TABLE_NAMES else _OUTSIDE[fact]


_TABLE_NAMES = frozenset(table.name for table in TABLES)
_OUTSIDE = {"waiting_event": LANDING, "dead_letter": LANDING, "snapshot": BRONZE, "event": BRONZE}


def _check_specs() -> Iterator[dg.AssetCheckSpec]:
    for metric in _KEPT:
        yield dg.AssetCheckSpec(
            "plausible",
            asset=gold_key(metric),
            blocking=True,
            description=_plausible(metric)[0],
        )


_KEPT = [metric for metric in METRICS if metric.kind is not Kind.STATE]
"""States are not in gold: they are looked at by night, which holds up no refresh."""


_NEGATIVE = "value < 0 OR n > entities"
_PLAUSIBLE: dict[Kind, tuple[str, str]] = {
    Kind.SUM: ("No sum is negative, and none stands on more inputs than entities.", _NEGATIVE),
    Kind.MEDIAN: ("No median is negative, and none stands on more inputs than entities.", _NEGATIVE),
    Kind.FREQUENCY: ("No count is negative, and none stands on more inputs than entities.", _NEGATIVE),
    Kind.DAYS: ("No period has more days with something than days.", "value NOT BETWEEN 0 AND 366 OR n > entities"),
    Kind.LEVEL: ("No level is negative.", "value < 0"),
    Kind.LEVEL_RATIO: ("Every share of a level lies between 0 and 1.", "value NOT BETWEEN 0 AND 1"),
    Kind.QUOTIENT: ("No quotient is negative, and none stands on more inputs than entities.", _NEGATIVE),
    Kind.RATIO: ("No quotient is negative, and none stands on more inputs than entities.", _NEGATIVE),
}
_PLAUSIBLE_SHARE = (
    "Every share lies between 0 and 1, its bounds too, the lower not above the upper.",
    "value NOT BETWEEN 0 AND 1 OR lower > upper OR upper > 1 OR n > entities",
)

_PLAUSIBLE_CHANGE = ("Nothing becomes less by more than there was of it.", "value < -1")


def _plausible(metric: Metric) -> tuple[str, str]:
    """Return what makes a row of the metric possible in words, and what makes one impossible in SQL."""
    if metric.signed:
        return _PLAUSIBLE_CHANGE
    is_share = metric.kind is Kind.RATIO and metric.unit is Unit.SHARE
    return _PLAUSIBLE_SHARE if is_share else _PLAUSIBLE[metric.kind]


class ImplausibleMetric(dg.Failure):
    """A check failed before the commit, so the refresh was rolled back."""


_SPECS = tuple(_specs())


@dg.multi_asset(name="lake", specs=_SPECS, check_specs=list(_check_specs()), can_subset=True)
def lake(
    context: dg.AssetExecutionContext, config: RefreshConfig, writer: dg.ResourceParam[Refresh]
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Bring the lake up to date in one transaction.

    A part of it may be selected, the commit is one all the same; what the window did not change is skipped, unless the
    lake was empty before or a person asked for it by a run without new events.
    """
    checks: list[dg.AssetCheckResult] = []

    def look(tables: duckdb.DuckDBPyConnection, changes: Changes) -> None:
        # What changed nothing is looked at only where somebody asks: all of gold takes the longer the more there is.
        if changes.tables or context.selected_asset_check_keys:
            checks.extend(_look(tables, changes))
        if implausible := [str(check.asset_key) for check in checks if not check.passed]:
            raise ImplausibleMetric(f"Rolled back, because these metrics are implausible: {', '.join(implausible)}.")

    def selected() -> list[dg.AssetCheckResult]:
        keys = {(check.asset_key, check.name) for check in context.selected_asset_check_keys}
        return [check for check in checks if (check.asset_key, check.check_name) in keys]

    try:
        done = writer.refresh(full=config.full, everything=config.everything, before_commit=look)
    except ImplausibleMetric:
        yield from selected()
        raise
    for spec in _SPECS:
        if spec.key in context.selected_asset_keys and spec.key.path[-1] in _to_show(done.changes):
            yield dg.MaterializeResult(asset_key=spec.key, metadata=_metadata(done))
    yield from selected()


def made_by(changes: Changes) -> list[dg.AssetKey] | None:
    """Return what a refresh with `changes` has made, None where that is all."""
    if changes.anew:
        return None
    shown = _to_show(changes) if changes.tables else {BRONZE.path[-1]}
    return [spec.key for spec in _SPECS if spec.key.path[-1] in shown]


def _to_show(changes: Changes) -> frozenset[str]:
    """Return the last parts of the keys of what a refresh made; all when it began anew or found all up to date."""
    if changes.anew or not changes.tables:
        return frozenset([BRONZE.path[-1], *(table.name for table in TABLES), *(metric.key for metric in METRICS)])
    shown = changes.tables | {BRONZE.path[-1]}
    states = (metric for metric in METRICS if metric.kind is Kind.STATE)
    moved = {state.key for state in states if shown & {*state.facts} or state.trend_of in changes.metrics}
    return shown | changes.metrics | moved


def _look(tables: duckdb.DuckDBPyConnection, changes: Changes) -> Iterator[dg.AssetCheckResult]:
    """Look at the rows that this refresh has written, or at all where it found everything up to date."""
    written = "fresh_value" if changes.tables else "gold.metric_value"
    counted = _counted(tables, written) if changes.metrics or not changes.tables else {}
    for metric in _KEPT:
        rows, implausible = counted.get(metric.key, (0, 0))
        # A check of the run that says nothing would show as skipped: what did not change holds as it held before.
        yield dg.AssetCheckResult(
            asset_key=gold_key(metric),
            check_name="plausible",
            passed=implausible == 0,
            metadata={"rows": rows, "implausible": implausible},
        )


def _counted(tables: duckdb.DuckDBPyConnection, written: str) -> dict[str, tuple[int, int]]:
    """Return for each metric in the table `written` how many rows it has, and how many of them cannot be true."""
    metrics_of: dict[str, list[str]] = {}
    for metric in _KEPT:
        metrics_of.setdefault(_plausible(metric)[1], []).append(metric.key)
    conditions = [
        f"(metric IN ({', '.join(map(quoted, keys))}) AND ({wrong}))" for wrong, keys in sorted(metrics_of.items())
    ]
    sql = read_sql("gold/plausible").format(written=written, implausible=" OR ".join(conditions))
    return {metric: (rows, implausible) for metric, rows, implausible in tables.execute(sql).fetchall()}


def _metadata(done: Refreshed) -> dict[str, dg.MetadataValue]:
    return {
        "events": dg.MetadataValue.int(done.events),
        "slices": dg.MetadataValue.int(done.changes.slices),
        "seconds": dg.MetadataValue.float(done.seconds),
        "snapshot": dg.MetadataValue.int(done.snapshot_id),
        "high": dg.MetadataValue.int(done.high),
    }
