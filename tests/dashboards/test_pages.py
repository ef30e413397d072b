import csv
import io
import re
import uuid
from collections.abc import Callable, Sequence

import httpx
import redis
from starlette.requests import Request

from dashboards.errors import error_pages
from dashboards.rendering import Renderer
from dashboards.static_files import StaticFiles
from kino_core.database import Database
from kino_core.events import Event
from kino_core.protection import HEADERS
from tests.dashboards.conftest import COMMITS_THIS_MONTH, Story

PAGES = ("/", "/reports", "/operations", "/portfolio/metrics/commits")


def words(html: str) -> str:
    """Return the text of a page without its tags, spaces made one."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_a_stranger_is_sent_to_sign_in_and_back(stranger: httpx.Client) -> None:
    for page in ("/?q=a", *PAGES[1:]):
        answer = stranger.get(page)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login?next=%2F"), page
    answer = stranger.get("/", headers={"HX-Request": "true", "HX-Target": "projects"})
    assert (answer.status_code, answer.headers["hx-refresh"]) == (401, "true")


def test_every_answer_carries_the_headers_that_protect_it(client: httpx.Client) -> None:
    for page in (*PAGES, "/nowhere", "/login", "/setup?token=x"):
        answer = client.get(page)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-frame-options"] == "DENY"
        # Nothing inline: what the policy forbids must not be there to be needed.
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", answer.text), page
    missing = client.get("/static/x/nothing.js")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "no such file" in missing.text
    for answer in (client.post("/webhooks/agent-update"), client.get("/static/x/kino.css"), missing):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        for name in HEADERS:
            assert len(answer.headers.get_list(name)) == 1, name


def test_an_empty_portfolio_names_the_next_step(client: httpx.Client) -> None:
    page = client.get("/")
    assert "kino backfill git" in page.text
    assert "kino token create" in page.text


def test_the_portfolio_groups_projects_and_says_what_needs_attention(client: httpx.Client, story: Story) -> None:
    page = client.get("/")
    said = words(page.text)
    assert "2 projects, 1 active in the last 7 days, 1 blocked." in said
    assert "Numbers are being prepared." in said
    assert "Rudder &amp; Keel" in page.text
    assert "1 open blocker, the oldest from 1 day ago" in said
    assert page.text.index("Speed") < page.text.index("No initiative")


def test_htmx_gets_only_the_part_it_asks_for(client: httpx.Client, story: Story) -> None:
    part = client.get("/?q=rudder", headers={"HX-Request": "true", "HX-Target": "projects"})
    assert part.text.lstrip().startswith("<section")
    assert "1 of 2 match" in words(part.text)
    assert "Engine" not in part.text
    assert "HX-Target" in part.headers["vary"]
    whole = client.get("/?q=rudder")
    assert part.text.strip() in whole.text


def test_a_search_may_hold_anything(client: httpx.Client, story: Story) -> None:
    page = client.get("/", params={"q": '"><script>alert(1)</script>'})
    assert "<script>alert" not in page.text
    assert "Nothing matches" in page.text


def test_the_table_comes_as_csv(client: httpx.Client, story: Story) -> None:
    answer = client.get("/projects.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert [row["project"] for row in rows] == ["Engine", "Rudder & Keel"]
    assert rows[0]["open blockers"] == "1"
    assert [row["commits"] for row in rows] == [str(COMMITS_THIS_MONTH), "0"]
    assert rows[1]["commits this month"] == ""


def test_a_project_shows_its_agents_and_blockers(client: httpx.Client, story: Story) -> None:
    page = client.get(f"/projects/{story.project_id}")
    said = words(page.text)
    assert "claude-7 started KIN-1 Pump &lt;faster&gt;" in said
    assert "claude-7 ran tests for KIN-1 11 passed · 1 failed" in said
    assert "No key" in said
    assert "Merge the pump" in said
    assert "kino token create --project" in said
    assert "/webhooks/agent-update" in said


def test_numbers_are_those_of_the_lake_and_lead_to_their_events(client: httpx.Client, story: Story, gold: None) -> None:
    month = story.began_at.strftime("%Y-%m")
    portfolio = words(client.get("/").text)
    assert f"Commits : {COMMITS_THIS_MONTH}, see what is behind it {COMMITS_THIS_MONTH}" in portfolio
    project = client.get(f"/projects/{story.project_id}?period={month}")
    assert f"{COMMITS_THIS_MONTH} commits and 1 merged pull request in" in words(project.text)
    link = f"/projects/{story.project_id}/metrics/commits?period={month}"
    assert link in project.text
    explained = client.get(link)
    for sha in "123":
        assert f"example/engine@{sha * 40}" in explained.text
    rows = list(csv.DictReader(io.StringIO(client.get(f"{link}&as=csv").text.lstrip("\ufeff"))))
    assert len(rows) == COMMITS_THIS_MONTH
    empty = words(client.get(f"/projects/{story.empty_id}").text)
    assert "Nothing has happened yet." in empty
    assert "no data" in empty
    assert "No agent has reported yet." in empty
    for period in ("2026", "2026-Q2", "2026-06", "2026-W20", "2026-01-03/2026-02-20"):
        assert client.get(f"/projects/{story.project_id}", params={"period": period}).status_code == 200


def test_what_is_not_there_is_said_in_the_look_of_the_page(client: httpx.Client, story: Story) -> None:
    for path, status in (
        ("/nowhere", 404),
        (f"/projects/{uuid.uuid4()}", 404),
        ("/projects/no-id", 400),
        (f"/projects/{story.project_id}?period=soon", 400),
        (f"/projects/{story.project_id}/metrics/happiness", 404),
        ("/portfolio/metrics/commits?page=0", 400),
    ):
        answer = client.get(path)
        assert answer.status_code == status, path
        assert "Go to the portfolio" in answer.text
        assert answer.headers["x-request-id"] in answer.text


def test_programs_get_the_envelope(client: httpx.Client) -> None:
    for path, accept in (("/api/v1/nothing", "text/html"), ("/nowhere", "application/json")):
        answer = client.get(path, headers={"Accept": accept})
        assert answer.json()["error"]["code"] == "NOT_FOUND"


def test_a_crash_says_nothing_about_itself() -> None:
    answer = error_pages(Renderer(StaticFiles(), support_contact="help@example.org"))
    headers = [(b"accept", b"text/html")]
    request = Request(
        {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers,
         "server": ("localhost", 80), "state": {"request_id": "abc12345"}}
    )  # fmt: skip
    page = bytes(answer(request, RuntimeError("the password is hunter2")).body).decode()
    assert "hunter2" not in page
    assert "abc12345" in page
    assert "help@example.org" in page


def test_a_role_less_user_sees_no_page(client: httpx.Client, database: Database) -> None:
    with database.write() as session:
        session.exec_driver_sql('UPDATE kino."user" SET role = NULL')
    assert client.get("/").status_code == 403


def test_the_feed_is_there_without_the_live_channel(
    client: httpx.Client, story: Story, landed: Callable[[Sequence[Event]], None]
) -> None:
    part = client.get(f"/projects/{story.project_id}", headers={"HX-Request": "true", "HX-Target": "feed"})
    assert part.text.lstrip().startswith('<ol id="feed"')
    assert part.text.count("data-line=") == 3


def test_pages_open_while_redis_is_away(client: httpx.Client, story: Story, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as server:
        server.client_kill_filter(_type="pubsub")
    assert client.get(f"/projects/{story.project_id}").status_code == 200


def test_a_page_leads_nowhere_that_is_closed_to_its_visitor(
    client: httpx.Client, database: Database, story: Story
) -> None:
    assert 'href="/operations"' in client.get("/").text
    with database.write() as session:
        session.exec_driver_sql('UPDATE kino."user" SET role = NULL')
    invited = client.get("/")
    assert invited.status_code == 403
    assert "You belong to no project yet" in invited.text
    assert 'action="/logout"' in invited.text
    assert "Go to the portfolio" not in invited.text
    with database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.project_member (project_id, user_id, role) SELECT %s, id, 'PROJECT_LEADER'"
            ' FROM kino."user"',
            (story.project_id,),
        )
    member = client.get("/")
    assert member.status_code == 200
    assert "operations" not in member.text.lower()
