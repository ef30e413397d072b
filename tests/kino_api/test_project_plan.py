"""Members, milestones and dependencies: who may change them, what follows, and circles that nobody can close."""

import itertools
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import insert

from kino_api.dependencies import DependencyCycle, DependencyExists, End, add_dependency, list_dependencies
from kino_api.projects import create_project
from kino_api.users import ProjectRole, Role, User
from kino_core.database import Database, query
from kino_core.tables import user

from .conftest import Kino

ADMIN = User(uuid.UUID(int=1), "ada@example.com", "Ada", Role.ADMIN)


def _code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def _project(client: httpx.Client, name: str) -> str:
    made = client.post("/api/v1/projects", json={"name": name})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def _paged(client: httpx.Client, url: str) -> list[dict[str, object]]:
    items: list[dict[str, object]] = []
    cursor = None
    while True:
        page = client.get(url, params={"limit": 1} | ({"cursor": cursor} if cursor else {})).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            assert items == client.get(url).json()["items"]
            return items


def test_members_are_set_by_managers_and_count_at_once(kino: Kino) -> None:
    client = kino.signed_in()
    ours = _project(client, "Ours")
    url = f"/api/v1/projects/{ours}/members"
    with kino.signed_in_as() as somebody, kino.signed_in_as(Role.MANAGER) as manager:
        user_id = somebody.headers["x-user-id"]
        assert somebody.get(f"/api/v1/projects/{ours}").status_code == 404
        added = manager.post(url, json={"user_id": user_id})
        assert (added.status_code, added.json()["role"], added.json()["name"]) == (201, "MEMBER", "Somebody")
        assert somebody.get(f"/api/v1/projects/{ours}").status_code == 200
        assert _code(manager.post(url, json={"user_id": user_id, "role": "PROJECT_LEADER"})) == (409, "MEMBER_EXISTS")
        assert _code(manager.post(url, json={"user_id": str(uuid.uuid4())})) == (404, "UNKNOWN_USER")
        for method, path, body in (
            ("POST", url, {"user_id": user_id}),
            ("PATCH", f"{url}/{user_id}", {"role": "PROJECT_LEADER"}),
            ("DELETE", f"{url}/{user_id}", None),
        ):
            assert somebody.request(method, path, json=body).status_code == 403, "nobody promotes themselves"
        assert somebody.get(f"/api/v1/projects/{ours}/tokens").status_code == 403
        assert manager.patch(f"{url}/{user_id}", json={"role": "PROJECT_LEADER"}).json()["role"] == "PROJECT_LEADER"
        assert somebody.get(f"/api/v1/projects/{ours}/tokens").status_code == 200
        assert somebody.delete(f"{url}/{user_id}").status_code == 403, "leaders read members"
        assert manager.post(url, json={"user_id": client.get("/auth/me").json()["id"]}).status_code == 201
        assert [each["name"] for each in _paged(somebody, url)] == ["Ada", "Somebody"]
        assert manager.delete(f"{url}/{user_id}").status_code == 204
        assert somebody.get(f"/api/v1/projects/{ours}").status_code == 404
        for answer in (manager.delete(f"{url}/{user_id}"), manager.patch(f"{url}/{user_id}", json={"role": "MEMBER"})):
            assert _code(answer) == (404, "UNKNOWN_MEMBER")
    with kino.database.read() as session:
        told = query(session, "SELECT type, body FROM landing.event WHERE type LIKE 'member%' ORDER BY id")
    assert [row.type for row in told] == ["member_added", "member_changed", "member_added", "member_removed"]
    assert told[1].body == {"project_id": ours, "user_id": user_id, "role": "PROJECT_LEADER"}


