"""What Dagster shows: every asset, check, job, schedule and sensor, and the real runs behind them.

Dagster takes three seconds to load, and every worker reads every file of tests: those that need it load it.
"""

import uuid
from datetime import date
from typing import TYPE_CHECKING
from unittest.mock import patch

import psycopg
import pytest

from kino_assets.pipeline import TABLES
from kino_assets.refresh import LakeWriter, lake_cursor
from kino_core.database import libpq_url
from kino_core.measurements import FACTS
from kino_core.metrics import METRICS, Kind
from kino_core.settings import Settings
from tests.factories.events import commit
from tests.kino_assets.conftest import REPOSITORY
from tests.kino_assets.test_lake import MAY, Land, sha

if TYPE_CHECKING:
    import dagster as dg


def test_every_metric_and_table_is_an_asset_with_its_check() -> None:
    from kino_assets.definitions import defs

    graph = defs.resolve_asset_graph()
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    assert keys == {
        "landing/event",
        "bronze/event",
        "reports/monthly_newsletters",
        "gold/months",
        *(f"silver/{table.name}" for table in TABLES),
        *(f"gold/{metric.key}" for metric in METRICS),
    }
    checked = {(check.asset_key.to_user_string(), check.name) for check in graph.asset_check_keys}
    assert checked == {
        ("bronze/event", "fresh"),
        *((f"gold/{metric.key}", "plausible") for metric in METRICS),
        *((f"gold/{metric.key}", "equals_recompute") for metric in METRICS if metric.kind is not Kind.STATE),
        *((f"silver/{fact}", "no_orphans") for fact in FACTS),
    }
    kept = {metric.fact for metric in METRICS if metric.kind is not Kind.STATE}
    assert kept <= set(FACTS) <= {table.name for table in TABLES}


def test_a_state_is_a_view_that_hangs_on_its_facts() -> None:
    import dagster as dg

    from kino_assets.definitions import defs

    graph = defs.resolve_asset_graph()
    stalled = graph.get(dg.AssetKey(["gold", "stalled_agents"]))
    assert stalled.kinds == {"view"}
    assert dg.AssetKey(["silver", "agent_activity"]) in stalled.parent_keys
    assert graph.get(dg.AssetKey(["gold", "dead_letters"])).parent_keys >= {dg.AssetKey(["landing", "event"])}


def test_jobs_schedules_and_sensors() -> None:
    from kino_assets.definitions import defs

    repository = defs.get_repository_def()
    assert {job.name for job in repository.get_all_jobs() if not job.name.startswith("__")} == {
        "refresh",
        "newsletters",
        "nightly_checks",
        "upkeep",
    }
    assert {(schedule.name, schedule.cron_schedule) for schedule in repository.schedule_defs} == {
        ("monthly_newsletters", "0 6 1 * *"),
        ("nightly_checks", "0 2 * * *"),
        ("upkeep", "30 3 * * *"),
    }
    assert {sensor.name for sensor in repository.sensor_defs} == {"stale_lake", "failed_run"}


def test_a_run_in_this_process_shows_its_lineage(landed: Land, project_id: uuid.UUID, settings: Settings) -> None:
    import dagster as dg

    from kino_assets.definitions import refresh_job
    from kino_assets.instance import dagster_instance
    from kino_assets.refresher import refresh_through_dagster

    landed([commit(REPOSITORY, sha("1"), MAY)])
    done = refresh_through_dagster(settings, everything=True)
    assert done.events == 3
    with dagster_instance(settings) as instance:
        [run] = instance.get_runs(dg.RunsFilter(job_name=refresh_job.name))
        assert run.status is dg.DagsterRunStatus.SUCCESS
        assert instance.get_latest_materialization_event(dg.AssetKey(["gold", "commits"])) is not None
        # It filled an empty lake: what has no rows yet was made too.
        assert instance.get_latest_materialization_event(dg.AssetKey(["gold", "tasks_started"])) is not None
        records = instance.event_log_storage.get_latest_asset_check_execution_by_key(
            [dg.AssetCheckKey(dg.AssetKey(["gold", "commits"]), "plausible")]
        )
        assert [record.status.value for record in records.values()] == ["SUCCEEDED"]
        landed([commit(REPOSITORY, sha("2"), MAY)])
        refresh_through_dagster(settings, everything=True)
        [run, _] = instance.get_runs(dg.RunsFilter(job_name=refresh_job.name))
        shown = {event.asset_key.path[-1] for event in _materialized(instance, run) if event.asset_key}
        assert "commits" in shown
        assert "tasks_started" not in shown
        kept = [metric for metric in METRICS if metric.kind is not Kind.STATE]
        keys = [dg.AssetCheckKey(dg.AssetKey(["gold", metric.key]), "plausible") for metric in kept]
        latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
        assert {record.status.value for record in latest.values()} == {"SUCCEEDED"}, "none is skipped"
        assert len(latest) == len(kept)
        # What holds at a moment is shown to hang on what changed.
        assert "events_landed" in shown
        assert "stalled_agents" not in shown


def _materialized(instance: "dg.DagsterInstance", run: "dg.DagsterRun") -> list["dg.DagsterEvent"]:
    logged = [entry.dagster_event for entry in instance.all_logs(run.run_id)]
    return [event for event in logged if event and event.is_step_materialization]


def test_an_implausible_number_rolls_the_refresh_back(landed: Land, project_id: uuid.UUID, settings: Settings) -> None:
    from kino_assets import assets
    from kino_assets.assets import ImplausibleMetric
    from kino_assets.refresher import refresh_through_dagster

    landed([commit(REPOSITORY, sha("1"), MAY)])
    impossible = {**assets._PLAUSIBLE, Kind.SUM: ("No sum is positive.", "value > 0")}
    with patch.object(assets, "_PLAUSIBLE", impossible), pytest.raises(ImplausibleMetric, match="gold"):
        refresh_through_dagster(settings, everything=True)
    assert lake_cursor(settings) == 0
    assert refresh_through_dagster(settings, everything=True).events == 3


def test_a_part_of_the_lake_can_be_asked_for(landed: Land, project_id: uuid.UUID, settings: Settings) -> None:
    import dagster as dg

    from kino_assets import assets
    from kino_assets.instance import dagster_instance

    landed([commit(REPOSITORY, sha("1"), MAY)])
    writer = LakeWriter(settings)
    with dagster_instance(settings) as instance:
        result = dg.materialize(
            [assets.lake], selection=["gold/commits"], instance=instance, resources={"writer": writer}
        )
    writer.close()
    made = [event.asset_key.to_user_string() for event in result.get_asset_materialization_events() if event.asset_key]
    assert made == ["gold/commits"]


def test_the_safety_net_asks_for_a_run_only_when_events_wait_long(
    landed: Land, project_id: uuid.UUID, settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster as dg

    from kino_assets.safety_net import stale_lake

    monkeypatch.setenv("KINO_HOME", str(settings.home))
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert isinstance(stale_lake(), dg.SkipReason)
    with psycopg.connect(libpq_url(database_url)) as postgres:
        # The log is append-only for Kino; only a test may turn its clock back.
        postgres.execute("UPDATE landing.event SET received_at = received_at - interval '2 minutes'")
    asked = [stale_lake(), stale_lake()]
    assert [request.run_key for request in asked if isinstance(request, dg.RunRequest)] == ["from-0", "from-0"]


def test_the_newsletter_is_of_the_month_before() -> None:
    from kino_assets.newsletters import last_month

    assert str(last_month(date(2026, 1, 1))) == "2025-12"
    assert str(last_month(date(2026, 3, 31))) == "2026-02"
