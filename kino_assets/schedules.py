"""What runs by the clock, in UTC: checks and upkeep at night, the newsletters on the first of a month."""

import dagster as dg

from kino_assets.asset_checks import NIGHTLY
from kino_assets.newsletters import monthly_newsletters
from kino_assets.upkeep import keep_lake
from kino_core.settings import Settings

_AGAIN = dg.RetryPolicy(max_retries=2, delay=60, backoff=dg.Backoff.EXPONENTIAL)


@dg.op(pool="heavy", retry_policy=_AGAIN, description="Merge small files, expire snapshots, remove their files.")
def lake_upkeep(context: dg.OpExecutionContext, settings: dg.ResourceParam[Settings]) -> None:
    """Keep the lake small and quick to read."""
    kept = keep_lake(settings)
    context.log.info(
        f"{kept.files_merged} files were merged and {kept.files_removed} removed; "
        f"{kept.snapshots_expired} snapshots expired and {kept.snapshots} are left."
    )


@dg.job(name="upkeep", description="Compaction of the lake, and the retention of its snapshots.")
def upkeep_job() -> None:
    """Run the lake's upkeep."""
    lake_upkeep()


newsletter_job = dg.define_asset_job(
    "newsletters",
    selection=dg.AssetSelection.assets(monthly_newsletters),
    description="Make last month's newsletter of every project.",
)
check_job = dg.define_asset_job(
    "nightly_checks",
    selection=dg.AssetSelection.checks(*NIGHTLY),
    description="Is the log read, does an old day still hold, does every fact stand on an event, can states be?",
)


def _schedule(name: str, job_name: str, cron: str, description: str) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=name,
        job_name=job_name,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=description,
    )


SCHEDULES = [
    _schedule("nightly_checks", "nightly_checks", "0 2 * * *", "Every night at 02:00 UTC."),
    _schedule("upkeep", "upkeep", "30 3 * * *", "Every night at 03:30 UTC."),
    _schedule("monthly_newsletters", "newsletters", "0 6 1 * *", "On the first of each month at 06:00 UTC."),
]
