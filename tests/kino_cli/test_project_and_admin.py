"""`kino project` and `kino admin` on a real database."""

import io
import json
import sys

import pytest

from kino_api.passwords import is_password
from kino_cli import main
from kino_core.database import Database, query

PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _here(database_url: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("KINO_HOME", str(tmp_path_factory.mktemp("home")))


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str, stdin: str = "") -> int:
    monkeypatch.setattr(sys, "argv", ["kino", *arguments])
    monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
    with pytest.raises(SystemExit) as ended:
        main.main()
    return int(ended.value.code or 0)


def test_a_project_is_created_once_and_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "project", "create", "Checkout", "--initiative", "Growth", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert (set(made), made["name"]) == ({"id", "name"}, "Checkout")
    assert _run(monkeypatch, "project", "create", "checkout") == 1
    assert capsys.readouterr().err == "There is a project named 'checkout' already. Choose another name.\n"
    assert _run(monkeypatch, "project", "list", "--json") == 0
    [listed] = json.loads(capsys.readouterr().out)["items"]
    assert (listed["id"], listed["initiative"], listed["commits"]) == (made["id"], "Growth", 0)
    assert _run(monkeypatch, "project", "list") == 0
    assert "Checkout" in capsys.readouterr().out


def test_an_administrator_is_created_with_a_password_from_stdin(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    create = ("admin", "create", "--email", "ada@example.com", "--password-stdin", "--json")
    assert _run(monkeypatch, *create, stdin=f"{PASSWORD}\n") == 0
    assert json.loads(capsys.readouterr().out)["role"] == "ADMIN"
    with database.read() as session:
        [stored] = query(session, 'SELECT name, role, password_hash FROM kino."user"')
    assert (stored.name, stored.role) == ("ada", "ADMIN")
    assert is_password(PASSWORD, stored.password_hash)


def test_a_short_password_or_a_wrong_address_creates_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for email, password in (("ada@example.com", "too short"), ("ada", PASSWORD)):
        assert _run(monkeypatch, "admin", "create", "--email", email, "--password-stdin", stdin=password) == 2
        assert "password" in (said := capsys.readouterr().err) or "e-mail" in said
    with database.read() as session:
        assert query(session, 'SELECT FROM kino."user"') == []


def test_a_token_is_made_rotated_and_told_to_sign(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "project", "create", "Checkout") == 0
    capsys.readouterr()
    terms = ("--per-minute", "5", "--per-hour", "50", "--days", "30", "--agent-type", "codex")
    assert _run(monkeypatch, "token", "create", "--project", "Checkout", *terms, "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert set(made) == {"id", "token", "project_id"}
    assert _run(monkeypatch, "token", "secret", made["id"], "--json") == 0
    assert json.loads(capsys.readouterr().out)["secret"].startswith("whsec_")
    assert _run(monkeypatch, "token", "rotate", made["id"], "--overlap-hours", "0", "--json") == 0
    new = json.loads(capsys.readouterr().out)
    assert new["id"] != made["id"]
    assert _run(monkeypatch, "token", "rotate", made["id"]) == 1
    assert "no such token that still works" in capsys.readouterr().err
    assert _run(monkeypatch, "token", "secret", new["id"], "--remove") == 0
    assert "needs no signature" in capsys.readouterr().err
    assert _run(monkeypatch, "token", "revoke", new["id"]) == 0
