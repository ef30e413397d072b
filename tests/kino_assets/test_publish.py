"""The newest numbers stand in PostgreSQL after each refresh, as gold has them, and say of which snapshot they are."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from kino_assets import publish as module
from kino_assets import refresh
from kino_assets.refresh import LakeWriter, one_committer
from kino_core.database import Database, libpq_url, query
from kino_core.gold import Scope, open_gold
from kino_core.metrics import ScopeType
from kino_core.periods import Grain, Period
from kino_core.published import PUBLISHED, newest_publication
from kino_core.settings import Settings
from tests.factories.events import agent_report, commit, project_created, repository_connected
from tests.kino_assets.conftest import REPOSITORY
from tests.kino_assets.grown import GrownLake, grown_lake

NOW = datetime.now(UTC)
MONTH = Period.of(Grain.MONTH, NOW.date())


def published(database: Database) -> dict[tuple[str, str], Any]:
    with database.read() as session:
        rows = query(session, "SELECT * FROM kino.metric_value")
    return {(row.metric, row.scope_id): row for row in rows}


def in_gold(settings: Settings, projects: Sequence[uuid.UUID], month: Period = MONTH) -> dict[tuple[str, str], Any]:
    with open_gold(settings) as gold:
        scopes = [Scope(ScopeType.PROJECT, project) for project in projects]
        found = gold.values([metric.key for metric in PUBLISHED], scopes, month)
    return {
        (key, scope.key): (value.value, value.n, value.coverage, value.lower, value.upper)
        for (key, scope), value in found.items()
        if value.value is not None
    }


def shown(database: Database) -> dict[tuple[str, str], Any]:
    return {
        key: (row.value, row.n, row.coverage, row.lower, row.upper)
        for key, row in published(database).items()
        if row.value is not None
    }


def sha(number: int) -> str:
    return f"{number:040x}"


PROJECT, OTHER = uuid.uuid4(), uuid.uuid4()


@pytest.fixture(scope="module")
def lake(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrownLake]:
    """A lake of two projects, in which every test below leaves all that is known published."""
    made = [
        project_created(PROJECT, "Kino"),
        repository_connected(PROJECT, REPOSITORY),
        project_created(OTHER, "Other"),
    ]
    stuck = agent_report(OTHER, "blocker_identified", NOW - timedelta(days=40), description="stuck")
    commits = [commit(REPOSITORY, sha(number), NOW) for number in (1, 2)]
    with grown_lake(module_database_url, tmp_path_factory.mktemp("home"), [[*made, stuck, *commits]]) as grown:
        yield grown


@pytest.fixture
def database(lake: GrownLake) -> Database:
    return lake.database


def commits(database: Database) -> float:
    return published(database)["commits", str(PROJECT)].value


def test_what_is_published_is_what_gold_has(lake: GrownLake, database: Database) -> None:
    assert shown(database) == in_gold(lake.settings, [PROJECT, OTHER])
    assert commits(database) == 2
    assert published(database)["blockers_open", str(OTHER)].value == 1
    with database.read() as session:
        publication = newest_publication(session)
    assert publication is not None
    assert (publication.period, publication.snapshot_id) == (str(MONTH), lake.windows[-1].snapshot_id)


def test_publishing_again_changes_nothing(lake: GrownLake, database: Database) -> None:
    before = published(database)
    with psycopg.connect(libpq_url(lake.settings.database_url), autocommit=True) as postgres:
        # As if it had never been said which snapshot is there.
        postgres.execute("DELETE FROM kino.metric_publication")
        versions = "SELECT xmin::text, metric FROM kino.metric_value ORDER BY metric, scope_id"
        written = postgres.execute(versions).fetchall()
        lake.writer.publish()
        assert postgres.execute(versions).fetchall() == written
    assert published(database) == before


def test_only_what_changed_is_written_and_says_its_snapshot(lake: GrownLake, database: Database) -> None:
    before = published(database)["blockers_open", str(OTHER)].snapshot_id
    lake.grow([commit(REPOSITORY, sha(3), NOW)])
    rows, newest = published(database), lake.windows[-1].snapshot_id
    assert rows["commits", str(PROJECT)].snapshot_id == newest > before
    assert rows["blockers_open", str(OTHER)].snapshot_id == before
    assert shown(database) == in_gold(lake.settings, [PROJECT, OTHER])


def test_what_could_not_be_published_is_made_up_for(
    lake: GrownLake, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = commits(database)

    def fail(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(refresh, "publish", fail)
        lake.grow([commit(REPOSITORY, sha(4), NOW)])
        assert lake.windows[-1].events == 1, "the lake has it all the same"
    assert commits(database) == before
    assert not lake.writer.must_publish(), "not at once again"
    lake.writer._publish_again_at = 0.0
    assert lake.writer.must_publish()
    # Another window, which touches nothing of it, finds that one was missed.
    lake.grow([project_created(uuid.uuid4(), "Another")])
    assert commits(database) == before + 1
    assert not lake.writer.must_publish()


def test_a_new_month_is_published_without_anything_new(lake: GrownLake, database: Database) -> None:
    later = date(MONTH.start.year + 1, 1, 1)
    with one_committer(lake.settings) as postgres, refresh._transaction(lake.writer._connected()):
        module.publish(lake.writer._connected(), postgres, later)
    with database.read() as session:
        assert {row.period for row in query(session, "SELECT period FROM kino.metric_value")} == {f"{later:%Y-%m}"}
    assert lake.writer.must_publish() is False
    lake.writer.publish()
    assert shown(database) == in_gold(lake.settings, [PROJECT, OTHER])


def test_before_the_first_refresh_there_is_nothing_to_publish(database_url: str, writer: LakeWriter) -> None:
    assert writer.must_publish()
    writer.publish()
    with closing(Database(database_url)) as empty, empty.read() as session:
        assert newest_publication(session) is None
