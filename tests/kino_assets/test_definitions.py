"""What Dagster shows: every asset, check, job, schedule and sensor, and the real runs behind them."""

import uuid
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from unittest.mock import patch

import dagster as dg
import psycopg
import pytest

from kino_assets import assets
from kino_assets.assets import ImplausibleMetric
from kino_assets.definitions import defs, refresh_job
from kino_assets.instance import dagster_instance
from kino_assets.newsletters import last_month
from kino_assets.refresh import LakeWriter, lake_cursor
from kino_assets.refresher import refresh_through_dagster
from kino_assets.safety_net import stale_lake
from kino_assets.tables import TABLES
from kino_core.database import Database, libpq_url
from kino_core.events import Event
from kino_core.measurements import FACTS
from kino_core.metrics import METRICS, Kind
from kino_core.settings import Settings, settings_from
from kino_ingest.landing import land
from tests.factories.deliveries import github
from tests.factories.events import commit, project_created, repository_connected, sha
from tests.kino_assets.conftest import REPOSITORY
from tests.kino_assets.test_lake import MAY


def test_every_metric_and_table_is_an_asset_with_its_check() -> None:
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
    graph = defs.resolve_asset_graph()
    stalled = graph.get(dg.AssetKey(["gold", "stalled_agents"]))
    assert stalled.kinds == {"view"}
    assert dg.AssetKey(["silver", "agent_activity"]) in stalled.parent_keys
    assert graph.get(dg.AssetKey(["gold", "dead_letters"])).parent_keys >= {dg.AssetKey(["landing", "event"])}


def test_jobs_schedules_and_sensors() -> None:
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


@pytest.fixture(scope="module")
def refreshed_by_dagster(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a database with a project and a commit, whose lake the three tests below fill one after another."""
    home, project_id = tmp_path_factory.mktemp("home"), uuid.uuid4()
    made = [project_created(project_id, "Kino"), repository_connected(project_id, REPOSITORY)]
    settings = settings_from({"KINO_HOME": str(home), "DATABASE_URL": module_database_url})
    _land(settings, [*made, commit(REPOSITORY, sha("1"), MAY)])
    return settings


def _land(settings: Settings, events: Sequence[Event]) -> None:
    with closing(Database(settings.database_url)) as database, database.write() as session:
        land(session, events)


def test_an_implausible_number_rolls_the_refresh_back(refreshed_by_dagster: Settings) -> None:
    """That the next one reads everything, the test below shows."""
    impossible = {**assets._PLAUSIBLE, Kind.SUM: ("No sum is positive.", "value > 0")}
    with patch.object(assets, "_PLAUSIBLE", impossible), pytest.raises(ImplausibleMetric, match="gold"):
        refresh_through_dagster(refreshed_by_dagster, everything=True)
    assert lake_cursor(refreshed_by_dagster) == 0


def test_a_run_in_this_process_shows_its_lineage(refreshed_by_dagster: Settings) -> None:
    settings = refreshed_by_dagster
    done = refresh_through_dagster(settings, everything=True)
    assert done.events == 3
    whole = dg.RunsFilter(job_name=refresh_job.name, statuses=[dg.DagsterRunStatus.SUCCESS])
    with dagster_instance(settings) as instance:
        [run] = instance.get_runs(whole)
        assert instance.get_latest_materialization_event(dg.AssetKey(["gold", "commits"])) is not None
        # It filled an empty lake: what has no rows yet was made too.
        assert instance.get_latest_materialization_event(dg.AssetKey(["gold", "tasks_started"])) is not None
        records = instance.event_log_storage.get_latest_asset_check_execution_by_key(
            [dg.AssetCheckKey(dg.AssetKey(["gold", "commits"]), "plausible")]
        )
        assert [record.status.value for record in records.values()] == ["SUCCEEDED"]
        _land(settings, [commit(REPOSITORY, sha("2"), MAY)])
        refresh_through_dagster(settings, everything=True)
        [run, _] = instance.get_runs(whole)
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


def test_a_run_of_events_that_change_nothing_shows_that_they_came_in(refreshed_by_dagster: Settings) -> None:
    _land(refreshed_by_dagster, [github("star", REPOSITORY, MAY, {"action": "created"})])
    done = refresh_through_dagster(refreshed_by_dagster, everything=True)
    assert (done.events, done.changes.tables) == (1, frozenset())
    with dagster_instance(refreshed_by_dagster) as instance:
        run = instance.get_runs(limit=1)[0]
        shown = [event.asset_key.to_user_string() for event in _materialized(instance, run) if event.asset_key]
        assert shown == ["bronze/event"]
        checked = [
            entry
            for entry in instance.all_logs(run.run_id)
            if entry.dagster_event and "CHECK" in str(entry.dagster_event.event_type)
        ]
        assert checked == []


def _materialized(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[dg.DagsterEvent]:
    logged = [entry.dagster_event for entry in instance.all_logs(run.run_id)]
    return [event for event in logged if event and event.is_step_materialization]


def test_a_part_of_the_lake_can_be_asked_for(refreshed_by_dagster: Settings) -> None:
    _land(refreshed_by_dagster, [commit(REPOSITORY, sha("3"), MAY)])
    with dagster_instance(refreshed_by_dagster) as instance, closing(LakeWriter(refreshed_by_dagster)) as writer:
        result = dg.materialize(
            [assets.lake], selection=["gold/commits"], instance=instance, resources={"writer": writer}
        )
    made = [event.asset_key.to_user_string() for event in result.get_asset_materialization_events() if event.asset_key]
    assert made == ["gold/commits"]


def test_the_safety_net_asks_for_a_run_only_when_events_wait_long(
    project_id: uuid.UUID, settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINO_HOME", str(settings.home))
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert isinstance(stale_lake(), dg.SkipReason)
    with psycopg.connect(libpq_url(database_url)) as postgres:
        # The log is append-only for Kino; only a test may turn its clock back.
        postgres.execute("UPDATE landing.event SET received_at = received_at - interval '2 minutes'")
    asked = [stale_lake(), stale_lake()]
    assert [request.run_key for request in asked if isinstance(request, dg.RunRequest)] == ["from-0", "from-0"]


def test_the_newsletter_is_of_the_month_before() -> None:
    assert str(last_month(date(2026, 1, 1))) == "2025-12"
    assert str(last_month(date(2026, 3, 31))) == "2026-02"
