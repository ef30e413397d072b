"""`kino project` and `kino admin` on a real database."""

import io
import json
import sys
from pathlib import Path

import pytest

from kino_api.account_links import Purpose, find_link
from kino_api.lockout import Kind, Lockout, target_of
from kino_api.passwords import is_password
from kino_api.users import Role, create_invited_user
from kino_cli import main
from kino_core.database import Database, query

PASSWORD = "lantern orbit mellow gravel"


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
    capsys.readouterr()
    assert _run(monkeypatch, "token", "list", "--project", "Checkout", "--json") == 0
    listed = json.loads(capsys.readouterr().out)["items"]
    assert [(each["id"], each["last4"]) for each in listed] == [
        (token["id"], token["token"][-4:]) for token in (new, made)
    ]
    assert _run(monkeypatch, "token", "list", "--project", "Checkout") == 0
    table = capsys.readouterr().out
    assert [state in table for state in ("revoked", "ended", "works")] == [True, True, False]


@pytest.mark.parametrize("terms", [("--days", "1e300"), ("--per-minute", "99999999999999999999"), ("--per-hour", "0")])
def test_terms_out_of_all_bounds_are_wrong_usage(terms: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert _run(monkeypatch, "token", "create", "--project", "Checkout", *terms) == 2


def test_a_file_that_is_no_history_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "README.md"
    file.write_text("# Not a history\n")
    assert _run(monkeypatch, "backfill", "gitlog", str(file), "--project", "Checkout") == 1
    assert "every record was rejected" in capsys.readouterr().err


def test_somebody_who_guessed_too_often_may_try_again(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.write() as session:
        create_invited_user(session, "ada@example.com", "Ada", Role.ADMIN)
        for address in ("192.0.2.1", "198.51.100.1"):
            Lockout(enabled=True).count(session, target_of(Kind.SIGN_IN, "Ada@example.com", address))
    assert _run(monkeypatch, "admin", "unlock", "--email", "ADA@example.com", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"email": "ada@example.com", "attempts_forgotten": 2}
    assert _run(monkeypatch, "admin", "unlock", "--email", "nobody@example.com") == 1
    assert "kino admin list" in capsys.readouterr().err
    with database.read() as session:
        assert query(session, "SELECT FROM kino.attempt") == []
        assert len(query(session, "SELECT FROM kino.audit WHERE action = 'UNLOCKED'")) == 1


def test_a_link_for_a_password_is_printed_once_and_works(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.write() as session:
        create_invited_user(session, "ada@example.com", "Ada", Role.ADMIN)
    for purpose in (Purpose.INVITE, Purpose.RESET):
        assert _run(monkeypatch, "admin", "reset-link", "--email", "ada@example.com", "--json") == 0
        made = json.loads(capsys.readouterr().out)
        base, _, token = made["url"].partition("?token=")
        assert (made["purpose"], base) == (purpose, f"http://localhost:8000/{purpose}")
        with database.read() as session:
            assert find_link(session, token, purpose).user_email == "ada@example.com"
        with database.write() as session:
            query(session, "UPDATE kino.\"user\" SET password_hash = 'known' RETURNING id")
    assert _run(monkeypatch, "admin", "reset-link", "--email", "ada@example.com") == 0
    said = capsys.readouterr()
    assert said.out.startswith("http://localhost:8000/reset?token=")
    assert "for an hour" in said.err


def test_everybody_who_may_sign_in_is_listed(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.write() as session:
        create_invited_user(session, "ada@example.com", "Ada", Role.ADMIN)
    assert _run(monkeypatch, "admin", "list", "--json") == 0
    [listed] = json.loads(capsys.readouterr().out)["items"]
    assert (listed["email"], listed["role"], listed["status"]) == ("ada@example.com", "ADMIN", "INVITED")
    assert _run(monkeypatch, "admin", "list") == 0
    assert "ada@example.com" in capsys.readouterr().out


def test_keys_are_replaced_and_the_audit_knows(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = []
    for _ in range(2):
        assert _run(monkeypatch, "keys", "rotate", "--json") == 0
        made.append(json.loads(capsys.readouterr().out))
    assert made[0]["kid"] in [each["kid"] for each in made[1]["retired"]]
    with database.read() as session:
        rotated = query(
            session, "SELECT actor_type, entity_id FROM kino.audit WHERE action = 'KEYS_ROTATED' ORDER BY id"
        )
    assert [tuple(row) for row in rotated] == [("system", each["kid"]) for each in made]
