"""The audit and the watch over HTTP: who reads what, what is found, and that people's requests end up in both."""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import websockets.sync.client
from sqlalchemy.dialects import postgresql
from websockets.exceptions import InvalidStatus, WebSocketException

from kino_api.audit import AuditFilter, audit_query, list_audit
from kino_api.injection import in_address, in_body
from kino_api.users import ProjectRole, Role, User
from kino_api.watching import MANY_OBJECTS, ObjectsSeen
from kino_core.actors import Actor, ActorType
from kino_core.audit import record
from kino_core.database import Database
from kino_core.settings import Settings
from kino_core.watch import Severity, Suspicion

from .conftest import Kino

AUDIT = "/api/v1/audit"
EVENTS = "/api/v1/security-events"


def entries(client: httpx.Client, path: str = AUDIT, **asked: object) -> list[dict[str, Any]]:
    answer = client.get(path, params={name: str(value) for name, value in asked.items()})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_the_audit_is_read_by_role_filtered_and_in_pages(kino: Kino) -> None:
    admin = kino.signed_in()
    ours, theirs = (
        admin.post("/api/v1/projects", json={"name": name}, headers={"X-Request-ID": f"making-{name}"}).json()["id"]
        for name in ("Ours", "Theirs")
    )
    admin.post("/api/v1/initiatives", json={"name": "Growth"})
    manager = kino.signed_in_as(Role.MANAGER)
    leader = kino.signed_in_as(memberships={ours: ProjectRole.PROJECT_LEADER})
    member = kino.signed_in_as(memberships={ours: ProjectRole.MEMBER})

    # By role.
    everything = {each["entity_type"] for each in entries(admin, limit=200)}
    assert {"user", "project", "initiative", "project_member"} <= everything
    managed = entries(manager, limit=200)
    assert {each["entity_type"] for each in managed} == {"project", "initiative", "project_member"}
    assert {each["project_id"] for each in entries(leader, limit=200)} == {ours}
    assert member.get(AUDIT).status_code == 403
    path = f"/api/v1/projects/{ours}/audit"
    assert {each["project_id"] for each in entries(leader, path)} == {ours}
    assert member.get(path).status_code == 403
    assert leader.get(f"/api/v1/projects/{theirs}/audit").status_code == 404
    assert {each["project_id"] for each in entries(manager, f"/api/v1/projects/{theirs}/audit")} == {theirs}

    # What an entry says, and what finds it.
    [made] = entries(admin, entity_type="project", entity_id=ours)
    assert (made["action"], made["actor_type"], made["request_id"]) == ("CREATE", "user", "making-Ours")
    assert made["before"] is None
    assert made["after"]["name"] == "Ours"
    for asked in (
        {"request_id": "making-Ours"},
        {"actor": made["actor_id"], "entity_id": ours},
        {"actor_type": "user", "action": "CREATE", "entity_id": ours},
        {"since": made["occurred_at"], "until": datetime.now(UTC).isoformat(), "entity_id": ours},
    ):
        assert [each["id"] for each in entries(admin, **asked)] == [made["id"]], asked
    assert entries(admin, until=made["occurred_at"], entity_id=ours) == []
    for wrong in ({"since": "2026-01-01T00:00:00"}, {"actor": "me"}, {"actor_type": "robot"}, {"cursor": "x"}):
        assert admin.get(AUDIT, params=wrong).status_code == 400, wrong

    # In pages, while entries are written.
    seen: list[int] = []
    cursor = None
    while True:
        page = admin.get(AUDIT, params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
        seen += [each["id"] for each in page["items"]]
        admin.post("/api/v1/initiatives", json={"name": f"Meanwhile {len(seen)}"})
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) >= 8


