"""`kino user` and `kino keys` on a real database."""

import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kino_cli import main
from kino_core.database import Database, query
from kino_core.envelopes import key_of
from kino_ingest.fold.run import fold_next, fold_pending
from kino_ingest.landing import land
from tests.factories.events import CLAUDE, HUMAN, commit

NAME, EMAIL = "Robin Goodfellow", HUMAN[1]


@pytest.fixture(autouse=True)
def home(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("KINO_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture(autouse=True)
def history(database: Database) -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    with database.write() as session:
        mine = commit("example/kino", f"{1:040x}", at, author=(NAME, EMAIL), co_authors=(CLAUDE,))
        other = commit("example/kino", f"{2:040x}", at, author=(NAME, "robin@home.example"))
        land(session, [mine, other])
    while fold_pending(database):
        fold_next(database)


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str, stdin: str = "") -> int:
    monkeypatch.setattr(sys, "argv", ["kino", *arguments])
    monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
    with pytest.raises(SystemExit) as ended:
        main.main()
    return int(ended.value.code or 0)


def test_a_person_of_the_histories_is_exported_to_a_file_of_the_owners_alone(
    home: Path, database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = home / "robin.json"
    assert _run(monkeypatch, "user", "export", "--email", EMAIL.upper(), "--out", str(out)) == 0
    assert capsys.readouterr().out == ""
    assert out.stat().st_mode & 0o777 == 0o600
    exported = json.loads(out.read_text())
    assert (exported["about"]["names"], exported["about"]["user_ids"]) == ([NAME.lower()], [])
    assert [row["sha"] for row in exported["tables"]["kino.commit"]] == [f"{1:040x}"]
    assert _run(monkeypatch, "user", "export", "--email", EMAIL) == 0
    assert json.loads(capsys.readouterr().out)["tables"] == exported["tables"]
    with database.read() as session:
        assert len(query(session, "SELECT FROM kino.audit WHERE action = 'EXPORT' AND actor_type = 'system'")) == 2


def test_a_person_of_the_histories_is_erased_and_namesakes_are_told(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "user", "erase", "--email", EMAIL, stdin="n\n") == 1
    capsys.readouterr()
    assert _run(monkeypatch, "user", "erase", "--email", EMAIL, "--yes", "--json") == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["step"], done["user_id"], done["namesakes"]) == ("done", None, ["robin@home.example"])
    with database.read() as session:
        [row] = query(session, "SELECT name FROM kino.person WHERE id = :id", id=done["person_id"])
        [kept] = query(session, "SELECT traces FROM kino.erasure")
    assert (row.name, kept.traces) == (done["pseudonym"], None)
    assert _run(monkeypatch, "user", "erase", "--email", EMAIL, "--yes") == 1
    assert "Nobody with the address" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("email", "sentence"),
    [
        ("nobody@example.org", "Nobody with the address nobody@example.org"),
        (CLAUDE[1], "It tells of no person"),
        ("0123456789abcdef@erased.invalid", "nothing leads from the pseudonym"),
        ("", "Nobody with the address"),
    ],
)
def test_who_cannot_be_erased_is_told(
    email: str, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "user", "erase", "--email", email, "--yes") == 1
    assert sentence in capsys.readouterr().err


def test_secrets_are_sealed_under_a_new_key_and_doctor_opens_them(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "project", "create", "Checkout") == 0
    capsys.readouterr()
    assert _run(monkeypatch, "token", "create", "--project", "Checkout", "--json") == 0
    token_id = json.loads(capsys.readouterr().out)["id"]
    assert _run(monkeypatch, "token", "secret", token_id) == 0
    secret = capsys.readouterr().out.strip()
    with database.read() as session:
        [row] = query(session, "SELECT secret FROM kino.webhook_secret")
    assert secret.startswith("whsec_")
    assert "whsec_" not in row.secret
    assert _run(monkeypatch, "keys", "rotate", "--json") == 0
    done = json.loads(capsys.readouterr().out)["secrets"]
    with database.read() as session:
        [again] = query(session, "SELECT secret FROM kino.webhook_secret")
    assert (done["resealed"], done["key_id"]) == (1, key_of(again.secret))
    assert _stored_secrets(monkeypatch, capsys) == [("ok", "All 1 stored secrets open with the key ring.")]
    with database.write() as session:
        session.exec_driver_sql("UPDATE kino.webhook_secret SET secret = %s", (secret,))
    [(severity, what)] = _stored_secrets(monkeypatch, capsys)
    assert (severity, what.endswith("is not sealed.")) == ("error", True)
    assert _run(monkeypatch, "migrate") == 0
    assert [severity for severity, _ in _stored_secrets(monkeypatch, capsys)] == ["ok"]


def _stored_secrets(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    capsys.readouterr()
    _run(monkeypatch, "doctor", "--json")
    findings = json.loads(capsys.readouterr().out)["findings"]
    return [(each["severity"], each["what"]) for each in findings if each["id"] == "stored-secrets"]
