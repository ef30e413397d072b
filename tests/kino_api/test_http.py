"""What holds for every answer of the API: headers, ids, the error envelope, permissions, pages of lists."""

import contextlib
import itertools
import json
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from pydantic import SecretStr

from kino_api.app import create_api
from kino_api.guarded_route import GuardedRoute, guarded_router
from kino_api.permissions import ROUTES, Action, NotAllowed, Open, Permission, Resource, Undeclared, check_permission
from kino_api.projects import create_project
from kino_api.shapes import encode_cursor, name_cursor, time_cursor
from kino_api.users import Role, User, create_user
from kino_core.database import query
from kino_core.errors import InvalidInput
from kino_core.origins import is_own_host
from kino_core.settings import Settings

from .conftest import PASSWORD, Kino

NOBODY = "00000000-0000-0000-0000-000000000000"


def _error(answer: httpx.Response) -> dict[str, Any]:
    error: dict[str, Any] = answer.json()["error"]
    expected = {"category", "code", "message", "details", "timestamp", "request_id", "retryable"}
    assert set(error) == expected
    assert error["request_id"] == answer.headers["x-request-id"]
    return error


def test_every_kind_of_answer_carries_the_security_headers_and_an_id(kino: Kino) -> None:
    @kino.app.get("/crash")
    def crash() -> None:
        raise RuntimeError("a secret that nobody may read")

    admin, nobody = kino.signed_in(), kino.client()
    answers = {
        "ok": (admin.get("/api/v1/projects"), 200),
        "created": (admin.post("/api/v1/projects", json={"name": "Checkout"}), 201),
        "no such route": (nobody.get("/nowhere"), 404),
        "wrong method": (nobody.delete("/healthz"), 405),
        "not signed in": (nobody.get("/api/v1/projects"), 401),
        "invalid": (admin.post("/api/v1/projects", json={}), 400),
        "broken json": (admin.post("/api/v1/projects", content="{", headers={"Content-Type": "application/json"}), 400),
        "not json": (admin.post("/api/v1/projects", content="x"), 415),
        "too large": (admin.post("/api/v1/projects", json={"name": "x" * 11_000_000}), 413),
        "another host": (nobody.get("/api/v1/projects", headers={"Host": "evil.example"}), 400),
        "crash": (nobody.get("/crash"), 500),
        "probe": (nobody.get("/healthz"), 200),
    }
    ids = set()
    for name, (answer, status) in answers.items():
        headers = answer.headers
        assert answer.status_code == status, name
        ids.add(headers["x-request-id"])
        assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains", name
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY"), name
        assert (headers["x-xss-protection"], headers["cache-control"]) == ("0", "no-store"), name
        assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin", name
        assert headers["referrer-policy"] == "strict-origin-when-cross-origin", name
        policy = headers["content-security-policy"]
        assert re.search(r"script-src 'self' 'nonce-[\w-]{20,}'", policy), name
        assert "unsafe" not in policy, name
        if status >= 400:
            _error(answer)
    assert len(ids) == len(answers)
    assert "secret" not in answers["crash"][0].text
    assert answers["not signed in"][0].headers["www-authenticate"] == "Bearer"
    policies = {answer.headers["content-security-policy"] for answer, _ in answers.values()}
    assert len(policies) == len(answers), "each answer has a nonce of its own"


def test_a_body_of_undeclared_length_is_cut_off_at_the_limit(kino: Kino) -> None:
    sent = 0

    def long_body() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(2000):
            sent += 65536
            yield b"x" * 65536

    admin = kino.signed_in()
    # A server that closes the connection before it has read everything may be seen as either.
    with contextlib.suppress(httpx.WriteError, httpx.ReadError):
        answer = admin.post("/api/v1/projects", content=long_body(), headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
    assert sent < 2000 * 65536


def test_a_request_may_bring_its_own_plain_id_and_no_other(kino: Kino) -> None:
    assert kino.client(**{"X-Request-ID": "trace-1234"}).get("/healthz").headers["x-request-id"] == "trace-1234"
    for odd in ("x", "a b c d e f g", "x" * 200):
        assert kino.client(**{"X-Request-ID": odd}).get("/healthz").headers["x-request-id"] != odd


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("localhost", True),
        ("localhost:8000", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("Kino.Example:443", True),
        ("evil.example", False),
        ("kino.example.evil.example", False),
        ("localhost.evil.example", False),
        ("192.168.0.1", False),
        ("", False),
        ("[", False),
    ],
)
def test_only_loopback_and_the_configured_host_are_answered(host: str, own: bool) -> None:
    assert is_own_host(host, "kino.example") is own