def test_every_way_to_ask_for_audit_entries_uses_an_index(database: Database) -> None:
    with database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.audit (actor_type, actor_id, action, entity_type, entity_id, project_id, request_id)"
            " SELECT 'user', gen_random_uuid(), 'UPDATE', 'project', n::text, gen_random_uuid(), n::text"
            " FROM generate_series(1, 20000) AS n"
        )
        session.exec_driver_sql("ANALYZE kino.audit")
    admin = User(uuid.uuid4(), "a@example.com", "A", Role.ADMIN)
    leader = User(uuid.uuid4(), "l@example.com", "L", None, {uuid.uuid4(): ProjectRole.PROJECT_LEADER})
    questions = [
        (admin, AuditFilter()),
        (admin, AuditFilter(actor=uuid.UUID(int=7))),
        (admin, AuditFilter(actor_type=ActorType.GITHUB)),
        (admin, AuditFilter(action="EXPORT")),
        (admin, AuditFilter(entity_type="project", entity_id="x")),
        (admin, AuditFilter(request_id="x")),
        (admin, AuditFilter(since=datetime.now(UTC) - timedelta(hours=1))),
        (leader, AuditFilter()),
    ]
    month = f"audit_{datetime.now(UTC):%Y_%m}"
    for user, asked in questions:
        found = audit_query(user, asked, project_id=None, before=10**9, limit=51)
        statement = found.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
        with database.read() as session:
            plan = "\n".join(row[0] for row in session.exec_driver_sql(f"EXPLAIN {statement}"))
        assert month in plan
        assert f"Seq Scan on {month}" not in plan, plan


def test_reports_and_tables_that_leave_are_written_down(kino: Kino) -> None:
    # What is not there cannot leave, and is not written down either.
    assert kino.signed_in().get(f"/api/v1/reports/{uuid.uuid4()}/download").status_code == 404
    assert entries(kino.signed_in(), action="EXPORT") == []


# The watch


@pytest.mark.parametrize(
    ("path", "query", "pattern"),
    [
        ("/api/v1/projects", "q=1' OR '1'='1", "sql"),
        ("/api/v1/projects", "q=x%27%20union%20select%20password%20from%20users--", "sql"),
        ("/api/v1/projects", "q=1;DROP%20TABLE%20project", "sql"),
        ("/static/../../etc/passwd", "", "traversal"),
        ("/static/x", "f=%252e%252e%252fetc", "traversal"),
        ("/api/v1/projects", "q=<script>alert(1)</script>", "script"),
        ("/api/v1/projects", "q={{7*7}}", "template"),
        ("/api/v1/projects", "q=${jndi:ldap://x}", "template"),
        ("/login", "next=/%0d%0aSet-Cookie:%20a=b", "crlf"),
        ("/api/v1/projects", "q=%00", "nul"),
        ("/api/v1/projects", "q=union+station&sort=name", None),
        ("/api/v1/projects", "cursor=W10&status=ON_TRACK", None),
        ("/projects/4d5e", "q=select+the+best+or+the+rest", None),
    ],
)
def test_attempts_to_smuggle_something_into_an_address_are_known(path: str, query: str, pattern: str | None) -> None:
    assert in_address(path, query.encode()) == pattern


@pytest.mark.parametrize(
    ("body", "pattern"),
    [
        (rb'{"name": "x\r\nBcc: victim@example.com"}', "crlf"),
        (rb'{"name": "<img src=x onerror=alert(1)>"}', "script"),
        (rb'{"name": "x\u0000"}', "nul"),
        (rb'{"name": "..\/..\/etc\/passwd"}', "traversal"),
        (b'{"name": "O\'Brien & Sons (2026)", "description": "Two lines\\nof text; select one"}', None),
        (b"\xff\xfe", None),
    ],
)
def test_attempts_to_smuggle_something_into_a_body_are_known(body: bytes, pattern: str | None) -> None:
    assert in_body(body) == pattern


def test_looking_at_very_many_objects_is_noted_once() -> None:
    seen, user_id = ObjectsSeen(), uuid.uuid4()
    noted = [seen.add(user_id, f"project={number}") for number in range(2 * MANY_OBJECTS)]
    assert noted.count(True) == 1
    assert not any(seen.add(uuid.uuid4(), f"project={number}") for number in range(2 * MANY_OBJECTS))