def test_milestones_are_planned_moved_and_reached(kino: Kino) -> None:
    client = kino.signed_in()
    ours, theirs = _project(client, "Ours"), _project(client, "Theirs")
    url = f"/api/v1/projects/{ours}/milestones"
    for name, due_date in (("GA", "2026-12-01"), ("Someday", None), ("Beta", "2026-10-01"), ("Also GA", "2026-12-01")):
        assert client.post(url, json={"name": name, "due_date": due_date}).status_code == 201
    listed = _paged(client, url)
    assert [each["name"] for each in listed][::3] == ["Beta", "Someday"]
    beta = f"{url}/{listed[0]['id']}"
    read = client.get(beta)
    with kino.signed_in_as(memberships={ours: ProjectRole.PROJECT_LEADER}) as leader:
        etag = {"If-Match": read.headers["etag"]}
        moved = leader.patch(beta, json={"due_date": "2026-10-15"}, headers=etag)
        assert (moved.status_code, moved.json()["due_date"], moved.json()["name"]) == (200, "2026-10-15", "Beta")
        assert leader.patch(beta, json={"name": "Gamma"}, headers=etag).status_code == 412
        reached = leader.patch(beta, json={"reached_at": "2026-10-14T12:00:00+02:00"})
        assert reached.json()["reached_at"] == "2026-10-14T10:00:00Z"
        assert leader.patch(beta, json={"reached_at": "2999-01-01T00:00:00Z"}).status_code == 400
        assert leader.patch(beta, json={"name": "two\nlines"}).status_code == 400
        assert leader.patch(beta, json={"reached_at": None}).json()["reached_at"] is None
        elsewhere = beta.replace(ours, theirs)
        assert leader.get(elsewhere).status_code == 404
        for answer in (client.get(elsewhere), client.patch(elsewhere, json={}), client.delete(elsewhere)):
            assert _code(answer) == (404, "UNKNOWN_MILESTONE")
        assert leader.delete(beta, headers=etag).status_code == 412
        assert leader.delete(beta).status_code == 204
        assert leader.get(beta).status_code == 404
    with kino.signed_in_as(memberships={ours: ProjectRole.MEMBER}) as member:
        assert len(member.get(url).json()["items"]) == 3
        assert member.post(url, json={"name": "Mine"}).status_code == 403
    for cursor in ("W10", "WyJhIiwiYiJd"):
        assert _code(client.get(url, params={"cursor": cursor})) == (400, "INVALID_CURSOR")
    with kino.database.read() as session:
        told = query(session, "SELECT type FROM landing.event WHERE body ->> 'milestone_id' = :id", id=listed[0]["id"])
        audited = query(session, "SELECT project_id FROM kino.audit WHERE entity_type = 'milestone'")
    assert {row.type for row in told} == {"milestone_created", "milestone_changed", "milestone_deleted"}
    assert {str(row.project_id) for row in audited} == {ours}


def test_dependencies_join_what_the_caller_sees_and_nothing_else(kino: Kino) -> None:
    client = kino.signed_in()
    ours, near, far, further = (_project(client, name) for name in ("Ours", "Near", "Far", "Further"))
    url = f"/api/v1/projects/{ours}/dependencies"
    seen = {ours: ProjectRole.PROJECT_LEADER, near: ProjectRole.MEMBER}
    with kino.signed_in_as(memberships=seen) as leader:
        made = leader.post(url, json={"depends_on_project_id": near, "note": "Their API"})
        assert (made.status_code, made.json()["depends_on_project"], made.json()["slips"]) == (201, "Near", False)
        assert _code(leader.post(url, json={"depends_on_project_id": near})) == (409, "DEPENDENCY_EXISTS")
        assert _code(leader.post(url, json={"depends_on_project_id": far})) == (404, "PROJECT_NOT_FOUND")
        item = {"depends_on_project_id": near, "item_id": str(uuid.uuid4())}
        assert _code(leader.post(url, json=item)) == (404, "UNKNOWN_SCOPE_ITEM")
        back = f"/api/v1/projects/{near}/dependencies"
        assert leader.post(back, json={"depends_on_project_id": ours}).status_code == 403
        assert _code(client.post(back, json={"depends_on_project_id": ours})) == (409, "DEPENDENCY_CYCLE")
        assert _code(client.post(url, json={"depends_on_project_id": ours})) == (409, "DEPENDENCY_CYCLE")
        for target in (far, further):
            hidden = client.post(url, json={"depends_on_project_id": target}).json()["id"]
        assert [each["depends_on_project_id"] for each in _paged(client, url)] == [near, far, further]
        assert [each["id"] for each in leader.get(url).json()["items"]] == [made.json()["id"]]
        assert _code(leader.delete(f"{url}/{hidden}")) == (404, "UNKNOWN_DEPENDENCY")
        assert _code(client.delete(f"{back}/{made.json()['id']}")) == (404, "UNKNOWN_DEPENDENCY")
        assert leader.delete(f"{url}/{made.json()['id']}").status_code == 204
    assert client.post(back, json={"depends_on_project_id": ours}).status_code == 201, "the way is free now"
    with kino.database.read() as session:
        told = query(session, "SELECT type FROM landing.event WHERE type LIKE 'dependency%' ORDER BY id")
    assert [row.type for row in told].count("dependency_deleted") == 1


