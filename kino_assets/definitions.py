"""The whole platform on one page: what Dagster shows of Kino, and when it runs."""

from collections.abc import Iterator
from contextlib import closing
from contextvars import ContextVar

import dagster as dg

from kino_assets.alerts import failed_run
from kino_assets.asset_checks import NIGHTLY
from kino_assets.assets import lake, landing_event
from kino_assets.months import months
from kino_assets.newsletters import monthly_newsletters
from kino_assets.refresh import LakeWriter, Refresh
from kino_assets.safety_net import stale_lake
from kino_assets.schedules import SCHEDULES, check_job, newsletter_job, upkeep_job
from kino_core.settings import Settings, load_settings

IN_HAND: ContextVar[Refresh | None] = ContextVar("IN_HAND", default=None)
"""What the next run in this process refreshes with: a run of some of a job's assets takes no resources of its own."""


@dg.resource(description="The settings of the Kino in KINO_HOME.")
def settings_from_environment(_: dg.InitResourceContext) -> Settings:
    """Return the settings that the environment describes."""
    return load_settings()


@dg.resource(description="What changes the lake; one process at a time holds it.")
def lake_writer(_: dg.InitResourceContext) -> Iterator[Refresh]:
    """Yield what a run refreshes with: what its process has in hand, else a writer of its own."""
    if (in_hand := IN_HAND.get()) is not None:
        yield in_hand
        return
    with closing(LakeWriter(load_settings())) as writer:
        yield writer


refresh_job = dg.define_asset_job(
    "refresh",
    # Without the checks of the night, which take longer than a refresh.
    selection=dg.AssetSelection.assets(lake) - dg.AssetSelection.checks(*NIGHTLY),
    description="Bring bronze, silver and gold up to date with the log.",
)
defs = dg.Definitions(
    assets=[landing_event, lake, months, monthly_newsletters],
    asset_checks=NIGHTLY,
    jobs=[refresh_job, newsletter_job, check_job, upkeep_job],
    schedules=SCHEDULES,
    sensors=[stale_lake, failed_run],
    resources={"settings": settings_from_environment, "writer": lake_writer},
)
