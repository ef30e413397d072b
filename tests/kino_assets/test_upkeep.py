"""The lake's upkeep, the checks of the night, months computed anew, and who is told of a failed run."""

import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kino_assets.alerts import KIND, tell_administrators
from kino_assets.check import StateCheck, check_some_day, check_states, check_warehouse, count_orphans
from kino_assets.definitions import defs
from kino_assets.instance import dagster_instance
from kino_assets.months import months
from kino_assets.refresh import has_lake
from kino_assets.upkeep import EVERY_SNAPSHOT_FOR, Kept, expendable, keep_lake
from kino_core.database import Database, libpq_url
from kino_core.lake import NoSnapshot, connect_lake
from kino_core.metrics.states import STALLED_AGENTS
from kino_core.settings import Settings
from tests.factories.events import agent_report, commit, project_created, repository_connected, sha
from tests.kino_assets.conftest import REPOSITORY
from tests.kino_assets.grown import GrownLake, grown_lake
from tests.kino_assets.test_lake import MAY

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HISTORY = timedelta(days=30)
BROKEN = "It <broke> at postgresql://kino:a-secret@localhost."
_APRIL_AND_MAY = (("start", 4), ("end", 5))


def at(days: float) -> datetime:
    return NOW - timedelta(days=days)


def test_of_older_days_the_last_snapshot_stays_and_of_the_last_week_all() -> None:
    made = [(1, at(31.2)), (2, at(20.4)), (3, at(20.3)), (4, at(20.2)), (5, at(2.1)), (6, at(2.0)), (7, at(0))]
    assert expendable(made, pinned=(), now=NOW, history=HISTORY) == [1, 2, 3]
    assert expendable(made, pinned={1, 3}, now=NOW, history=HISTORY) == [2]


def test_the_newest_snapshot_stays_however_old_it_is() -> None:
    assert expendable([(1, at(900)), (2, at(800))], pinned=(), now=NOW, history=HISTORY) == [1]
    assert expendable([], pinned=(), now=NOW, history=HISTORY) == []


@given(st.lists(st.floats(0, 100), max_size=40), st.sets(st.integers(0, 40)))
def test_every_day_of_the_history_keeps_a_snapshot(ages: list[float], pinned: set[int]) -> None:
    made = [(number, at(age)) for number, age in enumerate(sorted(ages, reverse=True))]
    going = set(expendable(made, pinned, NOW, HISTORY))
    left = [(number, moment) for number, moment in made if number not in going]
    assert not going & pinned
    assert left[-1:] == made[-1:]
    assert all(number not in going for number, moment in made if moment >= NOW - EVERY_SNAPSHOT_FOR)
    days = {moment.date() for _, moment in made if moment.date() >= (NOW - HISTORY).date()}
    assert days <= {moment.date() for _, moment in left}


def test_where_nothing_was_ever_refreshed_the_night_has_nothing_to_do(settings: Settings) -> None:
    assert keep_lake(settings) == Kept(0, 0, 0, 0)
    assert check_some_day(settings).day is None
    assert check_states(settings, [STALLED_AGENTS]) == {"stalled_agents": StateCheck(0, 0)}
    assert set(count_orphans(settings).values()) == {0}
    assert not has_lake(settings)


@pytest.fixture(scope="module")
def lake(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrownLake]:
    """A lake of three commits that came one by one. The tests below use it up: the last one damages it."""
    project_id = uuid.uuid4()
    made = [project_created(project_id, "Kino"), repository_connected(project_id, REPOSITORY)]
    first, *later = [[commit(REPOSITORY, sha(str(number)), MAY)] for number in range(3)]
    windows = [[*made, agent_report(project_id, "task_started", MAY), *first], *later]
    with grown_lake(module_database_url, tmp_path_factory.mktemp("home"), windows) as grown:
        yield grown


