"""The command as a whole: its verbs, its exit codes, and how little `kino status` loads."""

import io
import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from kino_cli import main
from kino_core.errors import KinoError
from kino_core.settings import WrongSettings

HEAVY = ["alembic", "dagster", "duckdb", "fastapi", "psycopg", "redis", "sqlalchemy", "weasyprint"]


def _run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["kino", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.main()
    return ended.value.code if isinstance(ended.value.code, int) else 0


@pytest.mark.parametrize("verb", main.VERBS)
def test_every_verb_explains_itself_and_takes_home_and_json(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run([verb, "--help"], monkeypatch) == 0
    shown = capsys.readouterr().out
    assert "Usage: kino" in shown
    if "COMMAND" not in shown:
        assert "--home" in shown
        assert "--json" in shown


def test_help_names_every_verb(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["--help"], monkeypatch) == 0
    shown = capsys.readouterr().out
    assert [verb for verb in main.VERBS if f"  {verb} " not in shown] == []


@pytest.mark.parametrize("arguments", [["frobnicate"], ["migrate", "--nonsense"], ["up", "--port", "70000"]])
def test_wrong_usage_is_2(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert _run(arguments, monkeypatch) == 2


@pytest.mark.parametrize(("error", "code"), [(KinoError("It failed."), 1), (WrongSettings(["PORT: no"]), 78)])
def test_an_error_is_one_sentence_and_an_exit_code(
    error: KinoError, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(home: Path | None) -> None:
        raise error

    monkeypatch.setattr("kino_cli.migrate.settings_of", fail)
    assert _run(["migrate"], monkeypatch) == code
    assert capsys.readouterr().err == f"{error.message}\n"


def test_migrate_brings_a_database_up_to_date_and_says_so(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    home = ["--home", str(tmp_path), "--json"]
    assert _run(["migrate", "--down", "--yes", *home], monkeypatch) == 0
    assert json.loads(capsys.readouterr().out)["current"] is False
    assert _run(["migrate", *home], monkeypatch) == 0
    assert json.loads(capsys.readouterr().out)["current"] is True


def test_data_is_not_dropped_without_a_yes(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert _run(["migrate", "--reset", "--home", str(tmp_path)], monkeypatch) == 1
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT to_regclass('landing.event') IS NOT NULL").fetchone() == (True,)


def test_status_loads_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom kino_cli.status import command\nfrom pathlib import Path\n"
        f"command(Path({str(tmp_path)!r}))\nprint(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == ""
    assert done.stderr.strip() == "Kino does not run here. Start it with `kino up`."
