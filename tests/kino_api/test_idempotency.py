"""A POST that is sent again with its Idempotency-Key: one effect, and the same answer."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from kino_api import idempotency
from kino_api.app import create_api
from kino_api.guarded_route import REPEATABLE, GuardedRoute
from kino_api.shapes import ShownOnce
from kino_api.users import ProjectRole, Role
from kino_core.database import DatabaseUnavailable, query
from kino_core.settings import Settings

from .conftest import Kino


def _code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def _keyed(key: str | None = None) -> dict[str, str]:
    return {"Idempotency-Key": key or str(uuid.uuid4())}


def _projects(kino: Kino) -> int:
    with kino.database.read() as session:
        return int(query(session, "SELECT count(*) AS n FROM kino.project")[0].n)


def test_the_same_request_again_has_the_same_answer_and_no_second_effect(kino: Kino) -> None:
    client, key = kino.signed_in(), _keyed()
    first = client.post("/api/v1/projects", json={"name": "Checkout"}, headers=key)
    again = client.post("/api/v1/projects", json={"name": "Checkout"}, headers=key)
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    for name in ("location", "etag", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert "content-security-policy" in again.headers
    assert _projects(kino) == 1
    # Other requests under the same key, whatever it is in them that differs.
    for path, body in (
        ("/api/v1/projects", {"name": "Other"}),
        ("/api/v1/initiatives", {"name": "Checkout"}),
        ("/api/v1/projects?x=1", {"name": "Checkout"}),
    ):
        assert _code(client.post(path, json=body, headers=key)) == (409, "IDEMPOTENCY_KEY_REUSED"), path
    # The key is its user's own.
    with kino.signed_in_as(Role.MANAGER) as manager:
        assert _code(manager.post("/api/v1/projects", json={"name": "Checkout"}, headers=key)) == (
            409,
            "PROJECT_EXISTS",
        )
    with kino.database.read() as session:
        told = query(session, "SELECT FROM landing.event WHERE type = 'project_created'")
        audited = query(session, "SELECT actor_type FROM kino.audit WHERE entity_type = 'project'")
    assert (len(told), [row.actor_type for row in audited]) == (1, ["user"])


def test_what_failed_leaves_the_key_free(kino: Kino) -> None:
    client, key = kino.signed_in(), _keyed()
    assert client.post("/api/v1/projects", json={"name": "x"}, headers=key).status_code == 400
    assert client.post("/api/v1/projects", json={"nme": "Checkout"}, headers=key).status_code == 400
    assert client.post("/api/v1/projects", json={"name": "Checkout"}, headers=key).status_code == 201
    assert kino.client().post("/api/v1/projects", json={"name": "Checkout"}, headers=key).status_code == 401
    for wrong in ("", "two words", "x" * 256, "ü".encode()):
        headers: list[tuple[str, str | bytes]] = [("Idempotency-Key", wrong)]
        refused = client.post("/api/v1/projects", json={"name": "Other"}, headers=headers)  # type: ignore[arg-type]
        assert _code(refused) == (400, "INVALID_IDEMPOTENCY_KEY"), wrong


def test_rights_are_asked_again_before_an_answer_is_given_again(kino: Kino) -> None:
    client, key = kino.signed_in(), _keyed()
    project = client.post("/api/v1/projects", json={"name": "Checkout"}).json()["id"]
    with kino.signed_in_as(memberships={project: ProjectRole.PROJECT_LEADER}) as leader:
        url, body = f"/api/v1/projects/{project}/milestones", {"name": "Beta"}
        assert leader.post(url, json=body, headers=key).status_code == 201
        client.delete(f"/api/v1/projects/{project}/members/{leader.headers['x-user-id']}")
        assert leader.post(url, json=body, headers=key).status_code == 404


def test_an_answer_that_told_a_secret_is_not_kept_and_not_given_again(kino: Kino) -> None:
    client, key = kino.signed_in(), _keyed()
    url = client.post("/api/v1/projects", json={"name": "Checkout"}).headers["location"]
    made = client.post(f"{url}/tokens", headers=key)
    again = client.post(f"{url}/tokens", headers=key)
    assert (made.status_code, _code(again)) == (201, (409, "IDEMPOTENT_ANSWER_NOT_KEPT"))
    assert len(client.get(f"{url}/tokens").json()["items"]) == 1
    with kino.database.read() as session:
        [kept] = query(session, "SELECT row_to_json(k)::text AS row FROM kino.idempotency_key AS k")
    assert made.json()["token"] not in kept.row


def test_twins_at_once_have_one_effect(kino: Kino) -> None:
    client, key = kino.signed_in(), _keyed()

    def send(_: int) -> httpx.Response:
        return client.post("/api/v1/projects", json={"name": "Checkout"}, headers=key)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert _projects(kino) == 1


def test_a_twin_does_not_wait_for_ever(kino: Kino, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.1)
    client, key = kino.signed_in(), "the-key"
    user_id = client.get("/auth/me").json()["id"]
    with kino.database.write() as session:
        query(
            session,
            "SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))",
            name=f"idempotency:{user_id}:{key}",
        )
        answer = client.post("/api/v1/projects", json={"name": "Checkout"}, headers=_keyed(key))
        assert _code(answer) == (409, "IDEMPOTENCY_KEY_IN_USE")
        assert answer.json()["error"]["retryable"] is True
    assert client.post("/api/v1/projects", json={"name": "Checkout"}, headers=_keyed(key)).status_code == 201


def test_the_change_and_the_key_are_stored_together_or_not_at_all(kino: Kino, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise DatabaseUnavailable("the answer cannot be kept")

    client, key = kino.signed_in(), _keyed()
    with monkeypatch.context() as broken:
        broken.setattr(idempotency, "_keep", fails)
        assert client.post("/api/v1/projects", json={"name": "Checkout"}, headers=key).status_code == 503
    with kino.database.read() as session:
        for table in ("kino.project", "kino.idempotency_key", "landing.event"):
            assert query(session, f"SELECT FROM {table}") == [], table
    assert client.post("/api/v1/projects", json={"name": "Checkout"}, headers=key).status_code == 201


def test_a_key_counts_for_a_day(kino: Kino) -> None:
    client, key = kino.signed_in(), _keyed()
    for number, name in enumerate(("First", "Second")):
        assert client.post("/api/v1/projects", json={"name": name}, headers=key).status_code == 201, name
        with kino.database.write() as session:
            for table_key in ("", "-other"):
                query(
                    session,
                    "INSERT INTO kino.idempotency_key (user_id, key, request_hash)"
                    " SELECT user_id, key || :other, request_hash FROM kino.idempotency_key WHERE key = :key"
                    " ON CONFLICT DO NOTHING RETURNING key",
                    key=key["Idempotency-Key"],
                    other=table_key,
                )
            aged = "UPDATE kino.idempotency_key SET created_at = now() - interval '25 hours' RETURNING key"
            assert len(query(session, aged)) == 2, number
    assert client.post("/api/v1/initiatives", json={"name": "Growth"}, headers=_keyed()).status_code == 201
    with kino.database.read() as session:
        assert len(query(session, "SELECT FROM kino.idempotency_key")) == 1, "whoever brings a key sweeps old ones"


@pytest.fixture
def posts(settings: Settings) -> list[APIRoute]:
    app: FastAPI = create_api(settings)
    return [
        route
        for route in app.routes
        if isinstance(route, GuardedRoute) and "POST" in (route.methods or ()) and route.path.startswith(REPEATABLE)
    ]


def test_every_post_whose_answer_tells_a_secret_is_known(posts: list[APIRoute]) -> None:
    def told(route: APIRoute) -> set[str]:
        return set(TypeAdapter(route.response_model).json_schema().get("properties", {}))

    answering = [route for route in posts if route.response_model]
    telling = {route.path for route in answering if told(route) & {"token", "secret", "password", "link", "url"}}
    once = {route.path for route in answering if issubclass(route.response_model, ShownOnce)}
    assert telling == once
    assert once