def test_what_looks_like_an_attack_becomes_a_security_event(kino: Kino) -> None:
    admin = kino.signed_in()
    manager, stranger = kino.signed_in_as(Role.MANAGER), kino.signed_in_as()
    for _ in range(2 * 10):
        stranger.get(f"/api/v1/projects/{uuid.uuid4()}")
    admin.get("/api/v1/projects", params={"q": "' OR 1=1 --"})
    admin.post("/api/v1/projects", json={"name": "<script>alert(1)</script>"})
    page = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Content-Type": "application/json"}
    kino.client(**page).post("/auth/login", json={"email": "a@example.com", "password": "x"})
    kino.client().post("/auth/login", json={"email": "ada@example.com", "password": "a wrong guess of mine"})
    with pytest.raises((InvalidStatus, WebSocketException)):
        websockets.sync.client.connect(kino.url.replace("http", "ws") + "/ws", origin="https://evil.example")  # type: ignore[arg-type]
    kino.app.state.resources.watch.flush()

    found = entries(manager, EVENTS)
    assert {each["kind"] for each in found} == {"refused", "injection", "cross_site", "sign_in_failed"}
    [refused] = [each for each in found if each["kind"] == "refused"][:1]
    assert (refused["user_id"], refused["address"]) == (stranger.headers["x-user-id"], "127.0.0.1")
    patterns = {
        (each["details"]["pattern"], each["details"]["place"]) for each in entries(admin, EVENTS, kind="injection")
    }
    assert patterns == {("sql", "address"), ("script", "body")} or patterns == {("sql", "address")}
    assert entries(admin, EVENTS, severity="high") == []
    assert entries(admin, EVENTS, user_id=stranger.headers["x-user-id"])[0]["kind"] == "refused"
    assert entries(admin, EVENTS, until=found[-1]["occurred_at"]) == []
    first = admin.get(EVENTS, params={"limit": 1}).json()
    rest = entries(admin, EVENTS, cursor=first["next_cursor"])
    assert [each["id"] for each in first["items"] + rest] == [each["id"] for each in found]

    summary = manager.get(f"{EVENTS}/summary").json()
    counts = {each["kind"]: each["count"] for each in summary["kinds"]}
    assert counts["cross_site"] == 2
    assert counts["injection"] == 2
    assert manager.get(f"{EVENTS}/summary", params={"since": datetime.now(UTC).isoformat()}).json()["kinds"] == []
    assert stranger.get(EVENTS).status_code == 403


def test_every_kind_and_gravity_has_its_words() -> None:
    from dashboards.pages.operations import SUSPICIONS

    assert set(SUSPICIONS) == set(Suspicion)
    assert list(Severity) == [Severity.INFO, Severity.LOW, Severity.MEDIUM, Severity.HIGH]


# Errors that people can do something about


def test_whoever_cannot_help_themselves_is_told_whom_to_ask(
    start: Callable[[Settings], Kino], api_settings: Settings, administrator: None
) -> None:
    kino = start(api_settings.model_copy(update={"support_contact": "help@example.com"}))

    @kino.app.get("/crash")
    def crash() -> None:
        raise RuntimeError("inside")

    crashed = kino.client().get("/crash").json()["error"]
    refused = kino.signed_in_as().get("/api/v1/projects").json()["error"]
    assert crashed["details"] == refused["details"] == {"support": "help@example.com"}
    assert kino.signed_in().get("/api/v1/projects/nowhere").json()["error"]["details"].get("support") is None


def test_another_sites_page_is_never_given_leave_to_read(kino: Kino) -> None:
    """Cross-origin sharing is off: no answer has a header that would let another site's scripts see it."""
    page = {"Origin": "https://evil.example"}
    asking = page | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    client = kino.signed_in()
    answers = [
        client.get("/api/v1/projects", headers=page),
        client.options("/api/v1/projects", headers=asking),
        client.get("/nowhere", headers=page),
        client.get("/healthz", headers=page),
        client.get("/.well-known/jwks.json", headers=page),
    ]
    for answer in answers:
        assert not [name for name in answer.headers if name.lower().startswith("access-control")], answer.url


@pytest.mark.parametrize("sent", ["x\r\nSet-Cookie: a=b", "x\nX-Evil: 1", "x%0d%0aX-Evil:1", "\u0130d-12345678"])
def test_a_request_id_cannot_bring_a_header_along(sent: str, kino: Kino) -> None:
    try:
        answer = kino.client().get(
            "/healthz", headers={"X-Request-ID": sent.encode("utf-8"), "X-Correlation-ID": sent.encode("utf-8")}
        )
    except (httpx.RemoteProtocolError, httpx.LocalProtocolError, ValueError):
        return
    assert "x-evil" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers.get("x-request-id", "0" * 32))


def test_who_did_something_is_known_under_the_requests_id(database: Database) -> None:
    by = Actor(ActorType.AGENT, uuid.uuid4(), "a-request")
    with database.write(by=by) as session:
        record(session, "EXPORT", "report", None)
    with database.read() as session:
        [entry] = list_audit(
            session, User(uuid.uuid4(), "a@example.com", "A", Role.ADMIN), AuditFilter(request_id="a-request")
        )
    assert (entry.actor_type, entry.actor_id) == (ActorType.AGENT, by.id)