def test_strangers_learn_nothing_before_they_sign_in(kino: Kino) -> None:
    """Every route that needs somebody answers 401, whatever else is wrong with the request."""
    client = kino.client(**{"Content-Type": "application/json"})
    for (method, path), permission in ROUTES.items():
        if isinstance(permission, Permission):
            url = re.sub(r"\{\w+\}", "not-an-id", path)
            answer = client.request(method, url, content="{" if method in ("POST", "PATCH") else None)
            assert (answer.status_code, _error(answer)["category"]) == (401, "AUTHENTICATION"), (method, path)


def test_the_table_names_exactly_the_routes_there_are(settings: Settings) -> None:
    routes = create_api(settings).routes
    declared = {
        (method, route.path_format)
        for route in routes
        if isinstance(route, GuardedRoute)
        for method in route.methods or ()
    }
    assert declared == set(ROUTES)
    others = [getattr(route, "path", None) for route in routes if not isinstance(route, GuardedRoute)]
    assert others == ["/ws"]


def test_a_route_without_a_permission_stops_the_start() -> None:
    router = guarded_router("/api/v1/surprise")
    with pytest.raises(Undeclared, match="GET /api/v1/surprise"):
        router.get("")(lambda: None)


def test_somebody_without_a_role_may_do_nothing_but_look_at_themselves(kino: Kino) -> None:
    with kino.database.write() as session:
        create_user(session, "member@example.com", "Member", PASSWORD, None)
    login = kino.client().post("/auth/login", json={"email": "member@example.com", "password": PASSWORD})
    member = kino.client(Authorization=f"Bearer {login.json()['access_token']}")
    assert member.get("/auth/me").status_code == 200
    refused = member.get("/api/v1/projects")
    assert (refused.status_code, _error(refused)["category"]) == (403, "AUTHORIZATION")


def test_each_role_holds_what_the_contract_gives_it() -> None:
    def allowed(role: Role | None) -> set[Permission]:
        user = User(uuid.uuid4(), "x@example.com", "X", role)
        held = set()
        for permission in ROUTES.values():
            if not isinstance(permission, Open):
                try:
                    check_permission(user, permission)
                except NotAllowed:
                    continue
                held.add(permission)
        return held

    declared = {permission for permission in ROUTES.values() if isinstance(permission, Permission)}
    assert allowed(Role.ADMIN) == declared
    for_administrators = {
        Permission(Resource.USER, Action.CREATE),
        Permission(Resource.SESSION, Action.READ),
        Permission(Resource.SESSION, Action.DELETE),
        Permission(Resource.PERSONAL_DATA, Action.READ),
        Permission(Resource.PERSONAL_DATA, Action.DELETE),
    }
    assert declared - allowed(Role.MANAGER) == for_administrators
    assert {permission.resource for permission in allowed(None)} == {"own session", "own account"}


def test_validation_names_every_wrong_field(kino: Kino) -> None:
    body = {"priority": "URGENT", "start_date": "soon", "color": "red"}
    error = _error(kino.signed_in().post("/api/v1/projects", json=body))
    assert (error["category"], error["code"]) == ("VALIDATION", "INVALID_INPUT")
    assert {each["field"] for each in error["details"]["fields"]} == {"name", "priority", "start_date", "color"}


def test_a_list_in_pages_shows_everything_once_while_rows_change(kino: Kino) -> None:
    with kino.database.write() as session:
        for number in range(7):
            create_project(session, f"Project {number}")
    client = kino.signed_in()
    seen: list[str] = []
    cursor = None
    while True:
        asked = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = client.get("/api/v1/projects", params=asked).json()
        seen += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        # A project before the place reached, and one that vanishes from it: offsets would skip or repeat now.
        with kino.database.write() as session:
            create_project(session, f"Before {len(seen)}")
    assert seen == [f"Project {number}" for number in range(7)]


def test_cursors_come_back_as_they_went_and_others_are_refused(kino: Kino) -> None:
    key = uuid.uuid4()
    assert name_cursor(encode_cursor(("ünïcode", key))) == ("ünïcode", key)
    for wrong in ("", "x", "!!", encode_cursor(("only one",)), encode_cursor(("a", "no id")), "W10", "bnVsbA"):
        with pytest.raises(InvalidInput):
            name_cursor(wrong)
    with pytest.raises(InvalidInput):
        time_cursor(encode_cursor(("2026-01-01T00:00:00", "agent", "x")))
    answer = kino.signed_in().get("/api/v1/projects", params={"cursor": "nonsense"})
    assert (answer.status_code, _error(answer)["code"]) == (400, "INVALID_CURSOR")
    for limit in ("0", "201", "many"):
        assert kino.signed_in().get("/api/v1/projects", params={"limit": limit}).status_code == 400


