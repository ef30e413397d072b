"""Gold of whole months, computed anew from the facts: a backfill when there is a doubt, or after a repair."""

import warnings
from datetime import timedelta

import dagster as dg

from kino_assets.assets import silver_key
from kino_assets.refresh import LakeWriter
from kino_core.measurements import FACTS

MONTHS = dg.MonthlyPartitionsDefinition(start_date="2005-01-01", end_offset=1)

# Several months in one run is new in Dagster, which says so to everybody who starts it.
warnings.filterwarnings("ignore", message="Parameter `backfill_policy`", category=dg.BetaWarning)


@dg.asset(
    key=["gold", "months"],
    deps=[silver_key(fact) for fact in FACTS],
    partitions_def=MONTHS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="gold",
    kinds={"parquet", "duckdb"},
    pool="heavy",
    description="Every metric of the chosen months anew from the facts, in one run however many they are. "
    "Where gold was right nothing changes.",
)
def months(context: dg.AssetExecutionContext, writer: dg.ResourceParam[LakeWriter]) -> dg.MaterializeResult[None]:
    """Compute the months of this run anew."""
    window = context.partition_time_window
    first, last = window.start.date(), window.end.date() - timedelta(days=1)
    slices = writer.recompute_days(first, last)
    return dg.MaterializeResult(metadata={"first": str(first), "last": str(last), "slices": slices})
