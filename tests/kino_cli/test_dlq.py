"""`kino dlq` on a real database."""

import json
import sys

import msgspec
import pytest

from kino_cli import main
from kino_core.database import Database
from kino_ingest.fold.run import fold_next
from tests.kino_ingest.events import agent_event, landed


@pytest.fixture(autouse=True)
def _here(
    database: Database, database_url: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("KINO_HOME", str(tmp_path_factory.mktemp("home")))
    events = [agent_event(f"e{number}\x1b[31m") for number in range(5)]
    landed(database, [msgspec.structs.replace(event, project_id=None) for event in events])
    fold_next(database)


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["kino", "dlq", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.main()
    return int(ended.value.code or 0)


def test_letters_are_listed_shown_replayed_and_discarded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert len(listed["items"]) == 5
    letter = listed["items"][0]
    assert {"id", "source", "error", "attempts", "received_at"} <= set(letter)
    assert [each["name"] for each in listed["failing"]] == ["agent"]
    assert _run(monkeypatch, "list") == 0
    shown = capsys.readouterr()
    assert "agent keeps failing: 5 events" in shown.err
    assert "\x1b" not in shown.out
    assert _run(monkeypatch, "show", str(letter["id"])) == 0
    shown = capsys.readouterr()
    assert "Traceback" in shown.out
    assert "KIN-42" in shown.out
    assert "\x1b" not in shown.out
    assert _run(monkeypatch, "replay", str(letter["id"]), "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"events": 1, "types": {"task_started": 1}, "dry_run": False}
    assert _run(monkeypatch, "discard", str(letter["id"]), "--reason", "a test") == 0
    assert _run(monkeypatch, "list", "--state", "discarded", "--json") == 0
    assert [each["id"] for each in json.loads(capsys.readouterr().out.strip())["items"]] == [letter["id"]]


def test_a_time_is_replayed_after_a_dry_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "replay", "--since", "2020-01-01", "--type", "task_started", "--dry-run") == 0
    assert capsys.readouterr().err == "To be folded again: 5 (task_started 5).\n"
    assert _run(monkeypatch, "list", "--json") == 0
    assert {each["attempts"] for each in json.loads(capsys.readouterr().out)["items"]} == {1}
    assert _run(monkeypatch, "replay", "--since", "2020-01-01T00:00:00Z", "--folded", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"events": 5, "types": {"task_started": 5}, "dry_run": False}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["show", "999"], 1),
        (["replay", "999"], 1),
        (["replay", "999", "--dry-run"], 1),
        (["discard", "999"], 1),
        (["replay"], 2),
        (["replay", "1", "--since", "2020-01-01"], 2),
        (["replay", "1", "--folded"], 2),
        (["replay", "--until", "2020-01-01"], 2),
        (["replay", "--since", "2020-01-02", "--until", "2020-01-01"], 2),
        (["show", "0"], 2),
        (["show", "9223372036854775808"], 2),
        (["list", "--since", "yesterday"], 2),
        (["list", "--state", "lost"], 2),
    ],
)
def test_wrong_words(monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int) -> None:
    assert _run(monkeypatch, *arguments) == code
