"""Export and erasure over HTTP: who may, what is in it, and what is gone at once."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from kino_api.passwords import is_password
from kino_api.projects import create_project
from kino_api.repositories import connect_repository
from kino_api.users import ProjectRole, Role
from kino_core.database import query
from kino_core.events import stable_id
from kino_core.privacy.erasures import Step, next_work
from kino_ingest.audit.chain import load_audit_key
from kino_ingest.erasure import erase_from_log
from kino_ingest.fold.run import fold_next, fold_pending
from kino_ingest.landing import land
from tests.factories.events import agent_report, commit

from .conftest import EMAIL, PASSWORD, Kino

GRACE = ("Grace Hopper", "grace@example.com")
AT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def project_id(kino: Kino) -> uuid.UUID:
    with kino.database.write() as session:
        made = create_project(session, "Checkout").id
        connect_repository(session, made, "octo-org/checkout")
    return made


def _grace(kino: Kino, project_id: uuid.UUID) -> httpx.Client:
    """Return Grace signed in: a member whose commits are in the history, and whom others name."""
    client = kino.signed_in_as(None, {project_id: ProjectRole.MEMBER})
    with kino.database.write() as session:
        session.exec_driver_sql(
            'UPDATE kino."user" SET name = %s, email = %s WHERE id = %s', (*GRACE, client.headers["x-user-id"])
        )
        land(
            session,
            [
                commit("octo-org/checkout", f"{1:040x}", AT, author=GRACE),
                commit("octo-org/checkout", f"{2:040x}", AT, subject="As Grace Hopper said"),
                commit("octo-org/checkout", f"{3:040x}", AT, subject="As Grace said"),
                agent_report(project_id, "blocker_identified", AT, description=f"ask {GRACE[1]}"),
            ],
        )
    while fold_pending(kino.database):
        fold_next(kino.database)
    return client


def _exported(client: httpx.Client, user_id: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/users/{user_id}/export")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["content-disposition"] == f'attachment; filename="kino-{user_id}.json"'
    found: dict[str, Any] = answer.json()
    return found


def test_ones_own_export_holds_everything_and_no_secret(kino: Kino, project_id: uuid.UUID) -> None:
    grace = _grace(kino, project_id)
    user_id = grace.headers["x-user-id"]
    client = kino.signed_in()
    client.post(f"/api/v1/projects/{project_id}/tokens")
    exported = _exported(grace, user_id)
    tables = exported["tables"]
    assert exported["about"]["emails"] == [GRACE[1]]
    assert exported["about"]["person_ids"] == [str(stable_id("person", f"email:{GRACE[1]}"))]
    assert [(row["name"], row["email"]) for row in tables["kino.user"]] == [GRACE]
    assert [row["role"] for row in tables["kino.project_member"]] == ["MEMBER"]
    assert [row["user_id"] for row in tables["kino.session"]] == [user_id]
    assert [row["sha"] for row in tables["kino.commit"]] == [f"{1:040x}", f"{2:040x}"]
    assert {row["type"] for row in tables["landing.event"]} == {"commit", "blocker_identified"}
    assert len(tables["landing.event"]) == 3
    assert len(tables["kino.agent_activity"]) == 1
    assert {row["entity_type"] for row in tables["kino.audit"]} >= {"user", "project_member"}
    assert tables["kino.token"] == []
    hidden = ("password_hash", "refresh_hash", "previous_hash", "token_hash", '"secret"', '"raw"')
    assert not [each for each in hidden if each in json.dumps(exported)]
    with kino.database.read() as session:
        [noted] = query(session, "SELECT actor_id, entity_id FROM kino.audit WHERE action = 'EXPORT'")
    assert (str(noted.actor_id), noted.entity_id) == (user_id, user_id)


def test_tokens_that_somebody_made_are_in_their_export(kino: Kino, project_id: uuid.UUID) -> None:
    client = kino.signed_in()
    made = client.post(f"/api/v1/projects/{project_id}/tokens").json()
    me = client.get("/auth/me").json()["id"]
    [token] = _exported(client, me)["tables"]["kino.token"]
    assert (token["id"], token["last4"]) == (made["id"], made["token"][-4:])


def test_who_may_export_and_erase_whom(kino: Kino, project_id: uuid.UUID) -> None:
    grace = _grace(kino, project_id)
    user_id = grace.headers["x-user-id"]
    others = {
        "manager": (kino.signed_in_as(Role.MANAGER), 403),
        "leader": (kino.signed_in_as(None, {project_id: ProjectRole.PROJECT_LEADER}), 403),
        "member": (kino.signed_in_as(None, {project_id: ProjectRole.MEMBER}), 404),
        "nobody": (kino.client(), 401),
    }
    for name, (client, status) in others.items():
        assert client.get(f"/api/v1/users/{user_id}/export").status_code == status, name
        assert client.post(f"/api/v1/users/{user_id}/erase").status_code == status, name
    assert grace.post(f"/api/v1/users/{user_id}/erase").status_code == 403
    admin = kino.signed_in()
    assert admin.get(f"/api/v1/users/{user_id}/export").status_code == 200
    for action in ("export", "erase"):
        method = admin.get if action == "export" else admin.post
        assert method(f"/api/v1/users/{uuid.uuid4()}/{action}").status_code == 404
        assert method(f"/api/v1/users/nonsense/{action}").status_code == 400


def test_an_erased_account_is_empty_at_once_and_the_rest_follows(kino: Kino, project_id: uuid.UUID) -> None:
    grace = _grace(kino, project_id)
    user_id = grace.headers["x-user-id"]
    admin = kino.signed_in()
    answer = admin.post(f"/api/v1/users/{user_id}/erase")
    assert (answer.status_code, answer.json()["step"]) == (202, "log")
    assert grace.get("/auth/me").status_code == 401
    assert kino.client().post("/auth/login", json={"email": GRACE[1], "password": PASSWORD}).status_code == 401
    with kino.database.read() as session:
        [row] = query(session, 'SELECT * FROM kino."user" WHERE id = :id', id=user_id)
        assert query(session, "SELECT FROM kino.project_member WHERE user_id = :id", id=user_id) == []
        work = next_work(session, Step.LOG)
    assert (row.name, row.role) == (answer.json()["pseudonym"], None)
    assert row.email.endswith("@erased.invalid")
    assert not is_password("", row.password_hash)
    assert admin.post(f"/api/v1/users/{user_id}/erase").json() == answer.json()
    assert work is not None
    erase_from_log(kino.settings.database_url, work, load_audit_key(kino.settings.secrets_path))
    assert admin.post(f"/api/v1/users/{user_id}/erase").json()["step"] == "lake"
    with kino.database.read() as session:
        [linked] = query(session, 'SELECT person_id FROM kino."user" WHERE id = :id', id=user_id)
        told = query(session, "SELECT body FROM landing.event WHERE type = 'person_erased'")
        audit = query(session, "SELECT action, entity_type, entity_id FROM kino.audit WHERE action = 'ERASE'")
        personal = query(session, "SELECT CAST(to_jsonb(audit) AS text) AS entry FROM kino.audit")
    assert linked.person_id is None, "nobody had said that she is the person of the history"
    pseudonym = str(stable_id("person", work.pseudonym.key))
    assert told[0].body == {"erasure_id": answer.json()["id"], "user_id": user_id, "person_id": pseudonym}
    assert ("ERASE", "user", user_id) in [tuple(each) for each in audit]
    assert not [each.entry for each in personal if GRACE[0] in each.entry or GRACE[1] in each.entry]


def test_the_audit_keeps_no_copy_of_what_is_rewritten(kino: Kino, project_id: uuid.UUID) -> None:
    _grace(kino, project_id)
    admin = kino.signed_in()
    with kino.database.write() as session:
        # As an older version let people write it; the audit of that change is not of today.
        session.exec_driver_sql("ALTER TABLE kino.project DISABLE TRIGGER audited")
        session.exec_driver_sql("UPDATE kino.project SET description = 'Led by Grace Hopper'")
        session.exec_driver_sql("ALTER TABLE kino.project ENABLE TRIGGER audited")
        [row] = query(session, "SELECT id FROM kino.\"user\" WHERE email = 'grace@example.com'")
    pseudonym = admin.post(f"/api/v1/users/{row.id}/erase").json()["pseudonym"]
    with kino.database.read() as session:
        work = next_work(session, Step.LOG)
    assert work is not None
    erase_from_log(kino.settings.database_url, work, load_audit_key(kino.settings.secrets_path))
    url = f"/api/v1/projects/{project_id}"
    assert admin.get(url).json()["description"] == f"Led by {pseudonym}"
    with kino.database.read() as session:
        entries = query(
            session,
            "SELECT action, CAST(to_jsonb(audit) AS text) AS entry FROM kino.audit WHERE entity_type = 'project'"
            " ORDER BY id",
        )
    assert [each.action for each in entries][-1] == "ERASE"
    assert not [each.entry for each in entries if "Grace Hopper" in each.entry]
    assert admin.patch(url, json={"description": "Led by nobody"}).status_code == 200
    with kino.database.read() as session:
        [last] = query(session, "SELECT action FROM kino.audit WHERE entity_type = 'project' ORDER BY id DESC LIMIT 1")
    assert last.action == "UPDATE"


def test_the_last_administrator_stays(kino: Kino) -> None:
    admin = kino.signed_in()
    with kino.database.read() as session:
        [row] = query(session, 'SELECT id FROM kino."user" WHERE email = :email', email=EMAIL)
    refused = admin.post(f"/api/v1/users/{row.id}/erase")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "LAST_ADMINISTRATOR")
    other = kino.signed_in_as(Role.ADMIN)
    assert other.post(f"/api/v1/users/{row.id}/erase").status_code == 202
