"""Readers of the log: killed before they could note how far they were, and on a log that came from a backup."""

import os
import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from kino_assets.check import check_warehouse
from kino_assets.refresh import LakeWriter, LogReplaced
from kino_cli.postgres import reachable_binaries
from kino_core.database import Database, libpq_url
from kino_core.events import Event
from kino_core.gold import Scope, open_gold
from kino_core.metrics import ScopeType
from kino_core.periods import parse_period
from kino_core.settings import Settings, settings_from
from kino_ingest.landing import Outcome
from tests.factories.events import agent_report, project_created
from tests.faults.servers import PostgresServer, until
from tests.kino_ingest.events import fold_all, landed, one

MAY = datetime(2026, 5, 10, 12, tzinfo=UTC)
REFRESH = """
from kino_core.settings import load_settings
from kino_assets.refresh import LakeWriter
LakeWriter(load_settings()).refresh(everything=True)
"""


def reports(project: uuid.UUID, first: int, last: int, at: datetime = MAY) -> list[Event]:
    return [agent_report(project, "task_started", at, task=f"T-{number}") for number in range(first, last)]


def activities(settings: Settings, project: uuid.UUID) -> float | None:
    with open_gold(settings) as gold:
        return gold.value("agent_activities", Scope(ScopeType.PROJECT, project), parse_period("2026-05")).value


def test_a_reader_killed_before_its_cursor_was_saved_reads_once(
    settings: Settings, database: Database, database_url: str
) -> None:
    project = uuid.uuid4()
    landed(database, [project_created(project, "Killed"), *reports(project, 0, 10)])
    with closing(LakeWriter(settings)) as writer:
        writer.refresh(everything=True)
    landed(database, reports(project, 10, 30))
    environment = {**os.environ, "KINO_HOME": str(settings.home), "DATABASE_URL": database_url}
    with psycopg.connect(libpq_url(database_url), autocommit=False) as blocker:
        # A snapshot is a row here; whoever wants to commit one waits.
        blocker.execute("LOCK TABLE lake.ducklake_snapshot IN SHARE ROW EXCLUSIVE MODE")
        reader = subprocess.Popen([sys.executable, "-c", REFRESH], env=environment)
        try:
            until(lambda: _waits_for_a_lock(database), "the reader did not come to its commit", 60)
        finally:
            reader.kill()
            reader.wait()
    assert activities(settings, project) == 10
    with closing(LakeWriter(settings)) as writer:
        assert writer.refresh(everything=True).events == 20
    assert activities(settings, project) == 30
    assert check_warehouse(settings).ok


def test_what_comes_ninety_days_late_changes_that_day_alone(settings: Settings, database: Database) -> None:
    project = uuid.uuid4()
    days = [MAY + timedelta(days=number) for number in range(90)]
    landed(database, [project_created(project, "Late")])
    for number, day in enumerate(days):
        landed(database, reports(project, number, number + 1, day))
    touched: list[object] = []
    with closing(LakeWriter(settings)) as writer:
        writer.refresh(everything=True)
        landed(database, reports(project, 1000, 1001, MAY))
        writer.refresh(
            everything=True,
            before_commit=lambda lake, _: touched.extend(
                lake.execute("SELECT DISTINCT day FROM touched WHERE metric = 'agent_activities'").fetchall()
            ),
        )
    assert touched == [(MAY.date(),)]
    assert check_warehouse(settings).ok


# A database from a backup


class Place:
    """A server of its own, with a home beside it where the lake is."""

    def __init__(self, folder: Path, lake_home: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.data = folder / "postgres"
        self.server = PostgresServer(folder)
        self.server.start()
        self.settings = settings_from({"KINO_HOME": str(lake_home), "DATABASE_URL": self.server.url})

    def takes(self, events: Sequence[Event]) -> list[Outcome]:
        """Land and fold events."""
        with closing(Database(self.server.url)) as database:
            outcomes = landed(database, events)
            assert fold_all(database) == 0
            return outcomes

    def refreshes(self, *, full: bool = False) -> None:
        with closing(LakeWriter(self.settings)) as writer:
            writer.refresh(everything=True, full=full)

    def has(self, project: uuid.UUID, number: int) -> None:
        """Check that so many activities are in the log, folded, and in the lake."""
        with closing(Database(self.server.url)) as database:
            assert one(database, "SELECT count(*) FROM landing.event WHERE source = 'agent'") == number
            assert one(database, "SELECT count(*) FROM kino.agent_activity") == number
        assert activities(self.settings, project) == number
        assert check_warehouse(self.settings).ok


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Callable[[str], Place]]:
    """Make servers that share one lake."""
    made: list[Place] = []

    def make(name: str) -> Place:
        made.append(Place(tmp_path / name, tmp_path / "home"))
        return made[-1]

    yield make
    for each in made:
        each.server.kill()


