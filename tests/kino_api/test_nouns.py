"""Each noun over HTTP: what can be made, read, changed and downloaded."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from kino_api.blockers import open_blockers
from kino_api.portfolio import list_projects
from kino_api.projects import create_project
from kino_api.repositories import connect_repository
from kino_api.routes.reports import attachment
from kino_core.database import Database, query
from kino_core.events import agent_key, repository_id
from kino_core.security import hash_secret, is_agent_token
from kino_core.tables import agent, agent_activity, commit, identity, person, report
from kino_ingest.summaries import recount_touched

from .conftest import Kino, until

NOW = datetime.now(UTC).replace(microsecond=0)


def _activity(database: Database, project_id: uuid.UUID, event_type: str, at: datetime, **values: object) -> None:
    """Store an activity as the fold would."""
    with database.write() as session:
        count = query(session, "SELECT count(*) AS n FROM kino.agent_activity")[0].n
        known = {"id": agent_key("claude-7"), "name": "claude-7", "agent_type": "CLAUDE", "last_event_type": "x"}
        if count == 0:
            session.execute(insert(agent).values(**known, first_seen_at=at, last_seen_at=at))
        row = {"task_id": "KIN-1", "data": {}, "source": "agent"} | values
        session.execute(
            insert(agent_activity).values(
                occurred_at=at,
                event_id=f"{project_id}/event-{count}",
                event_row=count,
                project_id=project_id,
                agent_id=agent_key("claude-7"),
                event_type=event_type,
                **row,
            )
        )


def _project(database: Database, name: str = "Checkout") -> uuid.UUID:
    with database.write() as session:
        return create_project(session, name).id


def test_a_project_is_made_read_and_changed_under_its_etag(kino: Kino) -> None:
    client = kino.signed_in()
    made = client.post("/api/v1/projects", json={"name": "Checkout", "initiative": "Growth", "end_date": "2026-12-01"})
    assert made.status_code == 201
    url = made.headers["location"]
    assert url == f"/api/v1/projects/{made.json()['id']}"
    read = client.get(url)
    assert (read.json()["initiative"], read.json()["commits"], read.json()["last_activity_at"]) == ("Growth", 0, None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", read.json()["created_at"])
    etag = read.headers["etag"]
    changed = client.patch(url, json={"status": "AT_RISK", "status_reason": "Late"}, headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["status"]) == (200, "AT_RISK")
    assert changed.json()["end_date"] == "2026-12-01", "what was not named stays"
    late = client.patch(url, json={"name": "Other"}, headers={"If-Match": etag})
    assert (late.status_code, late.json()["error"]["code"]) == (412, "PRECONDITION_FAILED")
    assert client.patch(url, json={"name": "Other"}, headers={"If-Match": changed.headers["etag"]}).status_code == 200
    assert client.patch(url, json={"end_date": None}).json()["end_date"] is None


def test_wrong_projects_are_refused_with_their_reason(kino: Kino) -> None:
    client = kino.signed_in()
    client.post("/api/v1/projects", json={"name": "Checkout"})
    for body, status, code in (
        ({"name": "checkout"}, 409, "PROJECT_EXISTS"),
        ({"name": "a\nb c"}, 400, "INVALID_NAME"),
        ({"name": "Later", "start_date": "2026-02-01", "end_date": "2026-01-01"}, 400, "INVALID_DATE_RANGE"),
        ({"name": "Later", "time_zone": "Mars/Olympus"}, 400, "INVALID_TIME_ZONE"),
        ({"name": "Later", "initiative_id": str(uuid.uuid4())}, 404, "UNKNOWN_INITIATIVE"),
        ({"name": "Later", "description": "nul\x00"}, 400, "INVALID_INPUT"),
        ({"name": "Later", "sample": True}, 400, "INVALID_INPUT"),
    ):
        answer = client.post("/api/v1/projects", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), body
    for url in (f"/api/v1/projects/{uuid.uuid4()}", f"/api/v1/projects/{uuid.uuid4()}/activity"):
        assert client.get(url).status_code == 404
    assert client.get("/api/v1/projects/no-id").status_code == 400


def test_changing_a_project_to_another_ones_name_is_refused(kino: Kino) -> None:
    client = kino.signed_in()
    _project(kino.database, "Taken")
    url = f"/api/v1/projects/{_project(kino.database, 'Mine')}"
    assert client.patch(url, json={"name": "TAKEN"}).status_code == 409
    assert client.patch(url, json={"name": "MINE"}).json()["name"] == "MINE"
    assert client.patch(url, json={"name": ""}).status_code == 400
    assert client.patch(url, json={"priority": None}).status_code == 400


def test_initiatives_are_made_and_listed_by_name(kino: Kino) -> None:
    client = kino.signed_in()
    for name in ("beta", "Alpha"):
        assert client.post("/api/v1/initiatives", json={"name": name}).status_code == 201
    assert client.post("/api/v1/initiatives", json={"name": "BETA"}).status_code == 409
    assert [each["name"] for each in client.get("/api/v1/initiatives").json()["items"]] == ["Alpha", "beta"]


def test_a_token_is_shown_once_and_revoked_only_in_its_project(kino: Kino) -> None:
    client = kino.signed_in()
    mine, other = _project(kino.database, "Mine"), _project(kino.database, "Other")
    made = client.post(f"/api/v1/projects/{mine}/tokens", json={"agent_type": "CLAUDE"})
    assert made.status_code == 201
    secret = made.json()["token"]
    assert is_agent_token(secret, kino.settings.env)
    listed = client.get(f"/api/v1/projects/{mine}/tokens")
    assert secret not in listed.text
    assert (listed.json()["items"][0]["last4"], listed.json()["items"][0]["agent_type"]) == (secret[-4:], "CLAUDE")
    with kino.database.read() as session:
        stored = query(session, "SELECT token_hash FROM kino.token")[0].token_hash
    assert bytes(stored) == hash_secret(secret)
    url = f"tokens/{made.json()['id']}"
    assert client.delete(f"/api/v1/projects/{other}/{url}").status_code == 404
    assert client.delete(f"/api/v1/projects/{mine}/{url}").status_code == 204
    revoked = client.get(f"/api/v1/projects/{mine}/tokens").json()["items"][0]["revoked_at"]
    assert revoked is not None
    assert client.delete(f"/api/v1/projects/{mine}/{url}").status_code == 204
    assert client.post(f"/api/v1/projects/{mine}/tokens").status_code == 201, "a body is not needed"


def test_a_token_is_made_on_terms_and_its_successor_keeps_them(kino: Kino) -> None:
    client, mine = kino.signed_in(), _project(kino.database, "Mine")
    tokens = f"/api/v1/projects/{mine}/tokens"
    assert client.post(tokens, json={"per_minute": 0}).status_code == 400
    assert client.post(tokens, json={"expires_at": "2030-01-01"}).status_code == 400
    terms = {"agent_type": "CODEX", "per_minute": 5, "per_hour": 50, "expires_at": "2030-01-01T00:00:00Z"}
    old = client.post(tokens, json=terms).json()
    assert client.post(f"{tokens}/{old['id']}/signing-secret").status_code == 201
    new = client.post(f"{tokens}/{old['id']}/rotate", json={"overlap_hours": 1}).json()
    assert is_agent_token(new["token"], kino.settings.env)
    assert new["token"] != old["token"]
    by_id = {each["id"]: each for each in client.get(tokens).json()["items"]}
    kept = by_id[new["id"]]
    assert (kept["agent_type"], kept["per_minute"], kept["per_hour"], kept["signs"]) == ("CODEX", 5, 50, True)
    assert kept["expires_at"] is None
    left = datetime.fromisoformat(by_id[old["id"]]["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=50) < left <= timedelta(hours=1)
    assert client.post(f"{tokens}/{old['id']}/rotate", json={"overlap_hours": 0}).status_code == 201
    assert client.post(f"{tokens}/{old['id']}/rotate").status_code == 404, "it works no more"
    other = _project(kino.database, "Other")
    assert client.post(f"/api/v1/projects/{other}/tokens/{new['id']}/rotate").status_code == 404


def test_signing_secrets_follow_one_another_and_are_taken_away(kino: Kino) -> None:
    client, mine, other = kino.signed_in(), _project(kino.database, "Mine"), _project(kino.database, "Other")
    token = client.post(f"/api/v1/projects/{mine}/tokens").json()["id"]
    repository = client.post(f"/api/v1/projects/{mine}/repositories", json={"full_name": "acme/engine"}).json()["id"]
    for part in (f"tokens/{token}/signing-secret", f"repositories/{repository}/webhook-secret"):
        url = f"/api/v1/projects/{mine}/{part}"
        first, second = client.post(url).json(), client.post(url, json={"overlap_hours": 2}).json()
        assert first["secret"].startswith("whsec_")
        assert first["secret"] != second["secret"]
        with kino.database.read() as session:
            ends = {str(row.id): row.expires_at for row in query(session, "SELECT * FROM kino.webhook_secret")}
        assert ends[second["id"]] is None
        assert timedelta(hours=1) < ends[first["id"]] - datetime.now(UTC) <= timedelta(hours=2)
        foreign = f"/api/v1/projects/{other}/{part}"
        assert client.post(foreign).status_code == client.delete(foreign).status_code == 404
        assert client.delete(url).status_code == 204
        with kino.database.read() as session:
            assert query(session, "SELECT FROM kino.webhook_secret") == []


def test_repositories_are_connected_to_one_project(kino: Kino) -> None:
    client = kino.signed_in()
    mine, other = _project(kino.database, "Mine"), _project(kino.database, "Other")
    for _ in range(2):
        made = client.post(f"/api/v1/projects/{mine}/repositories", json={"full_name": "octo/repo"})
        assert (made.status_code, made.json()["id"]) == (201, str(repository_id("octo/repo")))
    taken = client.post(f"/api/v1/projects/{other}/repositories", json={"full_name": "OCTO/repo"})
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "REPOSITORY_TAKEN")
    assert [each["full_name"] for each in client.get(f"/api/v1/projects/{mine}/repositories").json()["items"]] == [
        "octo/repo"
    ]


def test_activity_comes_newest_first_in_pages_even_when_moments_are_equal(kino: Kino) -> None:
    project = _project(kino.database)
    for number in range(5):
        _activity(kino.database, project, "code_commit", NOW - timedelta(minutes=number // 2))
    client, seen, cursor = kino.signed_in(), [], None
    while True:
        asked = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get(f"/api/v1/projects/{project}/activity", params=asked).json()
        seen += [item["event_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["event-1", "event-0", "event-3", "event-2", "event-4"]
    assert page["items"][0]["agent_name"] == "claude-7"


@pytest.mark.parametrize(
    ("told", "open_ids"),
    [
        ([("blocker_identified", {"data": {"description": "stuck"}})], ["KIN-1"]),
        ([("blocker_identified", {"data": {"blocker_id": "B1"}}), ("task_completed", {})], []),
        ([("task_completed", {}), ("blocker_identified", {})], ["KIN-1"]),
        ([("blocker_identified", {}), ("task_completed", {"task_id": "KIN-2"})], ["KIN-1"]),
        (
            [
                ("blocker_identified", {"data": {"blocker_id": "B1"}}),
                ("blocker_identified", {"data": {"blocker_id": "B2"}}),
                ("blocker_identified", {"data": {"blocker_id": "B1", "resolved": True}}),
            ],
            ["B2"],
        ),
        (
            [
                ("blocker_identified", {"data": {"blocker_id": "B1", "resolved": True}}),
                ("blocker_identified", {"data": {"blocker_id": "B1"}}),
            ],
            ["B1"],
        ),
    ],
)
def test_a_blocker_is_open_until_resolved_or_its_task_is_done(
    database: Database, told: list[tuple[str, dict[str, Any]]], open_ids: list[str]
) -> None:
    project = _project(database)
    for minute, (event_type, values) in enumerate(told):
        _activity(database, project, event_type, NOW - timedelta(hours=1) + timedelta(minutes=minute), **values)
    recount_touched(database)
    with database.read() as session:
        assert [blocker.blocker_id for blocker in open_blockers(session, project)] == open_ids
        assert list_projects(session)[0].open_blockers == len(open_ids)


def test_a_card_counts_people_agents_and_commits_of_all_its_repositories(database: Database) -> None:
    project = _project(database)
    ada, claude = uuid.uuid4(), agent_key("claude")
    with database.write() as session:
        repositories = [connect_repository(session, project, f"octo/{name}").id for name in ("one", "two")]
        elsewhere = connect_repository(session, create_project(session, "Other").id, "octo/three").id
        seen = {"first_seen_at": NOW, "last_seen_at": NOW}
        session.execute(insert(person).values(id=ada, name="Ada", kind="human", **seen))
        session.execute(
            insert(agent).values(id=claude, name="claude", agent_type="CLAUDE", last_event_type="code_commit", **seen)
        )
        for key, kind, owner in (
            ("email:a@example.com", "human", {"person_id": ada}),
            ("email:b@example.com", "human", {"person_id": ada}),
            ("github:claude[bot]", "agent", {"agent_id": claude}),
            ("github:dependabot[bot]", "automation", {}),
        ):
            session.execute(insert(identity).values({"key": key, "kind": kind, "name": key, **owner}))
            for number, repository in enumerate([*repositories, elsewhere]):
                session.execute(
                    insert(commit).values(
                        repository_id=repository,
                        sha=f"{key}{number}",
                        author_key=key,
                        authored_at=NOW,
                        committed_at=NOW - timedelta(weeks=number * 20),
                        subject="x",
                        parents=1,
                        agent_id=owner.get("agent_id"),
                    )
                )
    recount_touched(database)
    with database.read() as session:
        card = next(each for each in list_projects(session) if each.id == project)
    assert (card.repositories, card.people, card.agents, card.commits) == (2, 1, 1, 8)
    assert card.last_activity_at == NOW
    assert (sum(card.weekly_commits), card.weekly_commits[-1]) == (4, 4)


def test_agents_are_listed_by_name_with_their_projects(kino: Kino) -> None:
    project = _project(kino.database)
    _activity(kino.database, project, "task_started", NOW)
    recount_touched(kino.database)
    client = kino.signed_in()
    [found] = client.get("/api/v1/agents").json()["items"]
    assert (found["name"], found["projects"]) == ("claude-7", ["Checkout"])
    assert client.get(f"/api/v1/agents/{found['id']}").json() == found
    assert client.get("/api/v1/agents", params={"project_id": str(uuid.uuid4())}).json()["items"] == []
    assert client.get(f"/api/v1/agents/{uuid.uuid4()}").status_code == 404


def test_metrics_tell_their_definitions_and_wait_for_the_lake(kino: Kino) -> None:
    client = kino.signed_in()
    catalogue = {each["key"]: each for each in client.get("/api/v1/metrics").json()["items"]}
    assert catalogue["commits"]["unit"] == "count"
    assert "numerator" not in catalogue["commits"]
    waiting = client.get("/api/v1/metrics/commits", params={"period": "2026-Q3"})
    assert waiting.status_code == 503
    for asked, status in (
        ({"period": "last week"}, 400),
        ({"project": "nobody"}, 404),
        ({"project": "a", "agent": "b"}, 400),
        ({"period": "1900-01-01/2026-01-01", "by": "day"}, 400),
    ):
        assert client.get("/api/v1/metrics/commits", params=asked).status_code == status, asked
    assert client.get("/api/v1/metrics/unheard_of").status_code == 404


@pytest.fixture
def stored_report(kino: Kino) -> uuid.UUID:
    """A report whose file lies where reports lie, and one whose path leads out of there."""
    report_id = uuid.uuid4()
    folder = kino.settings.reports_path / str(report_id)
    folder.mkdir(parents=True)
    (folder / "kino-qbr-Zürich-2026-Q3.html").write_text("<script>alert(1)</script>")
    (kino.settings.home / "secret.pdf").write_text("secret")
    described = {"sha256": "", "bytes": 3}
    files = {
        "html": {"path": f"{report_id}/kino-qbr-Zürich-2026-Q3.html", **described},
        "pdf": {"path": "../secret.pdf", **described},
        "pptx": {"path": f"{report_id}/gone.pptx", **described},
    }
    with kino.database.write() as session:
        session.execute(
            insert(report).values(
                id=report_id,
                kind="qbr",
                title="Quarterly business review",
                scope_type="portfolio",
                period="2026-Q3",
                as_of=NOW,
                lake_snapshot_id=1,
                snapshot_sha256="0" * 64,
                snapshot={},
                files=files,
            )
        )
    return report_id


def test_a_report_downloads_as_a_harmless_attachment_and_nothing_else_does(
    kino: Kino, stored_report: uuid.UUID
) -> None:
    client = kino.signed_in()
    [listed] = client.get("/api/v1/reports").json()["items"]
    assert listed == client.get(f"/api/v1/reports/{stored_report}").json()
    url = f"/api/v1/reports/{stored_report}/download"
    found = client.get(url, params={"format": "html"})
    assert found.text == "<script>alert(1)</script>"
    assert found.headers["content-disposition"] == (
        "attachment; filename=\"kino-qbr-Z_rich-2026-Q3.html\"; filename*=UTF-8''kino-qbr-Z%C3%BCrich-2026-Q3.html"
    )
    assert found.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    for form, status in (("pdf", 404), ("pptx", 404), ("text", 404), ("exe", 400)):
        assert client.get(url, params={"format": form}).status_code == status, form
    assert kino.client().get(url, params={"format": "html"}).status_code == 401
    assert client.get(f"/api/v1/reports/{uuid.uuid4()}/download").status_code == 404


def test_a_file_name_cannot_break_out_of_its_header() -> None:
    assert (
        attachment('a"b\r\nX: 1.pdf')
        == "attachment; filename=\"a_b__X__1.pdf\"; filename*=UTF-8''a%22b%0D%0AX%3A%201.pdf"
    )


def test_a_report_that_cannot_be_made_fails_its_job_and_says_why(
    kino: Kino,
) -> None:
    client = kino.signed_in()
    refused = client.post("/api/v1/reports", json={"kind": "qbr", "period": "soon"})
    assert refused.status_code == 400
    made = client.post("/api/v1/reports", json={"kind": "qbr", "period": "2026-Q3", "formats": ["html"]})
    assert made.status_code == 202
    job_url = made.headers["location"]
    until(lambda: client.get(job_url).json()["state"] == "failed")
    assert client.get(job_url).json()["error"]
    assert client.get(f"/api/v1/jobs/{uuid.uuid4()}").status_code == 404
