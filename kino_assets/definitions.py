"""The whole platform on one page: what Dagster shows of Kino, and when it runs."""

from collections.abc import Iterator

import dagster as dg

from kino_assets.assets import lake, landing_event
from kino_assets.newsletters import monthly_newsletters
from kino_assets.refresh import LakeWriter
from kino_assets.safety_net import stale_lake
from kino_core.settings import Settings, load_settings


@dg.resource(description="The settings of the Kino in KINO_HOME.")
def settings_from_environment(_: dg.InitResourceContext) -> Settings:
    """Return the settings that the environment describes."""
    return load_settings()


@dg.resource(description="What changes the lake; one process at a time holds it.")
def lake_writer(_: dg.InitResourceContext) -> Iterator[LakeWriter]:
    """Yield a writer for one run."""
    writer = LakeWriter(load_settings())
    yield writer
    writer.close()


refresh_job = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.assets(lake),
    description="Bring bronze, silver and gold up to date with the log.",
)
newsletter_job = dg.define_asset_job(
    "newsletters",
    selection=dg.AssetSelection.assets(monthly_newsletters),
    description="Make last month's newsletter of every project.",
)

defs = dg.Definitions(
    assets=[landing_event, lake, monthly_newsletters],
    jobs=[refresh_job, newsletter_job],
    schedules=[
        dg.ScheduleDefinition(
            name="monthly_newsletters",
            job=newsletter_job,
            cron_schedule="0 6 1 * *",
            execution_timezone="UTC",
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="On the first of each month at 06:00 UTC.",
        )
    ],
    sensors=[stale_lake],
    resources={"settings": settings_from_environment, "writer": lake_writer},
)