@pytest.fixture
def with_items(database: Database) -> Database:
    """A database in which any scope item exists that the test puts into `kino.pretended_item`."""
    with database.write() as session:
        session.execute(insert(user).values(id=ADMIN.id, email=ADMIN.email, name="Ada", password_hash="x"))
        session.exec_driver_sql("""
            CREATE TABLE kino.pretended_item (id uuid, project_id uuid, end_date date, finished boolean);
            CREATE OR REPLACE VIEW kino.dependable_item AS
                SELECT id, project_id, end_date, finished FROM kino.pretended_item;
            ALTER TABLE kino.dependency DROP CONSTRAINT IF EXISTS dependency_item,
                DROP CONSTRAINT IF EXISTS dependency_on_item;
        """)
    return database


Atoms = frozenset[tuple[int, int]]
PROJECTS, ITEMS = range(3), range(1, 3)
REST = 0
"""What a project is beside its items: waiting for a project is waiting for this too."""
ENDS = st.tuples(st.sampled_from(PROJECTS), st.sampled_from([None, *ITEMS]))


def _atoms(end: tuple[int, int | None]) -> Atoms:
    project, item = end
    return frozenset((project, each) for each in ([REST, *ITEMS] if item is None else [item]))


def _has_circle(edges: Sequence[tuple[Atoms, Atoms]]) -> bool:
    """Say whether any piece of work waits for itself, by walking piece by piece."""
    waits = {(one, other) for waiting, target in edges for one in waiting for other in target}
    while True:
        further = waits | {(a, d) for (a, b), (c, d) in itertools.product(waits, waits) if b == c}
        if further == waits:
            return any(one == other for one, other in waits)
        waits = further


@hypothesis_settings(max_examples=30)
@given(wanted=st.lists(st.tuples(ENDS, ENDS), max_size=7))
def test_a_dependency_is_refused_exactly_when_it_closes_a_circle(
    with_items: Database, wanted: list[tuple[tuple[int, int | None], tuple[int, int | None]]]
) -> None:
    with with_items.write() as session:
        projects = [create_project(session, f"Project {uuid.uuid4()}").id for _ in PROJECTS]
        items = {(project, item): uuid.uuid4() for project in PROJECTS for item in ITEMS}
        session.exec_driver_sql(
            "INSERT INTO kino.pretended_item SELECT * FROM unnest(%(ids)s::uuid[], %(projects)s::uuid[]) AS x(id, p)",
            {"ids": list(items.values()), "projects": [projects[project] for project, _ in items]},
        )

        def end(of: tuple[int, int | None]) -> End:
            return End(projects[of[0]], None if of[1] is None else items[of[0], of[1]])

        accepted: list[tuple[Atoms, Atoms]] = []
        for waiting, target in wanted:
            edge = (_atoms(waiting), _atoms(target))
            attempt = session.begin_nested()
            try:
                add_dependency(session, ADMIN, end(waiting), end(target))
            except DependencyCycle:
                attempt.rollback()
                assert _has_circle([*accepted, edge]), (wanted, waiting, target)
            except DependencyExists:
                attempt.rollback()
                assert edge in accepted
            else:
                attempt.commit()
                assert not _has_circle([*accepted, edge]), (wanted, waiting, target)
                accepted.append(edge)


def test_two_dependencies_at_once_close_no_circle(database: Database) -> None:
    with database.write() as session:
        session.execute(insert(user).values(id=ADMIN.id, email=ADMIN.email, name="Ada", password_hash="x"))
        ring = [create_project(session, f"Project {number}").id for number in range(6)]

    def link(place: int) -> bool:
        try:
            with database.write() as session:
                add_dependency(session, ADMIN, End(ring[place]), End(ring[(place + 1) % len(ring)]))
        except DependencyCycle:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(link, range(6))) == [False, True, True, True, True, True]
    with database.read() as session:
        assert sum(len(list_dependencies(session, None, project)) for project in ring) == 5
