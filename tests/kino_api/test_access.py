"""What a membership opens and what it leaves closed; projects of others do not exist."""

import uuid
from collections.abc import Callable

import httpx
import pytest

from kino_api.access import accesses_of
from kino_api.permissions import Undeclared
from kino_api.users import ProjectRole, Role
from kino_core.database import query
from tests.kino_api.conftest import Kino


def _project(client: httpx.Client, name: str) -> str:
    made = client.post("/api/v1/projects", json={"name": name})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def test_members_find_their_projects_and_no_others(kino: Kino) -> None:
    ours, theirs = (_project(kino.signed_in(), name) for name in ("Ours", "Theirs"))
    with kino.signed_in_as(memberships={ours: ProjectRole.MEMBER}) as member:
        assert [each["id"] for each in member.get("/api/v1/projects").json()["items"]] == [ours]
        assert member.get(f"/api/v1/projects/{ours}").status_code == 200
        for path in ("", "/activity", "/blockers", "/metrics", "/repositories", "/tokens"):
            answer = member.get(f"/api/v1/projects/{theirs}{path}")
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "PROJECT_NOT_FOUND"), path


def test_what_is_seen_and_not_allowed_is_forbidden(kino: Kino) -> None:
    ours = _project(kino.signed_in(), "Ours")
    with kino.signed_in_as(memberships={ours: ProjectRole.MEMBER}) as member:
        assert member.patch(f"/api/v1/projects/{ours}", json={"description": "mine"}).status_code == 403
        assert member.get(f"/api/v1/projects/{ours}/tokens").status_code == 403
        assert member.post("/api/v1/projects", json={"name": "Another"}).status_code == 403
    with kino.signed_in_as(memberships={ours: ProjectRole.PROJECT_LEADER}) as leader:
        assert leader.patch(f"/api/v1/projects/{ours}", json={"description": "led"}).status_code == 200
        assert leader.post(f"/api/v1/projects/{ours}/tokens").status_code == 201
        assert leader.post("/api/v1/projects", json={"name": "Another"}).status_code == 403


def test_who_leaves_a_project_loses_it_with_the_next_request(kino: Kino) -> None:
    ours = _project(kino.signed_in(), "Ours")
    with kino.signed_in_as(memberships={ours: ProjectRole.PROJECT_LEADER}) as leader:
        assert leader.get(f"/api/v1/projects/{ours}/tokens").status_code == 200
        with kino.database.write() as session:
            query(session, "DELETE FROM kino.project_member WHERE project_id = :id RETURNING 1", id=uuid.UUID(ours))
        assert leader.get(f"/api/v1/projects/{ours}").status_code == 404


def test_somebody_without_role_and_membership_sees_nothing(kino: Kino) -> None:
    ours = _project(kino.signed_in(), "Ours")
    with kino.signed_in_as() as nobody:
        assert nobody.get("/auth/me").status_code == 200
        assert nobody.get("/api/v1/projects").status_code == 403
        assert nobody.get(f"/api/v1/projects/{ours}").status_code == 404


@pytest.mark.parametrize("scope", [{}, {"initiative": "Growth"}])
def test_numbers_over_projects_of_others_are_not_for_members(kino: Kino, scope: dict[str, str]) -> None:
    client = kino.signed_in()
    made = client.post("/api/v1/projects", json={"name": "Ours", "initiative": "Growth"}).json()
    with kino.signed_in_as(memberships={made["id"]: ProjectRole.PROJECT_LEADER}) as leader:
        assert leader.get("/api/v1/metrics/commits", params=scope).status_code == 403


def test_a_leader_does_not_learn_where_else_somebody_of_theirs_works(kino: Kino) -> None:
    ours, theirs = (_project(kino.signed_in(), name) for name in ("Ours", "Theirs"))
    with kino.signed_in_as(memberships={ours: ProjectRole.MEMBER, theirs: ProjectRole.PROJECT_LEADER}) as shared:
        user_id = shared.headers["x-user-id"]
        assert shared.get(f"/api/v1/users/{user_id}").json()["memberships"].keys() == {ours, theirs}
    with kino.signed_in_as(memberships={ours: ProjectRole.PROJECT_LEADER}) as leader:
        listed = {each["id"]: each for each in leader.get("/api/v1/users").json()["items"]}
        for seen in (listed[user_id], leader.get(f"/api/v1/users/{user_id}").json()):
            assert seen["memberships"] == {ours: "MEMBER"}
    assert kino.signed_in().get(f"/api/v1/users/{user_id}").json()["memberships"].keys() == {ours, theirs}


def test_a_project_is_not_put_under_an_initiative_that_its_leader_does_not_see(kino: Kino) -> None:
    admin = kino.signed_in()
    ours = _project(admin, "Ours")
    hidden = admin.post("/api/v1/initiatives", json={"name": "Hidden"}).json()["id"]
    with kino.signed_in_as(memberships={ours: ProjectRole.PROJECT_LEADER}) as leader:
        told = [
            leader.patch(f"/api/v1/projects/{ours}", json={"initiative_id": key}) for key in (hidden, str(uuid.uuid4()))
        ]
        assert [(each.status_code, each.json()["error"]["code"]) for each in told] == [(404, "UNKNOWN_INITIATIVE")] * 2
        assert "Hidden" not in told[0].text
    assert admin.patch(f"/api/v1/projects/{ours}", json={"initiative_id": hidden}).status_code == 200


def test_managers_see_everything(kino: Kino) -> None:
    ours = _project(kino.signed_in(), "Ours")
    with kino.signed_in_as(Role.MANAGER) as manager:
        assert manager.get(f"/api/v1/projects/{ours}/tokens").status_code == 200
        assert manager.post("/api/v1/projects", json={"name": "Another"}).status_code == 201


def test_a_route_with_an_id_that_nobody_guards_stops_the_start() -> None:
    with pytest.raises(Undeclared):
        accesses_of("/api/v1/secrets/{secret_id}", ("secret_id",))


def test_every_change_tells_the_audit_who_made_it(kino: Kino, start: Callable[..., Kino]) -> None:
    client = kino.signed_in()
    made = client.post("/api/v1/projects", json={"name": "Ours"}, headers={"X-Request-ID": "request-1"})
    client.patch(f"/api/v1/projects/{made.json()['id']}", json={"description": "New"})
    with kino.database.read() as session:
        created, changed = query(
            session,
            "SELECT * FROM kino.audit WHERE entity_type = 'project' AND entity_id = :id ORDER BY id",
            id=made.json()["id"],
        )
        [ada] = query(session, "SELECT id FROM kino.\"user\" WHERE email = 'ada@example.com'")
    assert (created.actor_type, created.actor_id, created.action, created.before) == ("user", ada.id, "CREATE", None)
    assert created.request_id == made.headers["X-Request-ID"]
    assert created.after["name"] == "Ours"
    assert (changed.action, changed.before["description"], changed.after["description"]) == ("UPDATE", "", "New")
    assert changed.details["changed"] == ["description", "updated_at"]
