"""Users and their sessions over HTTP: who sees whom, who changes what, and what ends at once."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from kino_api.account_links import Purpose, make_link
from kino_api.user_accounts import LastAdministrator, change_user
from kino_api.users import ProjectRole, Role, create_invited_user
from kino_core.database import Database, query

from .conftest import EMAIL, LINK_SECRET, PASSWORD, UNKNOWN_PASSWORD, Kino

NEW_PASSWORD = "a green lamp on the stairs"


def _id(client: httpx.Client) -> str:
    return client.headers["x-user-id"]


def _code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def _names(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {each["id"] for each in answer.json()["items"]}


def _age_password(kino: Kino) -> None:
    with kino.database.write() as session:
        query(
            session,
            "UPDATE kino.session SET authenticated_at = authenticated_at - interval '6 minutes' RETURNING id",
        )


def _project(client: httpx.Client, name: str) -> str:
    return str(client.post("/api/v1/projects", json={"name": name}).json()["id"])


def test_everybody_sees_themselves_leaders_their_team_and_managers_all(kino: Kino) -> None:
    admin = kino.signed_in()
    ours, theirs = _project(admin, "Ours"), _project(admin, "Theirs")
    leader = kino.signed_in_as(memberships={ours: ProjectRole.PROJECT_LEADER})
    member = kino.signed_in_as(memberships={ours: ProjectRole.MEMBER, theirs: ProjectRole.MEMBER})
    stranger = kino.signed_in_as(memberships={theirs: ProjectRole.PROJECT_LEADER})
    nobody = kino.signed_in_as()
    manager = kino.signed_in_as(Role.MANAGER)
    everybody = {_id(each) for each in (leader, member, stranger, nobody, manager)}
    assert _names(leader.get("/api/v1/users")) == {_id(leader), _id(member)}
    assert _names(member.get("/api/v1/users")) == {_id(member)}
    assert _names(nobody.get("/api/v1/users")) == {_id(nobody)}
    for all_seeing in (manager, admin):
        assert _names(all_seeing.get("/api/v1/users")) > everybody
    # What a list does not show does not exist, and what is seen is not everybody's to change.
    assert _code(member.get(f"/api/v1/users/{_id(leader)}")) == (404, "UNKNOWN_USER")
    assert _code(member.patch(f"/api/v1/users/{_id(leader)}", json={"name": "Mine"})) == (404, "UNKNOWN_USER")
    assert leader.get(f"/api/v1/users/{_id(member)}").json()["memberships"][ours] == "MEMBER"
    for seeing in (leader, manager):
        assert _code(seeing.patch(f"/api/v1/users/{_id(member)}", json={"name": "Mine"})) == (403, "NOT_ALLOWED")
        assert seeing.post("/api/v1/users", json={"email": "eve@example.com"}).status_code == 403
        assert seeing.get(f"/api/v1/users/{_id(member)}/sessions").status_code == 403
        assert seeing.delete(f"/api/v1/users/{_id(member)}/sessions").status_code == 403
    assert _code(admin.get(f"/api/v1/users/{uuid.uuid4()}")) == (404, "UNKNOWN_USER")


def test_everybody_changes_their_own_name_and_nothing_that_makes_them_more(kino: Kino) -> None:
    with kino.signed_in_as() as somebody:
        own = f"/api/v1/users/{_id(somebody)}"
        read = somebody.get(own)
        changed = somebody.patch(own, json={"name": " Zoë "}, headers={"If-Match": read.headers["ETag"]})
        assert (changed.status_code, changed.json()["name"]) == (200, "Zoë")
        assert changed.headers["ETag"] != read.headers["ETag"]
        again = somebody.patch(own, json={"name": "Zora"}, headers={"If-Match": read.headers["ETag"]})
        assert _code(again) == (412, "PRECONDITION_FAILED")
        for more in ({"role": "ADMIN"}, {"disabled": False}, {"person_id": str(uuid.uuid4())}):
            assert _code(somebody.patch(own, json=more)) == (403, "NOT_ALLOWED"), more
        for wrong in ({"password_hash": "x"}, {"id": str(uuid.uuid4())}, {"name": "two\nlines"}, {"name": None}):
            assert somebody.patch(own, json=wrong).status_code == 400, wrong
    with kino.database.read() as session:
        events = query(session, "SELECT type, body FROM landing.event WHERE type LIKE 'user%'")
        [row] = query(session, "SELECT before, after FROM kino.audit WHERE entity_type = 'user' AND action = 'UPDATE'")
    assert [(each.type, each.body["fields"]) for each in events] == [("user_changed", ["name"])]
    assert "Zo" not in str(events) + str(row)


def test_lists_page_by_name_and_find_by_a_part(kino: Kino) -> None:
    client = kino.signed_in()
    for name in ("Cleo", "anna", "Bert", "Anna"):
        made = client.post("/api/v1/users", json={"email": f"{uuid.uuid4().hex}@example.com", "name": name})
        assert made.status_code == 201, made.text
    seen: list[str] = []
    cursor = None
    while True:
        answer = client.get("/api/v1/users", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [each["name"] for each in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert [name.lower() for name in seen] == ["ada", "anna", "anna", "bert", "cleo"]
    assert len(client.get("/api/v1/users", params={"q": "NN"}).json()["items"]) == 2
    assert client.get("/api/v1/users", params={"q": EMAIL.upper()}).json()["items"][0]["name"] == "Ada"


def test_an_invitation_is_made_by_administrators_once_an_address(kino: Kino) -> None:
    client = kino.signed_in()
    made = client.post("/api/v1/users", json={"email": "grace@example.com", "role": "MANAGER"})
    assert made.status_code == 201
    assert made.headers["Location"] == f"/api/v1/users/{made.json()['id']}"
    assert (made.json()["status"], made.json()["role"], made.json()["name"]) == ("INVITED", "MANAGER", "grace")
    assert "token" not in made.text
    assert _code(client.post("/api/v1/users", json={"email": "GRACE@example.com"})) == (409, "USER_EXISTS")
    for wrong in ("no address", "a,b@example.com", "a@example.com\r\nBcc: b@example.com", "<a@example.com>"):
        assert _code(client.post("/api/v1/users", json={"email": wrong})) == (400, "INVALID_EMAIL"), wrong
    again = client.post(f"/api/v1/users/{made.json()['id']}/invitation")
    assert again.status_code == 202
    with kino.database.read() as session:
        mails = query(session, "SELECT kind, recipient FROM kino.outbox")
        events = query(session, "SELECT body FROM landing.event WHERE type = 'user_invited'")
    assert [tuple(mail) for mail in mails] == [("invitation", "grace@example.com")] * 2
    assert [set(each.body) for each in events] == [{"user_id", "role"}]


def test_another_role_or_being_disabled_counts_at_once_and_ends_every_session(kino: Kino) -> None:
    admin = kino.signed_in()
    somebody = kino.signed_in_as(Role.MANAGER)
    path = f"/api/v1/users/{_id(somebody)}"
    assert somebody.get("/api/v1/projects").status_code == 200
    changed = admin.patch(path, json={"role": None})
    assert (changed.status_code, changed.json()["role"]) == (200, None)
    assert _code(somebody.get("/api/v1/projects")) == (401, "SESSION_ENDED")
    assert admin.patch(path, json={"disabled": True}).json()["status"] == "DISABLED"
    assert admin.patch(path, json={"disabled": False}).json()["status"] == "ACTIVE"
    # A session that is opened beside the change does not outlive it: its token tells an older version.
    with kino.database.read() as session:
        [row] = query(session, 'SELECT session_version FROM kino."user" WHERE id = :id', id=uuid.UUID(_id(somebody)))
        ended = query(session, "SELECT actor_type, action FROM kino.audit WHERE action = 'SESSION_ENDED'")
        roles = query(
            session,
            "SELECT before ->> 'role' AS old, after ->> 'role' AS new FROM kino.audit WHERE entity_type = 'user'"
            " AND details -> 'changed' ? 'role' ORDER BY id",
        )
    assert row.session_version == 3
    assert [tuple(each) for each in ended] == [("user", "SESSION_ENDED")]
    assert [tuple(each) for each in roles] == [("MANAGER", None)]


def test_the_last_administrator_stays(kino: Kino, database: Database) -> None:
    client = kino.signed_in()
    own = f"/api/v1/users/{client.get('/auth/me').json()['id']}"
    with database.write() as session:
        # Somebody who has no password yet is no help.
        create_invited_user(session, "invited@example.com", None, Role.ADMIN)
    for change in ({"role": None}, {"role": "MANAGER"}, {"disabled": True}):
        assert _code(client.patch(own, json=change)) == (409, "LAST_ADMINISTRATOR"), change
    other = kino.signed_in_as(Role.ADMIN)
    assert other.patch(own, json={"role": "MANAGER"}).status_code == 200
    assert _code(client.get("/auth/me")) == (401, "SESSION_ENDED")
    with database.write() as session, pytest.raises(LastAdministrator):
        change_user(session, LINK_SECRET, uuid.UUID(_id(other)), {"role": None})


def test_a_user_is_linked_to_who_they_are_in_the_histories(kino: Kino) -> None:
    person = uuid.uuid4()
    with kino.database.write() as session:
        query(
            session,
            "INSERT INTO kino.person (id, name, kind, first_seen_at, last_seen_at)"
            " VALUES (:id, 'Grace', 'human', now(), now()) RETURNING id",
            id=person,
        )
    client = kino.signed_in()
    path = f"/api/v1/users/{_id(kino.signed_in_as())}"
    assert client.patch(path, json={"person_id": str(person)}).json()["person_id"] == str(person)
    assert _code(client.patch(path, json={"person_id": str(uuid.uuid4())})) == (400, "UNKNOWN_PERSON")
    assert client.patch(path, json={"person_id": None}).json()["person_id"] is None


def test_what_a_thief_would_do_first_needs_the_password_again(kino: Kino) -> None:
    client = kino.signed_in()
    own = f"/api/v1/users/{client.get('/auth/me').json()['id']}"
    other = f"/api/v1/users/{_id(kino.signed_in_as())}"
    project = client.post("/api/v1/projects", json={"name": "Checkout"}).json()["id"]
    tokens = f"/api/v1/projects/{project}/tokens"
    token = client.post(tokens, json={}).json()["id"]
    _age_password(kino)
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("PATCH", own, {"email": "countess@example.com"}),
        ("PATCH", other, {"role": "ADMIN"}),
        ("POST", "/api/v1/users", {"email": "eve@example.com", "role": "ADMIN"}),
        ("POST", tokens, {}),
        ("POST", f"{tokens}/{token}/rotate", {}),
    ]
    for method, path, body in asked:
        assert _code(client.request(method, path, json=body)) == (401, "REAUTHENTICATION_REQUIRED"), path
    assert client.patch(own, json={"name": "Ada L."}).status_code == 200
    wrong = client.post("/auth/reauthenticate", json={"password": "not the right password"})
    assert _code(wrong) == (401, "WRONG_CREDENTIALS")
    assert client.request(*asked[1][:2], json=asked[1][2]).status_code == 401
    assert client.post("/auth/reauthenticate", json={"password": PASSWORD}).status_code == 204
    for method, path, body in asked:
        assert client.request(method, path, json=body).is_success, path
    assert client.get(own).json()["unverified_email"] == "countess@example.com"
    with kino.database.read() as session:
        actions = [row.action for row in query(session, "SELECT action FROM kino.audit ORDER BY id")]
    assert actions.index("LOGIN_FAILED") < actions.index("REAUTHENTICATED")


def test_changing_ones_address_does_not_tell_who_has_an_account(kino: Kino) -> None:
    with kino.signed_in_as() as client:
        own = f"/api/v1/users/{_id(client)}"
        answers = [client.patch(own, json={"email": each}) for each in (EMAIL, "nobody@example.com")]
    assert [answer.status_code for answer in answers] == [200, 200]
    taken, free = (answer.json() for answer in answers)
    assert taken | {"unverified_email": "nobody@example.com"} == free
    assert taken["unverified_email"] == EMAIL


@contextmanager
def _signed_in(kino: Kino, user_agent: str) -> Iterator[httpx.Client]:
    answer = kino.client(**{"User-Agent": user_agent}).post("/auth/login", json={"email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 200
    with kino.client(Authorization=f"Bearer {answer.json()['access_token']}") as client:
        yield client


def test_sessions_are_listed_and_ended_by_their_owner(kino: Kino) -> None:
    with _signed_in(kino, "Firefox\t" + "x" * 300) as one, _signed_in(kino, "Phone") as two, kino.signed_in() as three:
        listed = one.get("/auth/sessions").json()["items"]
        assert [each["current"] for each in listed].count(True) == 1
        assert {each["user_agent"][:8] for each in listed} == {"Firefoxx", "Phone", ""}
        assert max(len(each["user_agent"]) for each in listed) == 200
        assert set(listed[0]) == {"id", "user_agent", "created_at", "last_used_at", "expires_at", "current"}
        [phone] = [each["id"] for each in listed if each["user_agent"] == "Phone"]
        assert one.delete(f"/auth/sessions/{phone}").status_code == 204
        assert two.get("/auth/me").status_code == 401
        assert _code(one.delete(f"/auth/sessions/{phone}")) == (404, "UNKNOWN_SESSION")
        assert one.post("/auth/sessions/end-others").json() == {"ended": 1}
        assert three.get("/auth/me").status_code == 401
        assert one.get("/auth/me").status_code == 200
        # Nobody ends anybody else's by its id.
        [own] = one.get("/auth/sessions").json()["items"]
        with kino.signed_in_as() as somebody:
            assert _code(somebody.delete(f"/auth/sessions/{own['id']}")) == (404, "UNKNOWN_SESSION")
            path = f"/api/v1/users/{_id(somebody)}/sessions"
            assert len(one.get(path).json()["items"]) == 1
            assert one.delete(path).json() == {"ended": 1}
            assert somebody.get("/auth/me").status_code == 401


def test_a_password_is_changed_by_whoever_knows_the_old_one(kino: Kino) -> None:
    with _signed_in(kino, "Firefox") as client, kino.signed_in() as other:
        wrong = {"current_password": "not the right password", "new_password": NEW_PASSWORD}
        assert _code(client.post("/auth/password", json=wrong)) == (401, "WRONG_CREDENTIALS")
        weak = {"current_password": PASSWORD, "new_password": "passwordpassword"}
        assert _code(client.post("/auth/password", json=weak)) == (400, "WEAK_PASSWORD")
        assert other.get("/auth/me").status_code == 200
        right = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        assert client.post("/auth/password", json=right).status_code == 204
        assert client.get("/auth/me").status_code == 200
        assert other.get("/auth/me").status_code == 401
    assert kino.client().post("/auth/login", json={"email": EMAIL, "password": PASSWORD}).status_code == 401
    assert kino.client().post("/auth/login", json={"email": EMAIL, "password": NEW_PASSWORD}).status_code == 200


def test_links_do_over_http_what_they_are_for(kino: Kino) -> None:
    client = kino.client()
    answers = [client.post("/auth/password/forgot", json={"email": each}) for each in (EMAIL, "nobody@example.com")]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    secret = kino.app.state.resources.accounts.link_secret
    with kino.database.write() as session:
        [ada] = query(session, 'SELECT id FROM kino."user" WHERE email = :email', email=EMAIL)
        grace = create_invited_user(session, "grace@example.com", "Grace", None)
        invite = make_link(session, secret, grace.id, Purpose.INVITE).token
        verify = make_link(session, secret, ada.id, Purpose.VERIFY, "countess@example.com").token
        reset = make_link(session, secret, ada.id, Purpose.RESET).token
    assert _code(client.post("/auth/password/reset", json={"token": invite, "password": NEW_PASSWORD})) == (
        403,
        "LINK_INVALID",
    )
    accepted = client.post("/auth/invitation/accept", json={"token": invite, "password": NEW_PASSWORD})
    assert accepted.status_code == 201
    assert client.get("/auth/me", headers={"Authorization": f"Bearer {accepted.json()['access_token']}"}).is_success
    assert client.post("/auth/password/reset", json={"token": reset, "password": NEW_PASSWORD}).status_code == 204
    assert client.post("/auth/email/verify", json={"token": verify}).status_code == 204
    login = {"email": "countess@example.com", "password": NEW_PASSWORD}
    assert client.post("/auth/login", json=login).status_code == 200
    foreign = kino.client(**{"Sec-Fetch-Site": "cross-site"})
    for path, body in {
        "/auth/password/forgot": {"email": EMAIL},
        "/auth/password/reset": {"token": reset, "password": NEW_PASSWORD},
        "/auth/invitation/accept": {"token": invite, "password": NEW_PASSWORD},
        "/auth/email/verify": {"token": verify},
    }.items():
        assert _code(foreign.post(path, json=body)) == (403, "CROSS_SITE_REQUEST"), path


def test_a_hash_that_is_none_lets_nobody_in(kino: Kino) -> None:
    somebody = kino.signed_in_as()
    assert _code(somebody.post("/auth/reauthenticate", json={"password": UNKNOWN_PASSWORD})) == (
        401,
        "WRONG_CREDENTIALS",
    )
