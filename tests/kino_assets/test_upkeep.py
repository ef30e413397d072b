"""The lake's upkeep, the checks of the night, months computed anew, and who is told of a failed run.

Dagster takes three seconds to load, and every worker reads every file of tests: those that need it load it.
"""

import uuid
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kino_assets.check import StateCheck, check_some_day, check_states, check_warehouse, count_orphans
from kino_assets.refresh import LakeWriter, has_lake
from kino_assets.upkeep import EVERY_SNAPSHOT_FOR, Kept, expendable, keep_lake
from kino_core.database import Database, libpq_url
from kino_core.lake import LakeNotReady, connect_lake
from kino_core.metrics.states import STALLED_AGENTS
from kino_core.settings import Settings
from tests.factories.events import agent_report, commit
from tests.kino_assets.conftest import REPOSITORY
from tests.kino_assets.test_lake import MAY, Land, sha

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


def test_upkeep_leaves_every_number_and_the_snapshots_of_reports(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, settings: Settings, database: Database
) -> None:
    snapshots = []
    for number in range(4):
        landed([commit(REPOSITORY, sha(str(number)), MAY)])
        snapshots.append(writer.refresh(everything=True).snapshot_id)
    with database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.report (id, kind, title, scope_type, period, as_of, lake_snapshot_id, snapshot_sha256,"
            " snapshot) VALUES (gen_random_uuid(), 'qbr', 'A report', 'portfolio', '2026-Q2', now(), %s, '', '{}')",
            (snapshots[1],),
        )
    writer.close()
    kept = keep_lake(settings, datetime.now(UTC) + timedelta(days=2000))
    assert kept.snapshots_expired > 2
    assert check_warehouse(settings).ok
    lake = connect_lake(settings.database_url, settings.lake_path, read_only=True, snapshot_id=snapshots[1])
    assert lake.execute("SELECT count(*) FROM silver.commit").fetchall() == [(2,)]
    lake.close()
    with pytest.raises(LakeNotReady):
        connect_lake(settings.database_url, settings.lake_path, read_only=True, snapshot_id=snapshots[0]).execute(
            "SELECT count(*) FROM silver.commit"
        )
    again = keep_lake(settings, datetime.now(UTC) + timedelta(days=2000))
    assert again.snapshots_expired <= 1, "what upkeep itself wrote"


def test_a_damaged_day_is_found_and_made_good_by_its_month(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, settings: Settings
) -> None:
    landed([commit(REPOSITORY, sha("1"), MAY), agent_report(project_id, "task_started", MAY)])
    writer.refresh(everything=True)
    writer.close()
    day = MAY.date()
    assert check_some_day(settings).differences == {}
    assert set(count_orphans(settings).values()) == {0}
    lake = connect_lake(settings.database_url, settings.lake_path, read_only=False)
    lake.execute("UPDATE gold.metric_value SET value = 7, numerator = 7 WHERE metric = 'commits' AND grain = 'day'")
    lake.execute("DELETE FROM bronze.event WHERE source = 'agent'")
    lake.close()
    assert set(check_some_day(settings, day).differences) == {"commits"}
    assert {fact for fact, orphans in count_orphans(settings).items() if orphans} == {
        "agent_activity",
        "agent_quarter",
        "task",
    }
    assert writer.recompute_days(date(2026, 5, 1), date(2026, 5, 31)) > 0
    assert check_some_day(settings, day).differences == {}


def test_the_checks_of_the_night_and_a_backfill_of_months_run_in_dagster(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, settings: Settings
) -> None:
    import dagster as dg

    from kino_assets.definitions import defs
    from kino_assets.instance import dagster_instance
    from kino_assets.months import months

    landed([commit(REPOSITORY, sha("1"), MAY)])
    writer.refresh(everything=True)
    with dagster_instance(settings) as instance:
        checked = defs.resolve_job_def("nightly_checks").execute_in_process(
            instance=instance, resources={"settings": settings}
        )
        results = checked.get_asset_check_evaluations()
        assert all(result.passed for result in results)
        assert {result.check_name for result in results} == {
            "fresh",
            "equals_recompute",
            "no_orphans",
            "plausible",
        }
        kept = defs.resolve_job_def("upkeep").execute_in_process(instance=instance, resources={"settings": settings})
        assert kept.success
        backfill = {f"dagster/asset_partition_range_{end}": f"2026-0{month}-01" for end, month in _APRIL_AND_MAY}
        made = dg.materialize([months], instance=instance, tags=backfill, resources={"writer": writer})
        [event] = made.get_asset_materialization_events()[:1]
        assert event.materialization.metadata["first"].value == "2026-04-01"
        assert event.materialization.metadata["last"].value == "2026-05-31"
    assert check_warehouse(settings).ok


def test_administrators_are_told_of_a_failed_run_once_a_day(settings: Settings, database: Database) -> None:
    from kino_assets.alerts import KIND, tell_administrators

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
