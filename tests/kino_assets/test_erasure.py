"""Erasing a person from the lake and from reports: no file and no row of the catalog names them afterwards."""

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from kino_assets.check import check_warehouse
from kino_assets.erasure import erase_what_waits
from kino_assets.refresh import LakeWriter
from kino_core.database import Database
from kino_core.events import Event, stable_id
from kino_core.gold import MetricValue, Scope
from kino_core.metrics import ScopeType
from kino_core.periods import parse_period
from kino_core.privacy.erasures import Step, find_erasure, next_work, request_erasure
from kino_core.privacy.subjects import find_by_email
from kino_core.settings import Settings
from kino_ingest.audit.chain import load_audit_key
from kino_ingest.erasure import erase_from_log
from kino_ingest.fold.run import fold_next, fold_pending
from kino_reports.make import make_report
from kino_reports.snapshot import ReportKind
from kino_reports.store import find_report, report_file
from tests.factories.events import HUMAN, OTHER_HUMAN, agent_report, commit
from tests.kino_assets.conftest import REPOSITORY

NAME, EMAIL = "Robin Goodfellow", HUMAN[1]
AT = datetime(2026, 3, 2, tzinfo=UTC)


def _named_in(folder: Path, database_url: str) -> list[str]:
    """Return each file under `folder`, and each row of the lake's catalog, that names the person."""
    needles = [each.lower().encode() for each in (NAME, EMAIL)]
    found = [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and any(needle in path.read_bytes().lower() for needle in needles)
    ]
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname IN ('lake', 'kino', 'landing', 'dagster')"
        ).fetchall()
        for (table,) in tables:
            rows = (repr(row).lower().encode() for row in connection.execute(f"SELECT * FROM {table}"))
            found += [table for row in rows if any(needle in row for needle in needles)]
    return found


def _fold(database: Database) -> None:
    while fold_pending(database):
        assert not fold_next(database).failed


@pytest.fixture
def lived(
    database: Database, landed: Callable[[Sequence[Event]], None], project_id: uuid.UUID, writer: LakeWriter
) -> None:
    """A lake with a past: some of it in files, some small enough to lie in the catalog, some of it deleted again."""
    with database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.project (id, name, created_at, updated_at) VALUES (%s, 'Kino', now(), now())",
            (project_id,),
        )
    author, other = (NAME, EMAIL), OTHER_HUMAN
    landed([commit(REPOSITORY, f"{n:040x}", AT, author=other if n % 3 else author) for n in range(40)])
    writer.refresh()
    landed([commit(REPOSITORY, f"{40:040x}", AT, author=other, co_authors=(author,), subject=f"Help {NAME}")])
    blocker = agent_report(project_id, "blocker_identified", AT, description=f"{NAME} has the key")
    landed([blocker, commit(REPOSITORY, f"{41:040x}", AT, author=author, subject="Wings (#3)")])
    _fold(database)
    with database.write() as session:
        session.exec_driver_sql("UPDATE kino.repository SET project_id = %s", (project_id,))
    writer.refresh()


def _erase(settings: Settings, database: Database, writer: LakeWriter) -> uuid.UUID:
    with database.write() as session:
        asked = request_erasure(session, find_by_email(session, EMAIL))
    with database.read() as session:
        work = next_work(session, Step.LOG, asked.id)
    assert work is not None
    erase_from_log(settings.database_url, work, load_audit_key(settings.secrets_path))
    assert erase_what_waits(settings, database, lambda: writer.refresh(full=True, everything=True))
    with database.read() as session:
        done = find_erasure(session, asked.id)
    assert (done.step, done.finished_at is not None) == (Step.DONE, True)
    return done.person_id


@pytest.mark.usefixtures("lived")
def test_no_file_and_no_row_names_the_person_and_the_numbers_are_the_same(
    settings: Settings,
    database: Database,
    writer: LakeWriter,
    project_id: uuid.UUID,
    value: Callable[..., MetricValue],
) -> None:
    """A report that names them is made anew under their id."""
    scope, period = Scope(ScopeType.PROJECT, project_id), parse_period("2026-03")
    made = make_report(settings, ReportKind.QBR, scope, period, ["html"])
    assert NAME in made.files["html"].read_text()
    before = Scope(ScopeType.PERSON, stable_id("person", f"email:{EMAIL}"))
    keys = ("commits", "lines_added", "prs_merged", "agent_commit_share")
    own = [value(key, "2026-03", before).value for key in keys]
    projects = [value(key, "2026-03").value for key in keys]
    assert own[0] == 15
    assert _named_in(settings.home, settings.database_url) != []
    after = Scope(ScopeType.PERSON, _erase(settings, database, writer))
    assert _named_in(settings.home, settings.database_url) == []
    assert [value(key, "2026-03", after).value for key in keys] == own
    assert [value(key, "2026-03", before).n for key in keys[:2]] == [0, 0]
    assert [value(key, "2026-03").value for key in keys] == projects
    assert check_warehouse(settings).ok
    assert writer.refresh().events == 0
    with database.read() as session:
        found = find_report(session, made.report_id)
    assert found.snapshot_sha256 != made.snapshot_sha256
    assert "has the key" in report_file(settings, found, "html").read_text()


def test_without_a_lake_there_is_nothing_to_rebuild(
    settings: Settings, database: Database, writer: LakeWriter, landed: Callable[[Sequence[Event]], None]
) -> None:
    landed([commit(REPOSITORY, f"{1:040x}", AT, author=(NAME, EMAIL))])
    _fold(database)
    with database.write() as session:
        asked = request_erasure(session, find_by_email(session, EMAIL))
    with database.read() as session:
        work = next_work(session, Step.LOG, asked.id)
    assert work is not None
    erase_from_log(settings.database_url, work, load_audit_key(settings.secrets_path))
    assert erase_what_waits(settings, database, lambda: pytest.fail("there is no lake"))
    assert not erase_what_waits(settings, database, lambda: pytest.fail("all is done"))
