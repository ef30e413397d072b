"""The newest numbers stand in PostgreSQL after each refresh, as gold has them, and say of which snapshot they are."""

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from kino_assets import publish as module
from kino_assets import refresh
from kino_assets.refresh import LakeWriter, one_committer
from kino_core.database import Database, libpq_url, query
from kino_core.events import Event
from kino_core.gold import Scope, open_gold
from kino_core.metrics import ScopeType
from kino_core.periods import Grain, Period
from kino_core.published import PUBLISHED, newest_publication
from kino_core.settings import Settings
from tests.factories.events import agent_report, commit, project_created
from tests.kino_assets.conftest import REPOSITORY

NOW = datetime.now(UTC)
MONTH = Period.of(Grain.MONTH, NOW.date())
Landed = Callable[[Sequence[Event]], None]


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


def test_what_is_published_is_what_gold_has(
    settings: Settings, database: Database, writer: LakeWriter, landed: Landed, project_id: uuid.UUID
) -> None:
    other = uuid.uuid4()
    landed([project_created(other, "Other"), commit(REPOSITORY, sha(1), NOW), commit(REPOSITORY, sha(2), NOW)])
    landed([agent_report(other, "blocker_identified", NOW - timedelta(days=40), description="stuck")])
    done = writer.refresh(everything=True)
    assert shown(database) == in_gold(settings, [project_id, other])
    assert published(database)["commits", str(project_id)].value == 2
    assert published(database)["blockers_open", str(other)].value == 1
    with database.read() as session:
        publication = newest_publication(session)
    assert publication is not None
    assert (publication.period, publication.snapshot_id) == (str(MONTH), done.snapshot_id)


def test_only_what_changed_is_written_and_says_its_snapshot(
    database: Database, settings: Settings, writer: LakeWriter, landed: Landed, project_id: uuid.UUID
) -> None:
    other = uuid.uuid4()
    landed([project_created(other, "Other"), commit(REPOSITORY, sha(1), NOW)])
    landed([agent_report(other, "blocker_identified", NOW, description="stuck")])
    first = writer.refresh(everything=True)
    landed([commit(REPOSITORY, sha(2), NOW)])
    second = writer.refresh(everything=True)
    rows = published(database)
    assert rows["commits", str(project_id)].snapshot_id == second.snapshot_id > first.snapshot_id
    assert rows["blockers_open", str(other)].snapshot_id == first.snapshot_id
    assert shown(database) == in_gold(settings, [project_id, other])


def test_what_could_not_be_published_is_made_up_for(
    database: Database,
    settings: Settings,
    writer: LakeWriter,
    landed: Landed,
    project_id: uuid.UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    landed([commit(REPOSITORY, sha(1), NOW)])
    writer.refresh(everything=True)

    def fail(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(refresh, "publish", fail)
        landed([commit(REPOSITORY, sha(2), NOW)])
        assert writer.refresh(everything=True).events == 1, "the lake has it all the same"
    assert published(database)["commits", str(project_id)].value == 1
    assert not writer.must_publish(), "not at once again"
    writer._publish_again_at = 0.0
    assert writer.must_publish()
    # Another window, which touches nothing of it, finds that one was missed.
    landed([project_created(uuid.uuid4(), "Other")])
    writer.refresh(everything=True)
    assert published(database)["commits", str(project_id)].value == 2
    assert not writer.must_publish()


def test_a_new_month_is_published_without_anything_new(
    database: Database, settings: Settings, writer: LakeWriter, landed: Landed, project_id: uuid.UUID
) -> None:
    landed([commit(REPOSITORY, sha(1), NOW), agent_report(project_id, "blocker_identified", NOW, description="x")])
    writer.refresh(everything=True)
    later = date(MONTH.start.year + 1, 1, 1)
    with one_committer(settings) as postgres, refresh._transaction(writer._connected()):
        module.publish(writer._connected(), postgres, later)
    with database.read() as session:
        assert {row.period for row in query(session, "SELECT period FROM kino.metric_value")} == {f"{later:%Y-%m}"}
    assert writer.must_publish() is False
    writer.publish()
    assert shown(database) == in_gold(settings, [project_id])


def test_publishing_again_changes_nothing(
    database: Database, database_url: str, writer: LakeWriter, landed: Landed, project_id: uuid.UUID
) -> None:
    landed([commit(REPOSITORY, sha(1), NOW)])
    writer.refresh(everything=True)
    before = published(database)
    with psycopg.connect(libpq_url(database_url), autocommit=True) as postgres:
        # As if it had never been said which snapshot is there.
        postgres.execute("DELETE FROM kino.metric_publication")
        versions = "SELECT xmin::text, metric FROM kino.metric_value ORDER BY metric"
        written = postgres.execute(versions).fetchall()
        writer.publish()
        assert postgres.execute(versions).fetchall() == written
    assert published(database) == before


def test_before_the_first_refresh_there_is_nothing_to_publish(database: Database, writer: LakeWriter) -> None:
    assert writer.must_publish()
    writer.publish()
    with database.read() as session:
        assert newest_publication(session) is None
