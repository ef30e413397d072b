"""What became of a number since it was read."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from kino_assets.refresh import LakeWriter
from kino_cli.main import kino
from kino_core.gold import PORTFOLIO, open_gold
from kino_core.lake import NoSnapshot
from kino_core.periods import parse_period
from kino_core.restatement import TooMuchEvidence, restated
from kino_core.settings import Settings
from tests.factories.events import agent_report, commit, repository_disconnected, sha
from tests.kino_assets.conftest import REPOSITORY
from tests.kino_assets.test_lake import MAY, Land

PERIOD = parse_period("2026-Q2")


def test_what_came_late_and_what_went_is_told(
    landed: Land,
    project_id: uuid.UUID,
    writer: LakeWriter,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started = agent_report(project_id, "task_started", MAY)
    landed([commit(REPOSITORY, sha("1"), MAY), started])
    writer.refresh(everything=True)
    read_at = datetime.now(UTC)
    landed([commit(REPOSITORY, sha("2"), MAY + timedelta(days=1))])
    writer.refresh(everything=True)

    grown = restated(settings, "commits", PORTFOLIO, PERIOD, read_at)
    assert (grown.then.value, grown.now.value) == (1, 2)
    assert [each.entity for each in grown.appeared] == [f"commit {sha('2')}"]
    assert grown.gone == []
    same = restated(settings, "tasks_started", PORTFOLIO, PERIOD, read_at)
    assert (same.then.value, same.now.value, same.appeared, same.gone) == (1, 1, [], [])
    with open_gold(settings, read_at) as gold:
        assert gold.value("commits", PORTFOLIO, PERIOD).value == 1

    landed([repository_disconnected(project_id, REPOSITORY)])
    writer.refresh(everything=True)
    gone = restated(settings, "commits", PORTFOLIO, PERIOD, read_at)
    assert (gone.then.value, gone.now.value) == (1, None)
    assert [each.entity for each in gone.gone] == [f"commit {sha('1')}"]

    with pytest.raises(NoSnapshot):
        restated(settings, "commits", PORTFOLIO, PERIOD, MAY - timedelta(days=9000))
    monkeypatch.setattr("kino_core.restatement.MOST_EVIDENCE", 0)
    with pytest.raises(TooMuchEvidence, match="shorter period"):
        restated(settings, "tasks_started", PORTFOLIO, PERIOD, read_at)
    monkeypatch.undo()

    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    words = ["metrics", "restated", "commits", "--period", "2026-Q2", "--since", read_at.isoformat()]
    words += ["--home", str(settings.home)]
    shown = CliRunner().invoke(kino(words), words)
    assert "It was 1 as of" in shown.stdout
    assert "is unknown now: 0 appeared, 1 went." in shown.stdout
    told = json.loads(CliRunner().invoke(kino(words), [*words, "--json"]).stdout)
    assert (told["then"]["value"], told["now"]["value"], len(told["gone"])) == (1, None, 1)
    earlier = ["metrics", "show", "commits", "--period", "2026-Q2", "--as-of", read_at.isoformat(), "--json"]
    earlier += ["--home", str(settings.home)]
    assert json.loads(CliRunner().invoke(kino(earlier), earlier).stdout)["value"] == 1
