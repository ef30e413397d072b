"""`kino simulate` and `kino demo`, from the command to the numbers."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kino_api.agents import list_agents
from kino_api.initiatives import list_initiatives
from kino_api.portfolio import list_projects
from kino_api.scope_item_rules import ItemStatus
from kino_api.scope_items import list_items
from kino_assets.refresh import LakeWriter
from kino_cli import main, sample
from kino_core.database import Database
from kino_core.settings import Settings
from kino_ingest.summaries import recount_touched
from tests.kino_ingest.events import fold_all, one

SMALL = ("--projects", "2", "--days", "30", "--agents", "3", "--events", "600", "--seed", "5")
UNTIL = ("--until", "2026-09-30")

Run = Callable[..., Any]


@pytest.fixture
def run(
    database_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run a verb with --json and return what it prints, or the exit code and what it complains of."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("KINO_HOME", str(settings.home))

    def act(*arguments: str) -> Any:  # noqa: ANN401 - any JSON value
        monkeypatch.setattr(sys, "argv", ["kino", *arguments, "--json"])
        with pytest.raises(SystemExit) as ended:
            main.main()
        told = capsys.readouterr()
        return json.loads(told.out) if not ended.value.code else (ended.value.code, told.err.strip())

    return act


def test_a_portfolio_comes_in_once_and_its_numbers_are_there(run: Run, database: Database, settings: Settings) -> None:
    made = run("simulate", *SMALL, *UNTIL)
    assert made["accepted"] == 600
    assert made["events"] == 600 + made["duplicates"]
    assert made["rejected"] == 0
    assert len(made["projects"]) == 2
    again = run("simulate", *SMALL, *UNTIL)
    assert again == {**made, "accepted": 0, "duplicates": made["events"]}

    assert fold_all(database) == 0
    with database.read() as session:
        cards = list_projects(session)
        assert [card.name for card in cards] == sorted(made["projects"])
        assert all(card.sample for card in cards)
        items = [item for card in cards for item in list_items(session, card.id)]
    assert {ItemStatus.DONE, ItemStatus.TODO} <= {item.status for item in items}
    assert all(item.created_at.year == 2026 and item.created_at.month == 9 for item in items)

    LakeWriter(settings).refresh(everything=True)
    commits = one(database, "SELECT count(*) FROM landing.event WHERE source = 'git'")
    activities = one(database, "SELECT count(*) FROM landing.event WHERE source = 'agent'")
    for metric, number in (("commits", commits), ("agent_activities", activities)):
        shown = run("metrics", "show", metric, "--period", "2026-09")
        assert (shown["value"], shown["n"]) == (number, number)
    assert 0 < run("metrics", "show", "agent_commit_share", "--period", "2026-09")["value"] < 1


def test_what_cannot_be_simulated_is_refused(run: Run) -> None:
    assert run("simulate", "--projects", "0") == (2, "projects is not between 1 and 100,000.")
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    code, said = run("simulate", "--until", tomorrow.isoformat())
    assert (code, said) == (2, "The last day of a simulation is today at the latest.")


def test_the_sample_comes_and_goes_without_a_trace(
    run: Run, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sample, "EVENTS", 600)
    real = run("project", "create", "Real work")["name"]
    added = run("demo", "add")
    assert added["accepted"] == 600
    assert all(name.startswith("Sample - ") for name in added["projects"])
    assert run("demo", "add")[0] == 1
    fold_all(database)
    writer = LakeWriter(settings)
    writer.refresh(everything=True)
    recount(database)
    with database.read() as session:
        assert [each.name for each in list_initiatives(session)] == [sample.INITIATIVE]
        assert all(agent.projects for agent in list_agents(session))
        assert any(agent.name.startswith("sample-") for agent in list_agents(session))
    assert activities(run) > 0

    assert run("demo", "remove") == {"removed": sample.PROJECTS}
    recount(database)
    writer.refresh(everything=True)
    with database.read() as session:
        assert [card.name for card in list_projects(session)] == [real]
        assert list_initiatives(session) == []
        assert list_agents(session) == []
    assert activities(run) in (0, None)
    assert run("demo", "remove") == {"removed": 0}

    # Those that come next are none of those that went.
    assert run("demo", "add")["accepted"] == 600
    assert run("demo", "remove") == {"removed": sample.PROJECTS}


def test_what_was_simulated_goes_with_the_sample_and_does_not_come_back(run: Run) -> None:
    run("simulate", *SMALL, *UNTIL)
    assert run("demo", "remove") == {"removed": 2}
    code, said = run("simulate", *SMALL, *UNTIL)
    assert code == 1
    assert "another seed" in said


def activities(run: Run) -> float | None:
    value: float | None = run("metrics", "show", "agent_activities", "--period", "2026")["value"]
    return value


def recount(database: Database) -> None:
    while recount_touched(database):
        pass
