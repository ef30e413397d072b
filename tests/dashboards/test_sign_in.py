import re

import httpx
import pytest

from dashboards.pages.sign_in import own_path
from kino_api.cookies import ACCESS_COOKIE, REFRESH_COOKIE
from kino_api.sessions import Grant
from kino_api.setup import issue_setup_link
from kino_core.database import Database
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
