"""`kino audit verify` on a real database."""

import json
import sys
from pathlib import Path

import pytest

from kino_cli import main
from kino_core.audit import record
from kino_core.database import Database
from kino_core.events import stable_id
from kino_core.privacy.erasures import Step, next_work, request_erasure
from kino_core.privacy.subjects import find_by_email
from kino_ingest.audit.chain import load_audit_key
from kino_ingest.audit.seal import seal_next
from kino_ingest.erasure import erase_from_log


@pytest.fixture(autouse=True)
def home(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("KINO_HOME", str(tmp_path))
    return tmp_path


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["kino", "audit", "verify", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.main()
    return int(ended.value.code or 0)


def _told(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().err.split())


def test_it_tells_how_many_entries_erasures_rewrote(
    home: Path,
    database: Database,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with database.write() as session:
        session.exec_driver_sql(
            'INSERT INTO kino."user" (id, email, name, password_hash) VALUES (%s, %s, %s, %s)',
            (stable_id("user", "ada"), "ada@example.org", "Ada Lovelace", "none"),
        )
        record(session, "EXPORT", "report", None, details={"note": "for Ada Lovelace"})
    seal_next(database)
    assert _run(monkeypatch) == 0
    assert "2 entries are as they were sealed, 0 anchors agree" in _told(capsys)
    with database.write() as session:
        request_erasure(session, find_by_email(session, "ada@example.org"))
    with database.read() as session:
        work = next_work(session, Step.LOG)
    assert work is not None
    erase_from_log(database_url, work, load_audit_key(home / "secrets"))
    assert _run(monkeypatch) == 0
    assert "as they were sealed but for 1 that 1 erasure rewrote" in _told(capsys)
    assert _run(monkeypatch, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["redacted"], told["erasures"]) == (True, 1, 1)
    with database.write() as session:
        session.exec_driver_sql("SET LOCAL session_replication_role = replica")
        session.exec_driver_sql("UPDATE kino.audit SET details = '{}' WHERE id = 2")
    assert _run(monkeypatch) == 1
    assert "The entry is not what was sealed, or what an erasure left of it" in _told(capsys)


@pytest.mark.parametrize("table", ["kino.audit", "kino.audit_seal", "kino.audit_redaction", "landing.event"])
def test_an_audit_that_is_not_there_is_told_in_a_sentence(
    table: str, database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.write() as session:
        session.exec_driver_sql(f"DROP TABLE {table} CASCADE")
    assert _run(monkeypatch) == 1
    told = _told(capsys)
    assert f"{table} is not in the database" in told
    assert "Traceback" not in told
