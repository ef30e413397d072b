"""Sign-in over HTTP: passwords, sessions, refresh tokens, the set-up link, and other sites' pages."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import jwt
import pytest

from kino_api import passwords
from kino_api.cookies import ACCESS_COOKIE, REFRESH_COOKIE
from kino_api.passwords import hash_password, is_password
from kino_api.sessions import IDLE_LIMIT
from kino_api.setup import issue_setup_link
from kino_core.database import Database, query
from kino_core.settings import Settings

from .conftest import EMAIL, PASSWORD, Kino

LOGIN = {"email": EMAIL, "password": PASSWORD}


def _login(kino: Kino) -> dict[str, Any]:
    answer = kino.client().post("/auth/login", json=LOGIN)
    assert answer.status_code == 200
    tokens: dict[str, Any] = answer.json()
    return tokens


def _me(kino: Kino, access_token: str) -> httpx.Response:
    return kino.client(Authorization=f"Bearer {access_token}").get("/auth/me")


def _refresh(kino: Kino, token: str) -> httpx.Response:
    return kino.client().post("/auth/refresh", json={"refresh_token": token})


def _age_rotation(database: Database, seconds: int) -> None:
    with database.write() as session:
        query(
            session,
            "UPDATE kino.session SET rotated_at = rotated_at - make_interval(secs => :seconds) RETURNING id",
            seconds=seconds,
        )


def test_signing_in_gives_tokens_and_cookies_that_only_the_browser_can_read(kino: Kino) -> None:
    answer = kino.client().post("/auth/login", json={"email": " ADA@Example.com ", "password": PASSWORD})
    assert set(answer.json()) >= {"access_token", "refresh_token", "expires_in"}
    assert answer.json()["expires_in"] == 900
    cookies = answer.headers.get_list("set-cookie")
    assert [cookie.split("=")[0] for cookie in cookies] == [ACCESS_COOKIE, REFRESH_COOKIE]
    for cookie in cookies:
        assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    me = _me(kino, answer.json()["access_token"])
    assert (me.json()["email"], me.json()["role"]) == (EMAIL, "ADMIN")


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(kino: Kino) -> None:
    told = []
    for email in (EMAIL, "nobody@example.com"):
        answer = kino.client().post("/auth/login", json={"email": email, "password": "not the right password"})
        assert answer.status_code == 401
        error = answer.json()["error"]
        told.append((error["code"], error["message"], error["details"]))
    assert told[0] == told[1]
    assert told[0][0] == "WRONG_CREDENTIALS"


@pytest.mark.usefixtures("real_hasher")
def test_passwords_are_argon2id_of_any_unicode() -> None:
    password = "pässwörd 日本語 🔑🔑🔑🔑"
    stored = hash_password(password)
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert is_password(password, stored)
    assert not is_password(password[:-1], stored)
    assert not is_password(password, None)


@pytest.mark.usefixtures("real_hasher")
def test_who_is_nobody_costs_what_a_password_made_today_costs() -> None:
    assert not passwords.needs_new_hash(passwords._NOBODY)


def test_a_disabled_user_is_out_at_once_and_cannot_come_back(kino: Kino) -> None:
    tokens = _login(kino)
    with kino.database.write() as session:
        query(session, 'UPDATE kino."user" SET disabled_at = now() RETURNING id')
    assert _me(kino, tokens["access_token"]).status_code == 401
    assert _refresh(kino, tokens["refresh_token"]).status_code == 401
    assert kino.client().post("/auth/login", json=LOGIN).status_code == 401


def test_signing_out_ends_access_and_refresh_at_once(kino: Kino) -> None:
    tokens = _login(kino)
    answer = kino.client(Authorization=f"Bearer {tokens['access_token']}").post("/auth/logout")
    assert answer.status_code == 204
    assert all("Max-Age=0" in cookie for cookie in answer.headers.get_list("set-cookie"))
    assert _me(kino, tokens["access_token"]).json()["error"]["code"] == "SESSION_ENDED"
    assert _refresh(kino, tokens["refresh_token"]).status_code == 401
    with kino.database.read() as session:
        told = query(
            session, "SELECT actor_type, actor_id, action FROM kino.audit WHERE entity_type = 'session' ORDER BY id"
        )
    assert [(row.actor_type, row.action) for row in told] == [("user", "LOGIN"), ("user", "LOGOUT")]
    assert len({row.actor_id for row in told}) == 1


def test_a_refresh_token_is_replaced_each_time(kino: Kino) -> None:
    token = _login(kino)["refresh_token"]
    seen = {token}
    for _ in range(3):
        answer = _refresh(kino, token)
        assert answer.status_code == 200
        assert _me(kino, answer.json()["access_token"]).status_code == 200
        token = answer.json()["refresh_token"]
        assert token not in seen
        seen.add(token)


def test_requests_racing_with_one_refresh_token_get_one_successor(kino: Kino) -> None:
    token = _login(kino)["refresh_token"]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: _refresh(kino, token), range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    assert _refresh(kino, answers[0].json()["refresh_token"]).status_code == 200


def test_a_used_refresh_token_that_comes_back_later_ends_the_whole_session(kino: Kino) -> None:
    stolen = _login(kino)["refresh_token"]
    child = _refresh(kino, stolen).json()
    _age_rotation(kino.database, 60)
    answer = _refresh(kino, stolen)
    assert answer.json()["error"]["code"] == "REFRESH_TOKEN_REUSED"
    assert _refresh(kino, child["refresh_token"]).status_code == 401
    assert _me(kino, child["access_token"]).status_code == 401
    with kino.database.read() as session:
        told = query(session, "SELECT action, request_id FROM kino.audit WHERE entity_type = 'session' ORDER BY id")
        assert [row.action for row in told] == ["LOGIN", "REFRESH_TOKEN_REUSED", "SESSION_ENDED"]
        assert told[1].request_id == answer.headers["X-Request-ID"]
        [mail] = query(session, "SELECT kind, recipient FROM kino.outbox")
    assert (mail.kind, mail.recipient) == ("refresh-token-reused", EMAIL)


def test_an_ancestor_of_the_token_before_ends_the_session_even_within_the_grace(kino: Kino) -> None:
    first = _login(kino)["refresh_token"]
    second = _refresh(kino, first).json()["refresh_token"]
    third = _refresh(kino, second).json()["refresh_token"]
    assert _refresh(kino, first).json()["error"]["code"] == "REFRESH_TOKEN_REUSED"
    assert _refresh(kino, third).status_code == 401


def test_noise_in_place_of_a_refresh_token_ends_nobodys_session(kino: Kino) -> None:
    token = _login(kino)["refresh_token"]
    swapped = token[:30] + ("A" if token[30] != "A" else "B") + token[31:]
    for noise in ("", "x", "é", swapped, token + "=", token[:-1], "A" * len(token), f" {token}"):
        assert _refresh(kino, noise).status_code == 401, noise
    assert _refresh(kino, token).status_code == 200


def test_neither_token_does_the_work_of_the_other(kino: Kino) -> None:
    tokens = _login(kino)
    assert _me(kino, tokens["refresh_token"]).status_code == 401
    assert _refresh(kino, tokens["access_token"]).status_code == 401
    swapped = f"{ACCESS_COOKIE}={tokens['refresh_token']}; {REFRESH_COOKIE}={tokens['access_token']}"
    assert kino.client(Cookie=swapped).get("/auth/me").status_code == 401
    assert _me(kino, tokens["access_token"]).status_code == 200
    assert _refresh(kino, tokens["refresh_token"]).status_code == 200


def test_a_session_ends_for_good_when_its_time_is_over(kino: Kino) -> None:
    tokens = _login(kino)
    with kino.database.write() as session:
        query(session, "UPDATE kino.session SET expires_at = now() RETURNING id")
    assert _refresh(kino, tokens["refresh_token"]).status_code == 401
    assert _me(kino, tokens["access_token"]).status_code == 401


def test_a_session_that_nobody_used_for_days_is_over(kino: Kino) -> None:
    tokens = _login(kino)
    _age_rotation(kino.database, int(IDLE_LIMIT.total_seconds()) - 60)
    assert _me(kino, tokens["access_token"]).status_code == 200
    _age_rotation(kino.database, 120)
    assert _me(kino, tokens["access_token"]).json()["error"]["code"] == "SESSION_ENDED"
    assert _refresh(kino, tokens["refresh_token"]).status_code == 401


def test_the_published_key_verifies_an_access_token(kino: Kino) -> None:
    [key] = jwt.PyJWKSet.from_dict(kino.client().get("/.well-known/jwks.json").json()).keys
    token = _login(kino)["access_token"]
    header = jwt.get_unverified_header(token)
    assert header == {"alg": "RS256", "kid": key.key_id, "typ": "at+jwt"}
    jwt.decode(token, key.key, algorithms=["RS256"], audience="kino")


# ----- forged access tokens, all of them in test_access_tokens.py -----


def test_a_token_that_is_ours_but_of_no_living_session_is_refused(kino: Kino) -> None:
    good = _login(kino)["access_token"]
    claims = kino.app.state.resources.tokens.access.check(good)
    issue = kino.app.state.resources.tokens.access.issue
    assert _me(kino, issue(claims.user_id, claims.session_id, claims.version)).status_code == 200
    for name, token in {
        "a session that does not exist": issue(claims.user_id, uuid.uuid4(), claims.version),
        "somebody else's session": issue(uuid.uuid4(), claims.session_id, claims.version),
        "an earlier version": issue(claims.user_id, claims.session_id, claims.version - 1),
        "a signature changed": good[:-4] + "AAAA",
    }.items():
        answer = _me(kino, token)
        assert (answer.status_code, answer.json()["error"]["category"]) == (401, "AUTHENTICATION"), name


# ----- cookies and other sites -----


def _with_cookies(kino: Kino, tokens: dict[str, Any], **headers: str) -> httpx.Client:
    cookie = f"{ACCESS_COOKIE}={tokens['access_token']}; {REFRESH_COOKIE}={tokens['refresh_token']}"
    return kino.client(Cookie=cookie, **{name.replace("_", "-"): value for name, value in headers.items()})


def test_a_change_with_cookies_must_come_from_our_own_pages(kino: Kino) -> None:
    tokens = _login(kino)
    cases = [
        ({"Sec_Fetch_Site": "same-origin"}, 201),
        ({"Sec_Fetch_Site": "none"}, 201),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "cross-site", "Origin": kino.url}, 403),
        ({"Origin": kino.url}, 201),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ]
    for number, (headers, status) in enumerate(cases):
        client = _with_cookies(kino, tokens, **headers)
        assert client.get("/auth/me").status_code == 200
        answer = client.post("/api/v1/projects", json={"name": f"Project {number}"})
        assert answer.status_code == status, headers
        if status == 403:
            assert answer.json()["error"]["code"] == "CROSS_SITE_REQUEST"


def test_another_site_cannot_sign_a_browser_in_refresh_it_or_sign_it_out(kino: Kino) -> None:
    tokens = _login(kino)
    foreign = {"Sec_Fetch_Site": "cross-site"}
    assert _with_cookies(kino, tokens, **foreign).post("/auth/login", json=LOGIN).status_code == 403
    assert _with_cookies(kino, tokens, **foreign).post("/auth/refresh").status_code == 403
    assert _with_cookies(kino, tokens, **foreign).post("/auth/logout").status_code == 403
    assert _me(kino, tokens["access_token"]).status_code == 200


def test_a_form_of_another_site_is_no_json(kino: Kino) -> None:
    form = kino.client(**{"Content-Type": "text/plain"})
    assert form.post("/auth/login", content='{"email": "a@b.c", "password": "x"}').status_code == 415


def test_a_browser_refreshes_with_its_cookie(kino: Kino) -> None:
    tokens = _login(kino)
    answer = _with_cookies(kino, tokens, Sec_Fetch_Site="same-origin").post("/auth/refresh")
    assert answer.status_code == 200
    assert len(answer.headers.get_list("set-cookie")) == 2


# ----- attempts -----


def test_guessing_locks_the_account_for_this_address_and_says_how_long(
    start: Callable[[Settings], Kino], api_settings: Settings, administrator: None
) -> None:
    kino = start(api_settings.model_copy(update={"rate_limits_on": True}))
    wrong = {"email": EMAIL, "password": "wrong password guess"}
    answers = [kino.client().post("/auth/login", json=wrong) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 900
    assert answers[-1].json()["error"]["category"] == "RATE_LIMIT"
    assert kino.client().post("/auth/login", json=LOGIN).status_code == 429


# ----- the first administrator -----


def _issue(database: Database) -> str | None:
    with database.write() as session:
        link = issue_setup_link(session, "http://localhost:8000")
    return link.partition("token=")[2] if link else None


def test_the_set_up_link_makes_one_administrator_once(
    start: Callable[[Settings], Kino], api_settings: Settings
) -> None:
    kino = start(api_settings)
    token = _issue(kino.database)
    body = {"token": token, "email": EMAIL, "password": PASSWORD}
    short = kino.client().post("/auth/setup", json={**body, "password": "too short"})
    assert (short.status_code, short.json()["error"]["code"]) == (400, "WEAK_PASSWORD")
    answer = kino.client().post("/auth/setup", json=body)
    assert answer.status_code == 201
    assert _me(kino, answer.json()["access_token"]).json()["name"] == "ada"
    again = kino.client().post("/auth/setup", json={**body, "email": "eve@example.com"})
    assert (again.status_code, again.json()["error"]["code"]) == (403, "SETUP_LINK_INVALID")
    assert _issue(kino.database) is None


def test_links_used_at_the_same_moment_make_one_administrator(
    start: Callable[[Settings], Kino], api_settings: Settings
) -> None:
    kino = start(api_settings)
    tokens = [_issue(kino.database) for _ in range(3)] * 2

    def complete(numbered: tuple[int, str | None]) -> int:
        number, token = numbered
        body = {"token": token, "email": f"user{number}@example.com", "password": PASSWORD}
        return kino.client().post("/auth/setup", json=body).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(complete, enumerate(tokens)))
    assert sorted(statuses) == [201] + [403] * 5
    with kino.database.read() as session:
        assert query(session, 'SELECT count(*) AS users FROM kino."user"')[0].users == 1


def test_an_old_or_invented_link_does_nothing(start: Callable[[Settings], Kino], api_settings: Settings) -> None:
    kino = start(api_settings)
    token = _issue(kino.database)
    with kino.database.write() as session:
        query(session, "UPDATE kino.setup_link SET expires_at = now() RETURNING token_hash")
    for shown in (token, "invented"):
        body = {"token": shown, "email": EMAIL, "password": PASSWORD}
        assert kino.client().post("/auth/setup", json=body).status_code == 403


def test_no_secret_is_stored_as_it_travels(start: Callable[[Settings], Kino], api_settings: Settings) -> None:
    kino = start(api_settings)
    link = _issue(kino.database)
    body = {"token": link, "email": EMAIL, "password": PASSWORD}
    tokens = kino.client().post("/auth/setup", json=body).json()
    tables = ('kino."user"', "kino.session", "kino.setup_link", "landing.event")
    with kino.database.read() as session:
        stored = " ".join(str(row) for table in tables for row in query(session, f"SELECT * FROM {table}"))
    for secret in (link, PASSWORD, tokens["refresh_token"], tokens["access_token"]):
        assert secret is not None
        assert secret not in stored