def test_a_copy_of_the_data_folder_put_back(place: Callable[[str], Place], tmp_path: Path) -> None:
    project = uuid.uuid4()
    old, late, new = reports(project, 0, 20), reports(project, 20, 50), reports(project, 50, 60)
    here = place("here")
    here.server.make_database()
    here.takes([project_created(project, "Backup"), *old])
    here.refreshes()
    here.server.stop()
    backup = tmp_path / "backup"
    subprocess.run(["cp", "-a", here.data, backup], check=True)
    here.server.start()
    here.takes(late)
    here.refreshes()
    here.has(project, 50)
    here.server.stop()
    shutil.rmtree(here.data)
    backup.rename(here.data)
    here.server.start()
    # Senders that do not know what the backup holds send all of it again.
    again = here.takes([*old, *late, *new])
    assert again == [Outcome.DUPLICATE] * 20 + [Outcome.ACCEPTED] * 40
    here.refreshes()
    here.has(project, 60)


@pytest.fixture
def restored(place: Callable[[str], Place], tmp_path: Path) -> tuple[Place, list[Event], list[Event]]:
    """A younger server with the dump of an older one, the twenty events in it, and forty that come later."""
    project = uuid.uuid4()
    old, new = reports(project, 0, 20), reports(project, 20, 60)
    here = place("here")
    here.server.make_database()
    with psycopg.connect(here.server.url, autocommit=True) as connection:
        connection.execute("DO $$ BEGIN FOR n IN 1..5000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$")
    here.takes([project_created(project, "Dump"), *old])
    here.refreshes()
    dump = tmp_path / "kino.dump"
    _run_tool("pg_dump", "-Fc", "-f", str(dump), here.server.url)
    there = place("there")
    there.server.make_database(empty=True)
    _run_tool("pg_restore", "--no-owner", "-d", there.server.url, str(dump))
    return there, old, new


def test_a_dump_restored_into_a_younger_server(restored: tuple[Place, list[Event], list[Event]]) -> None:
    there, old, new = restored
    project = _project_of(new)
    again = there.takes([*old, *new])
    assert again == [Outcome.DUPLICATE] * 20 + [Outcome.ACCEPTED] * 40
    with pytest.raises(LogReplaced):
        there.refreshes()
    there.refreshes(full=True)
    there.has(project, 60)
    there.takes(reports(project, 60, 70))
    there.refreshes()
    there.has(project, 70)


def test_the_refresher_rebuilds_the_lake_of_a_restored_dump(restored: tuple[Place, list[Event], list[Event]]) -> None:
    # Dagster takes three seconds to load, and every worker reads this file.
    from kino_assets.instance import dagster_instance
    from kino_assets.refresher import _follow

    there, _, new = restored
    there.takes(new)
    stop = threading.Event()
    with dagster_instance(there.settings) as instance, ThreadPoolExecutor(1) as threads:
        following = threads.submit(_follow, there.settings, instance, stop)
        try:
            until(lambda: following.done() or activities(there.settings, _project_of(new)) == 60, "it is stale", 120)
        finally:
            stop.set()
        following.result(60)
    there.has(_project_of(new), 60)


def _project_of(events: Sequence[Event]) -> uuid.UUID:
    assert events[0].project_id is not None
    return events[0].project_id


def _waits_for_a_lock(database: Database) -> bool:
    return bool(
        one(
            database,
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND datname = current_database()",
        )
    )


def _run_tool(name: str, *arguments: str) -> None:
    done = subprocess.run([reachable_binaries(None) / name, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
