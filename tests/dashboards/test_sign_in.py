import re

import httpx
import pytest

from dashboards.pages.sign_in import own_path
from kino_api.account_links import Purpose, make_link
from kino_api.cookies import ACCESS_COOKIE, REFRESH_COOKIE
from kino_api.sessions import Grant
from kino_api.setup import issue_setup_link
from kino_api.users import Role, create_invited_user
from kino_core.database import Database, query
from kino_core.settings import Settings
from tests.dashboards.conftest import EMAIL, PASSWORD


def cookies_of(answer: httpx.Response) -> dict[str, str]:
    """Return the cookies that an answer sets, each as its whole header."""
    return {header.partition("=")[0]: header for header in answer.headers.get_list("set-cookie")}


@pytest.mark.parametrize(
    ("asked", "goes"),
    [
        ("/reports?job=1", "/reports?job=1"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: b", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_only_to_own_pages(asked: str, goes: str) -> None:
    assert own_path(asked) == goes


def test_the_right_password_opens_the_page_that_was_asked_for(stranger: httpx.Client, administrator: None) -> None:
    wrong = stranger.post("/login", data={"email": EMAIL, "password": "not the password", "next": "/reports"})
    assert wrong.status_code == 401
    assert "The e-mail address or the password is wrong." in wrong.text
    assert f'value="{EMAIL}"' in wrong.text
    assert "not the password" not in wrong.text
    right = stranger.post("/login", data={"email": EMAIL, "password": PASSWORD, "next": "/reports"})
    assert (right.status_code, right.headers["location"]) == (303, "/reports")
    for cookie in (ACCESS_COOKIE, REFRESH_COOKIE):
        header = cookies_of(right)[cookie]
        assert all(word in header for word in ("HttpOnly", "Secure", "Path=/", "SameSite=Lax"))
        assert "Domain" not in header


def test_guessing_ends_in_waiting(stranger: httpx.Client, administrator: None) -> None:
    answers = [stranger.post("/login", data={"email": EMAIL, "password": "wrong"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert "Too many attempts" in answers[-1].text


def test_another_sites_page_signs_nobody_in_or_out(client: httpx.Client) -> None:
    for path in ("/login", "/logout", "/setup", "/reports"):
        answer = client.post(path, data={"email": EMAIL}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403, path
    assert client.get("/").status_code == 200


def test_signing_out_ends_the_session_itself(client: httpx.Client) -> None:
    answer = client.post("/logout", data={"x": ""})
    assert answer.headers["location"] == "/login"
    assert all("Max-Age=0" in header for header in cookies_of(answer).values())
    # The cookies are still sent here, as a thief's would be.
    assert client.get("/").status_code == 303


def test_a_page_renews_the_session_silently(client: httpx.Client, grant: Grant) -> None:
    client.headers["Cookie"] = f"{REFRESH_COOKIE}={grant.refresh_token}"
    answer = client.get("/")
    assert answer.status_code == 200
    assert set(cookies_of(answer)) == {ACCESS_COOKIE, REFRESH_COOKIE}


def test_the_set_up_link_makes_one_administrator_once(stranger: httpx.Client, database: Database) -> None:
    with database.write() as session:
        link = issue_setup_link(session, str(stranger.base_url).rstrip("/"))
    assert link is not None
    page = stranger.get(link)
    assert page.headers["referrer-policy"] == "no-referrer"
    found = re.search(r'name="token" value="([^"]+)"', page.text)
    assert found
    form = {"token": found[1], "name": "Ada", "email": EMAIL, "password": "too short"}
    refused = stranger.post("/setup", data=form)
    assert refused.status_code == 400
    assert "needs 15" in refused.text
    made = stranger.post("/setup", data=form | {"password": PASSWORD})
    assert (made.status_code, made.headers["location"]) == (303, "/")
    assert ACCESS_COOKIE in cookies_of(made)
    for again in (stranger.get(link), stranger.post("/setup", data=form | {"password": PASSWORD})):
        assert again.status_code == 403
        assert "This link no longer works" in again.text


def test_a_form_that_is_none_is_refused(stranger: httpx.Client) -> None:
    assert stranger.post("/login", json={"email": EMAIL}).status_code == 400
    assert stranger.post("/login", data={"email": "x" * 70_000}).status_code == 400
    crowded = "&".join(f"a{place}=1" for place in range(200))
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert stranger.post("/login", content=crowded, headers=kind).status_code == 400
    assert stranger.post("/login", content=b"email=%ff", headers=kind).status_code == 400


def _link(database: Database, site_settings: Settings, purpose: Purpose, email: str | None = None) -> str:
    secret = site_settings.jwt_secret.get_secret_value()
    with database.write() as session:
        rows = query(session, 'SELECT id FROM kino."user" WHERE email = :email', email=EMAIL)
        user_id = rows[0].id if rows else create_invited_user(session, EMAIL, "Ada", Role.ADMIN).id
        return make_link(session, secret, user_id, purpose, email).token


def _is_private(answer: httpx.Response) -> bool:
    return (answer.headers["referrer-policy"], answer.headers["x-robots-tag"]) == ("no-referrer", "noindex")


def test_an_invitation_a_new_password_and_a_new_address_each_take_a_button(
    stranger: httpx.Client, database: Database, site_settings: Settings
) -> None:
    cases = {
        Purpose.INVITE: {"name": "Ada", "password": PASSWORD},
        Purpose.RESET: {"password": "a green lamp on the stairs"},
        Purpose.VERIFY: {},
    }
    for purpose, form in cases.items():
        token = _link(database, site_settings, purpose, "countess@example.com" if purpose is Purpose.VERIFY else None)
        for _ in range(2):
            page = stranger.get(f"/{purpose}", params={"token": token})
            assert (page.status_code, _is_private(page)) == (200, True), purpose
            assert f'name="token" value="{token}"' in page.text
        if "password" in form:
            weak = stranger.post(f"/{purpose}", data={**form, "token": token, "password": "passwordpassword"})
            assert (weak.status_code, _is_private(weak)) == (400, True)
            assert "among the first" in weak.text
            assert "passwordpassword" not in weak.text
        done = stranger.post(f"/{purpose}", data={**form, "token": token})
        assert done.status_code == (303 if purpose is Purpose.INVITE else 200), done.text
        for again in (
            stranger.get(f"/{purpose}", params={"token": token}),
            stranger.post(f"/{purpose}", data={**form, "token": token}),
        ):
            assert (again.status_code, _is_private(again)) == (403, True)
            assert "This link no longer works" in again.text
    signed_in = stranger.post(
        "/login", data={"email": "countess@example.com", "password": "a green lamp on the stairs"}
    )
    assert signed_in.status_code == 303


def test_the_page_for_a_forgotten_password_tells_nobody_who_has_an_account(
    stranger: httpx.Client, administrator: None, database: Database
) -> None:
    assert 'href="/forgot"' in stranger.get("/login").text
    assert _is_private(stranger.get("/forgot"))
    pages = [stranger.post("/forgot", data={"email": each}) for each in (EMAIL, "nobody@example.com")]
    assert [page.status_code for page in pages] == [200, 200]
    assert pages[0].text == pages[1].text
    with database.read() as session:
        assert [row.recipient for row in query(session, "SELECT recipient FROM kino.outbox")] == [EMAIL]
    for _ in range(4):
        stranger.post("/forgot", data={"email": "nobody@example.com"})
    assert stranger.post("/forgot", data={"email": "nobody@example.com"}).status_code == 429
    foreign = stranger.post("/forgot", data={"email": EMAIL}, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