def test_the_checks_of_the_night_and_a_backfill_of_months_run_in_dagster(lake: GrownLake) -> None:
    """That the numbers stay what they are, the test below checks."""
    with dagster_instance(lake.settings) as instance:
        checked = defs.resolve_job_def("nightly_checks").execute_in_process(
            instance=instance, resources={"settings": lake.settings}
        )
        results = checked.get_asset_check_evaluations()
        assert all(result.passed for result in results)
        assert {result.check_name for result in results} == {
            "fresh",
            "equals_recompute",
            "no_orphans",
            "plausible",
        }
        kept = defs.resolve_job_def("upkeep").execute_in_process(
            instance=instance, resources={"settings": lake.settings}
        )
        assert kept.success
        backfill = {f"dagster/asset_partition_range_{end}": f"2026-0{month}-01" for end, month in _APRIL_AND_MAY}
        made = dg.materialize([months], instance=instance, tags=backfill, resources={"writer": lake.writer})
        [event] = made.get_asset_materialization_events()[:1]
        assert event.materialization.metadata["first"].value == "2026-04-01"
        assert event.materialization.metadata["last"].value == "2026-05-31"


def test_upkeep_leaves_every_number_and_the_snapshots_of_reports(lake: GrownLake) -> None:
    settings, snapshots = lake.settings, [window.snapshot_id for window in lake.windows]
    with psycopg.connect(libpq_url(settings.database_url)) as postgres:
        postgres.execute(
            "INSERT INTO kino.report (id, kind, title, scope_type, period, as_of, lake_snapshot_id, snapshot_sha256,"
            " snapshot) VALUES (gen_random_uuid(), 'qbr', 'A report', 'portfolio', '2026-Q2', now(), %s, '', '{}')",
            (snapshots[1],),
        )
    lake.close()
    kept = keep_lake(settings, datetime.now(UTC) + timedelta(days=2000))
    assert kept.snapshots_expired > 1
    assert check_warehouse(settings).ok
    with closing(connect_lake(settings, read_only=True, snapshot=snapshots[1])) as at_report:
        assert at_report.execute("SELECT count(*) FROM silver.commit").fetchall() == [(2,)]
    with pytest.raises(NoSnapshot):
        connect_lake(settings, read_only=True, snapshot=snapshots[0]).execute("SELECT count(*) FROM silver.commit")
    again = keep_lake(settings, datetime.now(UTC) + timedelta(days=2000))
    assert again.snapshots_expired <= 1, "what upkeep itself wrote"


def test_a_damaged_day_is_found_and_made_good_by_its_month(lake: GrownLake) -> None:
    """That a sound lake passes, the checks of the night show above."""
    settings, day = lake.settings, MAY.date()
    lake.close()
    with closing(connect_lake(settings, read_only=False)) as tables:
        tables.execute(
            "UPDATE gold.metric_value SET value = 7, numerator = 7 WHERE metric = 'commits' AND grain = 'day'"
        )
        tables.execute("DELETE FROM bronze.event WHERE source = 'agent'")
    assert set(check_some_day(settings, day).differences) == {"commits"}
    assert {fact for fact, orphans in count_orphans(settings).items() if orphans} == {
        "agent_activity",
        "agent_quarter",
        "task",
    }
    assert lake.writer.recompute_days(date(2026, 5, 1), date(2026, 5, 31)) > 0
    assert check_some_day(settings, day).differences == {}


def test_administrators_are_told_of_a_failed_run_once_a_day(settings: Settings, database: Database) -> None:
    with psycopg.connect(libpq_url(settings.database_url)) as postgres:
        postgres.execute(
            'INSERT INTO kino."user" (id, email, name, role, password_hash) VALUES'
            " (gen_random_uuid(), 'boss@example.com', 'Boss', 'ADMIN', ''),"
            " (gen_random_uuid(), 'other@example.com', 'Other', 'MANAGER', '')"
        )
    with database.write() as session:
        assert tell_administrators(session, settings, "refresh", "a-run", BROKEN) == 1
    with database.write() as session:
        assert tell_administrators(session, settings, "refresh", "b-run", "It broke again.") == 0
        assert tell_administrators(session, settings, "upkeep", "c-run", "This one too.") == 1
    with psycopg.connect(libpq_url(settings.database_url)) as postgres:
        rows = postgres.execute(
            "SELECT recipient, subject, text, html FROM kino.outbox WHERE kind = %s", [KIND]
        ).fetchall()
    assert {row[0] for row in rows} == {"boss@example.com"}
    first = next(row for row in rows if "refresh" in row[1])
    assert f"http://127.0.0.1:{settings.dagster_port}/runs/a-run" in first[2]
    assert "It &lt;broke&gt;" in first[3]
    assert "a-secret" not in first[2] + first[3]
