"""What only a browser can tell: the policy holds, nothing complains, the page fits, and it lives."""

import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import pytest
import redis
from playwright.sync_api import Browser, BrowserContext, Page, expect

from kino_api.cookies import ACCESS_COOKIE, REFRESH_COOKIE
from kino_api.sessions import Grant
from kino_core.events import Event
from kino_core.live import LiveKind, LiveMessage, project_topic, publish
from tests.dashboards.conftest import EMAIL, PASSWORD, Story
from tests.factories.events import agent_report

# Text against the ground behind it, for every piece of text on the page: the WCAG AA rule.
PALE_TEXT = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const found = rgba(getComputedStyle(at).backgroundColor);
      if (found[3] === 255) return found;
    }
    return [255, 255, 255, 255];
  };
  const pale = [];
  for (const node of document.querySelectorAll("main *, header *, footer *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.checkVisibility() || node.closest(".visually-hidden")) continue;
    const [ink, ground] = [light(rgba(getComputedStyle(node).color)), light(behind(node))];
    const contrast = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    if (contrast < 4.5) pale.push(`${node.className} ${node.textContent.trim()} ${contrast.toFixed(2)}`);
  }
  return pale;
}"""


WAIT_MS = 30_000
"""A machine that does much else at once is slow, not wrong."""


class Watched:
    """A page and what the browser complained about while it was used."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type != "log" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))


@pytest.fixture
def context(browser: Browser, url: str) -> Iterator[BrowserContext]:
    with browser.new_context(base_url=url, viewport={"width": 1280, "height": 900}) as opened:
        opened.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        yield opened


@pytest.fixture
def watched(context: BrowserContext, grant: Grant) -> Watched:
    """A page of somebody who is signed in."""
    for name, value in ((ACCESS_COOKIE, grant.access_token), (REFRESH_COOKIE, grant.refresh_token)):
        context.add_cookies([{"name": name, "value": value, "domain": "127.0.0.1", "path": "/", "secure": True}])
    return Watched(context)


def test_signing_in_and_out(context: BrowserContext, administrator: None) -> None:
    watched = Watched(context)
    page = watched.page
    page.goto("/reports")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Reports")).to_be_visible()
    names = {cookie["name"] for cookie in context.cookies()}
    assert {ACCESS_COOKIE, REFRESH_COOKIE} <= names
    page.get_by_label("Account of Ada").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert not {cookie["name"] for cookie in context.cookies()} & {ACCESS_COOKIE, REFRESH_COOKIE}
    assert watched.complaints == []


def test_pages_fit_read_well_and_obey_the_policy(watched: Watched, story: Story, gold: None) -> None:
    page = watched.page
    month = story.began_at.strftime("%Y-%m")
    project = f"/projects/{story.project_id}"
    for path in (
        "/",
        f"{project}?period={month}",
        f"{project}/metrics/commits?period={month}",
        "/reports",
        "/operations",
    ):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for width in (390, 1280):
                page.set_viewport_size({"width": width, "height": 844})
                page.goto(path)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
            assert page.evaluate(PALE_TEXT) == [], (path, scheme)
    page.goto("/")
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert watched.complaints == []


