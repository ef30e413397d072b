"""What is looked at every night, and whenever somebody asks: that the lake has read the log, and that gold holds."""

from collections.abc import Iterator

import dagster as dg

from kino_assets.assets import BRONZE, gold_key, silver_key
from kino_assets.check import check_some_day, check_states, count_orphans
from kino_assets.refresh import lake_cursor
from kino_assets.safety_net import oldest_unread_seconds
from kino_core.measurements import FACTS
from kino_core.metrics import METRICS, Kind
from kino_core.settings import Settings

LATE_SECONDS = 120
_STATES = [metric for metric in METRICS if metric.kind is Kind.STATE]


@dg.asset_check(asset=BRONZE, description="No event has waited for the lake for more than two minutes.")
def fresh(settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    """Tell how long the oldest event that the lake has not read has waited."""
    waited = oldest_unread_seconds(settings, lake_cursor(settings))
    return dg.AssetCheckResult(passed=waited <= LATE_SECONDS, metadata={"oldest_unread_seconds": waited})


@dg.multi_asset_check(
    specs=[
        dg.AssetCheckSpec(
            "equals_recompute",
            asset=gold_key(metric),
            description="The numbers of a day picked at random are those that the facts give when they are asked anew.",
        )
        for metric in METRICS
        if metric.kind is not Kind.STATE
    ],
    can_subset=True,
)
def equals_recompute(
    context: dg.AssetCheckExecutionContext, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.AssetCheckResult]:
    """Compute one old day anew."""
    found = check_some_day(settings)
    for key in context.selected_asset_check_keys:
        differing = found.differences.get(key.asset_key.path[-1], 0)
        yield dg.AssetCheckResult(
            asset_key=key.asset_key,
            check_name=key.name,
            passed=differing == 0,
            metadata={"day": str(found.day), "differing_rows": differing},
        )


@dg.multi_asset_check(
    specs=[
        dg.AssetCheckSpec(
            "plausible",
            asset=gold_key(state),
            description="None is negative that cannot be, and none stands on more inputs than entities.",
        )
        for state in _STATES
    ],
    can_subset=True,
)
def states_plausible(
    context: dg.AssetCheckExecutionContext, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.AssetCheckResult]:
    """Work out what holds now; in a refresh it would be as slow as the refresh, and nothing of it is kept."""
    chosen = {key.asset_key.path[-1] for key in context.selected_asset_check_keys}
    found = check_states(settings, [state for state in _STATES if state.key in chosen])
    for key in context.selected_asset_check_keys:
        check = found[key.asset_key.path[-1]]
        yield dg.AssetCheckResult(
            asset_key=key.asset_key,
            check_name=key.name,
            passed=check.implausible == 0,
            metadata={"known": check.known, "implausible": check.implausible},
        )


@dg.multi_asset_check(
    specs=[
        dg.AssetCheckSpec("no_orphans", asset=silver_key(fact), description="Every row stands on an event of the log.")
        for fact in FACTS
    ],
    can_subset=True,
)
def no_orphans(
    context: dg.AssetCheckExecutionContext, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.AssetCheckResult]:
    """Look for rows of facts whose event is not there."""
    found = count_orphans(settings)
    for key in context.selected_asset_check_keys:
        orphans = found[key.asset_key.path[-1]]
        yield dg.AssetCheckResult(
            asset_key=key.asset_key, check_name=key.name, passed=orphans == 0, metadata={"orphans": orphans}
        )


NIGHTLY = [fresh, equals_recompute, states_plausible, no_orphans]
"""Without them a refresh is done sooner."""
