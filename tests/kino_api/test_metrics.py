"""Values over HTTP and by the command: the same members, compared with earlier periods."""

import json
import uuid
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest
from typer.testing import CliRunner

from kino_api.users import ProjectRole
from kino_assets.refresh import LakeWriter
from kino_cli.main import kino as command
from kino_core.identities import identify_login
from kino_core.metrics import METRICS, Kind
from kino_ingest.landing import land
from tests.factories.events import agent_report, commit, project_created, pull_request, repository_connected
from tests.kino_api.conftest import Kino

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
REPOSITORY = "acme/kino"


@pytest.fixture
def project(kino: Kino) -> uuid.UUID:
    """A project whose weeks from MONDAY on had 1, 2, … 8 merged pull requests; a year before the last one had two."""
    project_id = uuid.uuid4()
    merged, number = [], 0
    weeks = [(MONDAY + timedelta(weeks=week), week + 1) for week in range(8)]
    for week, count in [(datetime(2025, 4, 23, 12, tzinfo=UTC), 2), *weeks]:
        for _ in range(count):
            number += 1
            lines = (number, 0)
            merged.append(pull_request(REPOSITORY, number, week, action="closed", merged_at=week, lines=lines))
    events = [
        project_created(project_id, "Acme"),
        repository_connected(project_id, REPOSITORY),
        *merged,
        commit(REPOSITORY, "1" * 40, MONDAY),
        agent_report(project_id, "task_started", datetime.now(UTC) - timedelta(minutes=40)),
    ]
    with kino.database.write() as session:
        land(session, events)
        session.exec_driver_sql(
            "INSERT INTO kino.project (id, name, created_at, updated_at) VALUES (%(id)s, 'Acme', now(), now())",
            {"id": project_id},
        )
    with closing(LakeWriter(kino.settings)) as writer:
        writer.refresh(everything=True)
    return project_id


def test_a_value_is_held_against_earlier_ones(kino: Kino, project: uuid.UUID) -> None:
    client = kino.signed_in()
    asked = {"period": "2026-W17", "project": str(project)}
    told = client.get("/api/v1/metrics/prs_merged", params=asked).json()
    assert (told["value"], told["p90"], told["interval_low"]) == (8, None, None)
    assert told["previous"] == {"start": "2026-04-13", "end": "2026-04-19", "value": 7, "n": 7}
    assert told["year_ago"] == {"start": "2025-04-21", "end": "2025-04-27", "value": 2, "n": 2}
    assert (told["trend"]["word"], told["trend"]["slope"], told["trend"]["n"]) == ("improving", 1, 8)
    assert told["trend"]["p"] == pytest.approx(0.00084, abs=0.00001)

    shown = CliRunner().invoke(
        command(["metrics", "show"]),
        ["metrics", "show", "prs_merged", "--period", "2026-W17", "--project", str(project), "--json"],
        env={"KINO_HOME": str(kino.settings.home), "DATABASE_URL": kino.settings.database_url},
        catch_exceptions=False,
    )
    scope = {"scope_type", "scope_id"}
    there = {name: member for name, member in told.items() if name not in {*scope, "as_of"}}
    assert {name: member for name, member in json.loads(shown.stdout).items() if name != "as_of"} == there

    size = client.get("/api/v1/metrics/pr_size", params=asked).json()
    # Of the pull requests #31 to #38, each with as many lines as its number: the 90th percentile is 31 + 0.9 * 7.
    assert (size["value"], size["p90"]) == (34.5, pytest.approx(37.3))
    assert (size["interval_low"], size["interval_high"]) == (32, 37)
    assert size["trend"]["word"] == "worsening"
    # Six months of nothing and two of something: chance can hardly do that, and yet half of all pairs do not rise.
    month = client.get("/api/v1/metrics/prs_merged", params={**asked, "period": "2026-04"}).json()
    assert month["previous"]["value"] == 1 + 2 + 3 + 4 + 5
    assert month["trend"]["word"] == "flat"
    commits = client.get("/api/v1/metrics/commits", params={**asked, "period": "2026-W14"}).json()
    assert commits["trend"] is None, "five weeks are no eight"
    # A year that runs is compared with as many days of the one before.
    year = client.get("/api/v1/metrics/prs_merged", params={**asked, "period": f"{date.today():%Y}"}).json()
    assert year["previous"]["end"] < f"{date.today().year - 1}-12-31" or date.today().month == 12


def test_lists_have_what_passes_with_time_too(kino: Kino, project: uuid.UUID) -> None:
    client = kino.signed_in()
    period = f"{datetime.now(UTC):%Y-%m}"
    answers = [client.get(f"/api/v1/projects/{project}/metrics", params={"period": period}).json() for _ in range(2)]
    told = {each["metric"]: each for each in answers[0]["items"]}
    assert list(told) == [metric.key for metric in METRICS]
    assert told["stalled_agents"]["value"] == 1
    [reason] = told["stalled_agents"]["reasons"]
    assert reason.startswith("claude-7: nothing for 4")
    kinds = {each["key"]: each["kind"] for each in client.get("/api/v1/metrics").json()["items"]}
    assert kinds["stalled_agents"] == Kind.STATE
    # What holds at a moment may have moved on where Redis did not answer in time and nothing was kept.
    first, second = ([e for e in a["items"] if kinds[e["metric"]] != Kind.STATE] for a in answers)
    assert first == second
    listed = client.get("/api/v1/metrics/stalled_agents/explain", params={"period": period, "project": str(project)})
    assert [each["entity"] for each in listed.json()["items"]] == ["agent claude-7"]


def test_signs_of_needing_support_are_for_the_person_and_those_who_lead_them(kino: Kino, project: uuid.UUID) -> None:
    robin = identify_login("robin").person_id
    alone = kino.signed_in_as(None, {project: ProjectRole.MEMBER})
    colleague = kino.signed_in_as(None, {project: ProjectRole.MEMBER})
    leader = kino.signed_in_as(None, {project: ProjectRole.PROJECT_LEADER})
    with kino.database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.person (id, name, kind, first_seen_at, last_seen_at)"
            " VALUES (%(id)s, 'Robin', 'human', now(), now())",
            {"id": robin},
        )
        session.exec_driver_sql(
            'UPDATE kino."user" SET person_id = %(person)s WHERE id = %(user)s',
            {"person": robin, "user": alone.headers["x-user-id"]},
        )
    for client, status in ((alone, 200), (leader, 200), (kino.signed_in(), 200), (colleague, 404)):
        answer = client.get(f"/api/v1/developers/{robin}/metrics", params={"period": "2026-04"})
        assert answer.status_code == status
        if status == 200:
            told = {each["metric"]: each for each in answer.json()["items"]}
            assert told["needs_support"]["value"] == 0
            assert told["trend"]["details"]["trend"] == "improving"