def test_the_portfolio_is_used_with_keys(watched: Watched, story: Story) -> None:
    page = watched.page
    page.goto("/")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Engine").last).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("rudder")
    page.wait_for_url(re.compile(r"\?q=rudder"))
    expect(page.locator("[data-row]")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Rudder & Keel")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert watched.complaints == []


def test_the_feed_lives(
    watched: Watched, story: Story, redis_url: str, landed: Callable[[Sequence[Event]], None]
) -> None:
    page = watched.page
    page.goto(f"/projects/{story.project_id}")
    expect(page.locator("[data-live-badge]")).to_have_text("Live")
    lines = page.locator("#feed [data-line]")
    expect(lines).to_have_count(3)
    item = {
        "event_row": 900,
        "occurred_at": datetime.now(UTC).isoformat(),
        "agent_id": str(uuid.uuid4()),
        "agent_name": "<b>codex-2</b>",
        "agent_type": "CODEX",
        "event_type": "test_execution",
        "task_id": "KIN-5",
        "data": {"passed": 8, "failed": 2, "suite": "unit"},
    }
    message = LiveMessage([project_topic(story.project_id)], LiveKind.AGENT_ACTIVITY, item)
    with redis.Redis.from_url(redis_url) as server:
        publish(server, [message, message])
        expect(lines).to_have_count(4)
        expect(lines.first).to_contain_text("<b>codex-2</b> ran tests for KIN-5")
        expect(lines.first).to_contain_text("8 passed · 2 failed · unit")
        page.get_by_role("button", name="Pause the feed").click()
        publish(server, [LiveMessage(message.topics, message.kind, item | {"event_row": 901})])
        unread = page.get_by_role("button", name="Show 1 new event")
        expect(unread).to_be_visible()
        expect(lines).to_have_count(4)
        unread.click()
        expect(lines).to_have_count(5)
    assert watched.complaints == []


def test_the_agents_of_the_page_are_those_of_the_feed(
    watched: Watched, story: Story, redis_url: str, landed: Callable[[Sequence[Event]], None]
) -> None:
    page = watched.page
    page.goto(f"/projects/{story.project_id}")
    expect(page.locator("[data-live-badge]")).to_have_text("Live")
    chips = page.locator("#crew [data-seen]")
    known = chips.count()
    assert "just now" not in " ".join(chips.all_inner_texts())
    reports = [
        agent_report(story.project_id, "task_started", datetime.now(UTC), agent=agent, task="KIN-70")
        for agent in ("claude-7", "newcomer-1")
    ]
    landed(reports)
    with redis.Redis.from_url(redis_url) as server:
        publish(server, [_told(story, place, report) for place, report in enumerate(reports, start=900)])
    expect(chips).to_have_count(known + 1)
    for agent in ("claude-7", "newcomer-1"):
        expect(chips.filter(has_text=agent)).to_contain_text("just now")
    assert watched.complaints == []


def test_a_line_reads_the_same_live_and_from_the_server(
    watched: Watched, story: Story, redis_url: str, landed: Callable[[Sequence[Event]], None]
) -> None:
    page = watched.page
    now = datetime.now(UTC)
    reports = [
        agent_report(story.project_id, "task_started", now, task="KIN-60", title="Begin"),
        agent_report(story.project_id, "code_commit", now, task="KIN-61", sha="abcdef0123", message="Do it"),
        agent_report(story.project_id, "test_execution", now, task="KIN-62", passed=1, failed="?", skipped=3),
        agent_report(story.project_id, "blocker_identified", now, task="KIN-63", description="Stuck", resolved=True),
        agent_report(story.project_id, "task_completed", now, task="KIN-64", summary="Done", title=7),
        agent_report(story.project_id, "something_new", now, task="KIN-65"),
    ]
    page.goto(f"/projects/{story.project_id}")
    expect(page.locator("[data-live-badge]")).to_have_text("Live")
    lines = page.locator("#feed [data-line]")
    with redis.Redis.from_url(redis_url) as server:
        publish(server, [_told(story, place, report) for place, report in enumerate(reports, start=900)])
    expect(lines).to_have_count(3 + len(reports))
    live = _words(page)
    landed(reports)
    page.reload()
    assert _words(page) == live
    assert watched.complaints == []


def _told(story: Story, row: int, report: Event) -> LiveMessage:
    item = {
        "event_row": row,
        "occurred_at": report.occurred_at.isoformat(),
        "agent_name": report.body["agent_id"],
        "event_type": report.type,
        "task_id": report.body["task_id"],
        "data": report.body["data"],
    }
    return LiveMessage([project_topic(story.project_id)], LiveKind.AGENT_ACTIVITY, item)


def _words(page: Page) -> list[str]:
    texts = page.locator("#feed .what").all_inner_texts()
    return sorted(re.sub(r"\s+", " ", text).strip() for text in texts)