def test_postgresql_away_is_503_with_retry_after(start: Callable[[Settings], Kino], api_settings: Settings) -> None:
    kino = start(api_settings.model_copy(update={"own_database_url": SecretStr("postgresql://kino@127.0.0.1:1/kino")}))
    assert kino.client().get("/healthz").json() == {"status": "ok"}
    for answer in (
        kino.client().get("/readyz"),
        kino.client().post("/auth/login", json={"email": "a@b.example", "password": "x"}),
    ):
        error = _error(answer)
        assert (answer.status_code, error["category"], error["retryable"]) == (503, "SERVER", True)
        assert int(answer.headers["retry-after"]) > 0


def test_a_used_up_pool_is_503_with_retry_after(start: Callable[[Settings], Kino], api_settings: Settings) -> None:
    kino = start(api_settings.model_copy(update={"database_pool_max": 1}))
    with kino.client() as client:
        with kino.app.state.resources.database.read():
            answer = client.get("/readyz", timeout=30)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        error = _error(answer)
        assert (error["code"], error["retryable"]) == ("DATABASE_UNAVAILABLE", True)
        assert client.get("/readyz", timeout=30).status_code == 200


def test_readiness_needs_the_schema_of_this_version(kino: Kino) -> None:
    assert kino.client().get("/readyz").status_code == 200
    with kino.database.write() as session:
        query(session, "UPDATE kino.schema_version SET version_num = 'older' RETURNING 1")
    answer = kino.client().get("/readyz")
    assert (answer.status_code, _error(answer)["code"]) == (503, "NOT_READY")


def test_health_details_tell_what_is_on_off_or_away(kino: Kino) -> None:
    found = kino.signed_in().get("/health/details").json()
    states = {each["name"]: each["state"] for each in found["capabilities"]}
    assert (states["postgres"], states["redis"], states["smtp"], states["github"]) == ("ok", "ok", "disabled", "ok")
    assert states["fold"] == "ok"
    assert found["status"] == "down", "Dagster is not running here"
    assert "password" not in json.dumps(found)


def test_an_address_tells_every_method_that_it_takes(kino: Kino) -> None:
    with kino.database.write() as session:
        project = create_project(session, "Checkout").id
    answer = kino.signed_in().put(f"/api/v1/projects/{project}", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PATCH, DELETE")


def test_the_description_covers_api_sign_in_and_doors(kino: Kino) -> None:
    described = kino.signed_in().get("/api/v1/openapi.json").json()
    paths = set(described["paths"])
    expected = {path for _, path in ROUTES if path.startswith(("/api/v1", "/auth"))} - {"/api/v1/openapi.json"}
    assert paths == expected | {
        "/webhooks/agent-update",
        "/webhooks/agent-update/batch",
        "/webhooks/github",
    }
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(described)))
    assert references <= set(described["components"]["schemas"])
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert "422" not in operation["responses"], (method, path)
            for status in ("400", "500"):
                *_, name = operation["responses"][status]["$ref"].split("/")
                answer = described["components"]["responses"][name]
                assert answer["content"]["application/json"]["schema"], (method, path)
            is_open = ROUTES.get((method.upper(), path))
            assert bool(operation.get("security")) is not isinstance(is_open, Open) or path.startswith("/webhooks")


