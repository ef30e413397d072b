"""Projects over their whole life: status with its reason, the archive, and deletion with all that follows from it."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import insert

from kino_api.access import ProjectArchived, UnknownProject
from kino_api.project_lifecycle import archive_project, delete_project
from kino_api.projects import ProjectExists, change_project, create_project, find_project, get_project
from kino_api.tokens import create_token
from kino_api.users import ProjectRole, Role
from kino_core.database import Database, query
from kino_core.envelopes import KeyRing
from kino_core.errors import InvalidInput
from kino_core.project_states import ProjectStatus
from kino_core.settings import Environment, Settings
from kino_core.tables import report
from kino_ingest.lookups import Lookups

from .conftest import Kino


def _told(database: Database, project_id: uuid.UUID | str) -> list[tuple[str, dict[str, Any]]]:
    with database.read() as session:
        rows = query(
            session,
            "SELECT type, body FROM landing.event WHERE source = 'kino' AND project_id = :id ORDER BY id",
            id=uuid.UUID(str(project_id)),
        )
    return [(row.type, row.body) for row in rows]


def test_a_reason_belongs_to_the_status_that_it_was_given_for(database: Database) -> None:
    with database.write() as session:
        made = create_project(session, "Checkout")
        late = change_project(session, made.id, {"status": ProjectStatus.AT_RISK, "status_reason": "Late"})
        assert (late.status, late.status_reason) == ("AT_RISK", "Late")
        assert change_project(session, made.id, {"description": "New"}).status_reason == "Late"
        assert change_project(session, made.id, {"status_reason": "Later"}).status_reason == "Later"
        assert change_project(session, made.id, {"status": ProjectStatus.BLOCKED}).status_reason is None
        assert change_project(session, made.id, {"status": None}).status is None
        with pytest.raises(InvalidInput):
            change_project(session, made.id, {"status_reason": "Why?"})
    history = [(body["status"], body["status_reason"]) for change, body in _told(database, made.id)]
    assert history == [
        (None, None),
        ("AT_RISK", "Late"),
        ("AT_RISK", "Late"),
        ("AT_RISK", "Later"),
        ("BLOCKED", None),
        (None, None),
    ]


def test_two_who_take_the_same_name_at_once_do_not_crash(database: Database) -> None:
    with database.write() as session:
        ids = [create_project(session, f"Project {number}").id for number in range(6)]

    def rename(project_id: uuid.UUID) -> bool:
        try:
            with database.write() as session:
                change_project(session, project_id, {"name": "Checkout"})
        except ProjectExists:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(rename, ids)) == 1


def test_edits_at_once_lose_nothing(database: Database) -> None:
    with database.write() as session:
        made = create_project(session, "Checkout")
    edits: list[dict[str, Any]] = [{"description": "New"}, {"time_zone": "Europe/Berlin"}, {"status": "BLOCKED"}]

    def edit(changes: dict[str, Any]) -> None:
        with database.write() as session:
            change_project(session, made.id, changes)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(edit, edits))
    with database.read() as session:
        found = get_project(session, made.id)
    assert (found.description, found.time_zone, found.status) == ("New", "Europe/Berlin", "BLOCKED")


def test_an_archived_project_is_read_and_no_longer_changed(kino: Kino) -> None:
    client = kino.signed_in()
    made = client.post("/api/v1/projects", json={"name": "Checkout"})
    url = made.headers["location"]
    token = client.post(f"{url}/tokens").json()["id"]
    milestone = client.post(f"{url}/milestones", json={"name": "Beta"}).json()["id"]
    archived = client.post(f"{url}/archive", headers={"If-Match": made.headers["etag"]})
    assert (archived.status_code, archived.json()["archived_at"] is not None) == (200, True)
    assert client.post(f"{url}/archive").json() == archived.json(), "again changes nothing"
    assert client.get("/api/v1/projects").json()["items"] == []
    [listed] = client.get("/api/v1/projects", params={"archived": True}).json()["items"]
    assert listed["id"] == made.json()["id"]
    read = client.get(url)
    assert (read.status_code, read.headers["etag"]) == (200, archived.headers["etag"])
    for method, path, body in (
        ("PATCH", "", {"description": "New"}),
        ("POST", "/tokens", None),
        ("POST", "/repositories", {"full_name": "octo/repo"}),
        ("POST", "/members", {"user_id": str(uuid.uuid4())}),
        ("POST", "/milestones", {"name": "Beta"}),
        ("PATCH", f"/milestones/{milestone}", {"name": "Gamma"}),
        ("DELETE", f"/milestones/{milestone}", None),
        ("POST", "/dependencies", {"depends_on_project_id": str(uuid.uuid4())}),
    ):
        refused = client.request(method, f"{url}{path}", json=body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "PROJECT_ARCHIVED"), (method, path)
    assert client.delete(f"{url}/tokens/{token}").status_code == 204
    stale = client.post(f"{url}/unarchive", headers={"If-Match": made.headers["etag"]})
    assert stale.status_code == 412
    assert client.post(f"{url}/unarchive").json()["archived_at"] is None
    assert client.patch(url, json={"description": "New"}).status_code == 200
    assert [body["archived"] for change, body in _told(kino.database, made.json()["id"]) if "archived" in body] == [
        False,
        True,
        False,
        False,
    ]


def test_an_archived_project_is_read_only_for_the_functions_too(database: Database) -> None:
    with database.write() as session:
        made = create_project(session, "Checkout")
        archive_project(session, made.id)
        with pytest.raises(ProjectArchived):
            change_project(session, made.id, {"description": "New"})
        with pytest.raises(ProjectArchived):
            create_token(session, Environment.DEVELOPMENT, made.id)


def test_a_deleted_project_is_gone_and_what_it_held_is_free(kino: Kino) -> None:
    client = kino.signed_in()
    made = client.post("/api/v1/projects", json={"name": "Checkout", "initiative": "Growth"})
    url, project_id = made.headers["location"], made.json()["id"]
    client.post(f"{url}/tokens")
    repository = client.post(f"{url}/repositories", json={"full_name": "octo/repo"}).json()["id"]
    client.post(f"{url}/repositories/{repository}/webhook-secret")
    with kino.database.write() as session:
        report_id = uuid.uuid4()
        described = {"kind": "qbr", "title": "QBR", "period": "2026-Q3", "snapshot": {}, "lake_snapshot_id": 1}
        session.execute(
            insert(report).values(
                id=report_id,
                scope_type="project",
                scope_id=uuid.UUID(project_id),
                as_of=made.json()["created_at"],
                snapshot_sha256="0" * 64,
                **described,
            )
        )
    with (
        kino.signed_in_as(memberships={project_id: ProjectRole.PROJECT_LEADER}) as leader,
        kino.signed_in_as(memberships={project_id: ProjectRole.MEMBER}) as member,
        kino.signed_in_as(Role.MANAGER) as manager,
    ):
        assert member.delete(url).status_code == 403
        assert leader.delete(url, headers={"If-Match": '"1"'}).status_code == 412
        assert leader.delete(url, headers={"If-Match": made.headers["etag"]}).status_code == 204
        for who in (leader, member, manager, client):
            assert who.get(url).status_code == 404
        assert leader.delete(url).status_code == 404
        assert leader.get("/auth/me").json()["memberships"] == {}
        assert leader.get("/api/v1/projects").status_code == 403, "it was the only membership"
        assert leader.get(f"/api/v1/reports/{report_id}").status_code in (403, 404)
        assert manager.get(f"/api/v1/reports/{report_id}").status_code == 200
    again = client.post("/api/v1/projects", json={"name": "CHECKOUT"})
    assert again.status_code == 201, "the name is free"
    taken = client.post(f"{again.headers['location']}/repositories", json={"full_name": "octo/repo"})
    assert taken.status_code == 201, "the repository is free"
    with kino.database.read() as session:
        assert query(session, "SELECT FROM kino.token WHERE revoked_at IS NULL") == []
        assert query(session, "SELECT FROM kino.webhook_secret") == []
        [row] = query(
            session,
            "SELECT action, actor_type FROM kino.audit WHERE entity_type = 'project' AND entity_id = :id"
            " ORDER BY id DESC LIMIT 1",
            id=project_id,
        )
    assert (row.action, row.actor_type) == ("DELETE", "user")
    assert [change for change, _ in _told(kino.database, project_id)][-2:] == [
        "repository_disconnected",
        "project_deleted",
    ]


async def test_the_doors_do_not_know_the_token_of_a_deleted_project(database: Database, settings: Settings) -> None:
    with database.write() as session:
        made = create_project(session, "Checkout")
        secret = create_token(session, Environment.DEVELOPMENT, made.id).token
    for known in (True, False):
        # Doors keep what they know for a second; these have just been opened.
        lookups = Lookups(settings.database_url, KeyRing(settings))
        await lookups.start()
        try:
            assert (await lookups.token(secret, 10) is not None) is known
        finally:
            await lookups.stop()
        if known:
            with database.write() as session:
                delete_project(session, made.id)


def test_nothing_is_added_to_a_project_while_it_is_deleted(database: Database) -> None:
    """Tokens made and a project deleted at once: whatever the order, none of them works afterwards."""
    for _ in range(3):
        with database.write() as session:
            made = create_project(session, "Checkout")

        def add(_: int, project_id: uuid.UUID = made.id) -> bool:
            try:
                with database.write() as session:
                    create_token(session, Environment.DEVELOPMENT, project_id)
            except UnknownProject:
                return False
            return True

        def delete(project_id: uuid.UUID = made.id) -> None:
            with database.write() as session:
                delete_project(session, project_id)

        with ThreadPoolExecutor(5) as pool:
            adding = [pool.submit(add, number) for number in range(2)]
            pool.submit(delete).result()
            adding += [pool.submit(add, number) for number in range(2)]
        assert not adding[-1].result()
        with database.read() as session:
            assert query(session, "SELECT FROM kino.token WHERE revoked_at IS NULL") == []
            assert find_project(session, made.id) is None