NASTY: list[Any] = [
    "",
    "nul\0inside",
    "lone \ud800 surrogate",
    "x" * 5000,
    "%s %(x)s :name '",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    1e308,
    2**70,
    [],
    {"deep": [{}]},
]
VALID_BODIES: dict[str, dict[str, Any]] = {
    "/auth/login": {"email": "ada@example.com", "password": "wrong password"},
    "/auth/refresh": {"refresh_token": "x"},
    "/auth/setup": {"token": "x", "email": "eve@example.com", "name": "Eve", "password": "y" * 20},
    "/auth/reauthenticate": {"password": "wrong password"},
    "/auth/password": {"current_password": "wrong password", "new_password": "y" * 20},
    "/auth/password/forgot": {"email": "nobody@example.com"},
    "/auth/password/reset": {"token": "x", "password": "y" * 20},
    "/auth/invitation/accept": {"token": "x", "name": "Eve", "password": "y" * 20},
    "/auth/email/verify": {"token": "x"},
    "/api/v1/users": {"email": "eve@example.com", "name": "Eve", "role": "MANAGER"},
    "/api/v1/users/{user_id}": {"name": "Eve", "email": "eve@example.com", "role": None, "disabled": True},
    "/api/v1/initiatives": {"name": "Growth"},
    "/api/v1/projects": {"name": "Checkout", "initiative": "Growth", "time_zone": "UTC", "end_date": "2026-01-01"},
    "/api/v1/projects/{project_id}": {"name": "Checkout", "description": "", "status_reason": "", "time_zone": "UTC"},
    "/api/v1/initiatives/{initiative_id}": {"name": "Growth", "description": ""},
    "/api/v1/projects/{project_id}/members": {"user_id": str(uuid.UUID(int=0)), "role": "MEMBER"},
    "/api/v1/projects/{project_id}/members/{member_id}": {"role": "MEMBER"},
    "/api/v1/projects/{project_id}/milestones": {"name": "Beta", "description": "", "due_date": "2026-01-01"},
    "/api/v1/projects/{project_id}/milestones/{milestone_id}": {"name": "Beta", "reached_at": "2026-01-01T00:00:00Z"},
    "/api/v1/projects/{project_id}/dependencies": {"depends_on_project_id": str(uuid.UUID(int=0)), "note": ""},
    "/api/v1/projects/{project_id}/scope-items": {"title": "Pay by card", "key": "KIN-1", "end_date": "2026-01-01"},
    "/api/v1/projects/{project_id}/scope-items/{item_id}": {"title": "Pay by card", "assignee_id": None},
    "/api/v1/projects/{project_id}/scope-items/order": {"order": []},
    "/api/v1/projects/{project_id}/updates": {"overall_status": "ON_TRACK", "period": "2026-W37", "notes": ""},
    "/api/v1/projects/{project_id}/updates/{update_id}": {"overall_status": "ON_TRACK", "period_start": "2026-01-01"},
    "/api/v1/projects/{project_id}/annotations": {"day": "2026-01-01", "text": "Moved", "metric": "commits"},
    "/api/v1/projects/{project_id}/annotations/{annotation_id}": {"day": "2026-01-01", "text": "Moved"},
    "/api/v1/projects/{project_id}/repositories": {"full_name": "octo/repo"},
    "/api/v1/projects/{project_id}/tokens": {"agent_type": "CLAUDE"},
    "/api/v1/projects/{project_id}/tokens/{token_id}/rotate": {"overlap_hours": 1},
    "/api/v1/projects/{project_id}/tokens/{token_id}/signing-secret": {"overlap_hours": 1},
    "/api/v1/projects/{project_id}/repositories/{repository_id}/webhook-secret": {"overlap_hours": 1},
    "/api/v1/dead-letters/replay": {"since": "2026-01-01T00:00:00Z", "type": "push", "source": "git"},
    "/api/v1/dead-letters/{letter_id}/discard": {"reason": "it is old"},
    # Nobody is called so: reports are refused for it, and none is made.
    "/api/v1/reports": {"kind": "qbr", "period": "2026", "formats": ["pdf"], "scope": {"project": "nobody"}},
}


def _attempts(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, str], object]]:
    """Yield method, path, query and body with one nasty value each, everything else being right.

    The values take turns, so that every place gets two of them and all of them are sent to many places.
    """
    turns = itertools.cycle(NASTY)
    for path, methods in described["paths"].items():
        # The doors are served elsewhere, and signing out would end the test.
        for method, operation in () if path.startswith(("/webhooks", "/auth/logout")) else methods.items():
            names = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
            right = VALID_BODIES[path] if "requestBody" in operation else None
            for _ in range(2):
                nasty_path = re.sub(r"\{\w+\}$", quote(_sendable(next(turns)), safe="") or "x", path)
                yield method, nasty_path, {}, right
                for name in names:
                    yield method, path, {name: _sendable(next(turns))}, right
                if right is None:
                    continue
                yield method, path, {}, next(turns)
                for name in right:
                    yield method, path, {}, {**right, name: next(turns)}
                if path == "/api/v1/reports":
                    yield method, path, {}, {**right, "scope": {"project": next(turns)}}
                    yield method, path, {}, {**right, "scope": {"initiative": next(turns)}}


def _sendable(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode()


VALIDATORS_WORDS = re.compile(r"Input should|should (?:be|have|match)|Value error|not permitted|Field required")


def test_no_value_anywhere_crashes_the_api(kino: Kino) -> None:
    with kino.database.write() as session:
        project = create_project(session, "Checkout").id
    client = kino.signed_in()
    described = client.get("/api/v1/openapi.json").json()
    asked = 0
    for method, path, query_values, body in _attempts(described):
        url = re.sub(r"\{\w+\}", str(project), path)
        content = None if body is None else json.dumps(body)
        sent = {"Content-Type": "application/json"} if content else {}
        answer = client.request(method, url, params=query_values, content=content, headers=sent)
        asked += 1
        where = (method, url[:200], str(query_values)[:200], str(body)[:300], answer.text[:300])
        assert answer.status_code < 500 or _error(answer)["code"] == "LAKE_NOT_READY", where
        # Whatever does not fit is told in our own words: what to write, not what a validator expected.
        assert answer.is_success or not VALIDATORS_WORDS.search(answer.text), where
    assert asked > 300
