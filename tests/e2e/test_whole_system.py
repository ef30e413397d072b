"""Everything together, from the command to the deck, held against numbers counted independently."""

import hashlib
import hmac
import json
import random
import re
import subprocess
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Page, expect
from pptx import Presentation
from pypdf import PdfReader

from kino_core.database import libpq_url
from kino_ingest.git import LOG_FORMAT
from tests import independent
from tests.e2e.system import ROOT, SECRET, Kino, post_event, wait_until
from tests.independent import DATA, Commit
from tests.loopback import NO_CERTIFICATES
from tests.torture.refreshes import kill_during_a_refresh

EXAMPLES = ROOT / "node_modules" / "@octokit" / "webhooks-examples" / "api.github.com" / "index.json"


@pytest.fixture(scope="module")
def history(kino: Kino, tmp_path_factory: pytest.TempPathFactory) -> list[Commit]:
    """A real history, in Kino as the project “History”, and its commits read by other means."""
    file = DATA / "claude-code-action.gitlog.gz"
    if file.exists():
        commits = independent.history("claude-code-action")
    else:
        log = ["git", "-C", str(ROOT), "log", "--no-renames", "--numstat", f"--format={LOG_FORMAT}"]
        text = subprocess.run(log, capture_output=True, check=True).stdout
        file = tmp_path_factory.mktemp("log") / "own.gitlog"
        file.write_bytes(text)
        commits = independent.read(text.decode("utf-8", "replace"))
    counted = kino.json("backfill", "gitlog", str(file), "--project", "History")
    assert counted == {"events": len(commits), "accepted": len(commits), "duplicates": 0, "rejected": 0}
    again = kino.json("backfill", "gitlog", str(file), "--project", "History")
    assert again == {"events": len(commits), "accepted": 0, "duplicates": len(commits), "rejected": 0}
    kino.json("refresh")
    return commits


@pytest.fixture(scope="module")
def agent_token(kino: Kino, history: list[Commit]) -> str:
    made: str = kino.json("token", "create", "--project", "History")["token"]
    return made


def series(kino: Kino, key: str, commits: list[Commit]) -> dict[str, float]:
    first, last = min(c.at for c in commits), max(c.at for c in commits)
    shown = kino.metric(key, f"{first:%Y-%m-01}/{last:%Y-%m-28}", "--project", "History", "--by", "month")
    return {point["start"][:7]: point["value"] for point in shown["series"] if point["value"]}


def test_numbers_equal_an_independent_count(kino: Kino, history: list[Commit]) -> None:
    last = max(commit.at for commit in history)
    months = sorted({commit.month for commit in history})[:-1]

    counted = independent.commits_by_month(history)
    shown = series(kino, "commits", history)
    assert {month: shown.get(month) for month in months} == {month: counted[month] for month in months}

    merged = independent.merged_by_month(history)
    shown = series(kino, "prs_merged", history)
    assert {month: shown.get(month) for month in months} == {month: merged.get(month) for month in months}

    shares = independent.agent_share_by_month(history)
    with kino.signed_in() as manager:
        [project] = [
            each["id"] for each in manager.get("/api/v1/projects").json()["items"] if each["name"] == "History"
        ]
        for month in {*months[-4:], f"{last:%Y-%m}"} & set(shares):
            asked = {"scope": f"project:{project}", "period": month}
            found = manager.get("/api/v1/metrics/agent_commit_share", params=asked).json()
            assert (found["lower"], found["upper"], found["n"]) == pytest.approx(shares[month])


def test_the_portfolio_shows_the_true_counts(kino: Kino, history: list[Commit], page: Page) -> None:
    row = page.locator("tr[data-row]", has=page.get_by_role("link", name="History", exact=True))
    expect(row).to_have_count(1)
    numbers = [int(text.replace(",", "")) for text in re.findall(r"(?<![\d.%])\d[\d,]*(?![\d.%])", row.inner_text())]
    assert len(history) in numbers
    assert independent.human_authors(history) in numbers


def test_an_agent_event_reaches_the_open_page_within_a_second(
    kino: Kino, history: list[Commit], agent_token: str, page: Page
) -> None:
    page.locator("#projects").get_by_role("link", name="History", exact=True).click()
    expect(page.locator("[data-live-badge]")).to_have_attribute("data-state", "live", timeout=10_000)
    task = f"LIVE-{uuid.uuid4().hex[:8]}"
    answer = post_event(kino, agent_token, "task_started", task)
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    expect(page.locator("[data-feed]").get_by_text(task)).to_be_visible(timeout=5_000)


def test_github_deliveries_become_numbers(kino: Kino, history: list[Commit]) -> None:
    if not EXAMPLES.exists():
        pytest.skip("GitHub's example payloads are not installed; `make setup` brings them")
    project = kino.json("project", "create", "Octocat")["id"]
    with kino.signed_in() as manager:
        connected = manager.post(
            f"/api/v1/projects/{project}/repositories", json={"full_name": "Codertocat/Hello-World"}
        )
        assert connected.status_code in (200, 201), connected.text
    sent = list(deliver_examples(kino))
    assert {answer.status_code for _, answer in sent} == {202}
    assert {name for name, _ in sent} == {"push", "pull_request", "pull_request_review", "ping"}
    kino.json("refresh")
    assert kino.metric("prs_opened", "2019-05", "--project", "Octocat")["value"] == 1
    assert kino.metric("commits", "2019", "--project", "Octocat")["value"] == len(default_branch_commits())

    payload = b"{}"
    forged = httpx.post(
        f"{kino.url}/webhooks/github",
        verify=NO_CERTIFICATES,
        content=payload,
        headers={**github_headers("ping", payload), "X-Hub-Signature-256": "sha256=" + "0" * 64},
    )
    assert forged.status_code == 401


def test_a_deck_a_pdf_and_a_page_say_the_same(kino: Kino, history: list[Commit], tmp_path: Path) -> None:
    last = max(commit.at for commit in history)
    quarter = f"{last:%Y}-Q{(last.month + 2) // 3}"
    commits = sum(f"{c.at:%Y}-Q{(c.at.month + 2) // 3}" == quarter for c in history)
    made = kino.json("report", "qbr", "--project", "History", "--period", quarter, "--out", str(tmp_path))
    files = {form: Path(path) for form, path in made["files"].items()}
    assert set(files) == {"html", "pdf", "pptx"}

    deck = Presentation(str(files["pptx"]))
    assert round(deck.slide_width / deck.slide_height, 2) == 1.78
    shapes = [shape for slide in deck.slides for shape in slide.shapes]
    said = " ".join(shape.text_frame.text for shape in shapes if shape.has_text_frame)
    charts = [shape.chart for shape in shapes if shape.has_chart]
    assert charts, "a deck without a native chart"
    totals = [sum(value or 0 for value in plot.series[0].values) for chart in charts for plot in chart.plots]
    pdf = " ".join(page.extract_text() for page in PdfReader(files["pdf"]).pages)
    shown = f"{commits:,}"
    assert shown in said
    assert shown in pdf
    assert shown in files["html"].read_text()
    assert commits in totals, "no chart adds up to the quarter's commits"


def test_dagster_shows_the_lake_and_makes_newsletters(kino: Kino, history: list[Commit]) -> None:
    with httpx.Client(verify=NO_CERTIFICATES, base_url=f"http://127.0.0.1:{kino.dagster_port}", timeout=60) as dagster:
        nodes = ask(dagster, "{ assetNodes { assetKey { path } assetMaterializations(limit: 1) { runId } } }")[
            "assetNodes"
        ]
        command = {"query": "mutation { setNuxSeen }"}
        assert dagster.post("/graphql", json=command, headers={"Origin": "http://evil.example"}).status_code == 403
        made = {"/".join(node["assetKey"]["path"]) for node in nodes if node["assetMaterializations"]}
        assert {"bronze/event", "silver/commit", "gold/commits", "gold/agent_commit_share"} <= made
        launched = ask(
            dagster,
            """mutation($selector: JobOrPipelineSelector!) {
                launchRun(executionParams: {selector: $selector, runConfigData: {}}) {
                    __typename ... on LaunchRunSuccess { run { runId } } } }""",
            {
                "selector": {
                    "repositoryLocationName": "kino",
                    "repositoryName": "__repository__",
                    "jobName": "newsletters",
                }
            },
        )["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess"
        run = launched["run"]["runId"]

        def status() -> str:
            asked = ask(dagster, "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }", {"id": run})
            found: str = asked["runOrError"]["status"]
            return found

        wait_until(lambda: status() in ("SUCCESS", "FAILURE", "CANCELED"), 300)
        assert status() == "SUCCESS"
        nodes = ask(dagster, "{ assetNodes { assetKey { path } assetMaterializations(limit: 1) { runId } } }")[
            "assetNodes"
        ]
        newsletters = [n for n in nodes if n["assetKey"]["path"] == ["reports", "monthly_newsletters"]]
        assert [n["assetMaterializations"][0]["runId"] for n in newsletters] == [run]
    with kino.signed_in() as manager:
        reports = manager.get("/api/v1/reports").json()["items"]
        letters = [report for report in reports if report["kind"] == "newsletter"]
        assert letters
        file = manager.get(f"/api/v1/reports/{letters[0]['id']}/download", params={"format": "pdf"})
        assert file.content[:5] == b"%PDF-"


def test_nothing_acknowledged_is_lost_and_the_lake_stays_right_when_processes_are_killed(
    kino: Kino, history: list[Commit], agent_token: str
) -> None:
    chance = random.Random()
    acknowledged: list[str] = []
    for names in (["refresher"], ["worker"], ["postgres"], ["dagster-daemon"], ["web", "valkey"]):
        acknowledged += kill_during_a_refresh(kino, agent_token, names, chance).acknowledged
        assert kino.check().ok, f"the lake is not what its log says after {names} were killed"

    with psycopg.connect(libpq_url(kino.database_url())) as postgres:
        stored = [
            row[0].split("/", 1)[1]
            for row in postgres.execute("SELECT event_id FROM landing.event WHERE source = 'agent'").fetchall()
        ]
    assert len(acknowledged) > 25
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))
    wait_until(lambda: folded(kino) == len(stored), 30)
    kino.json("refresh")
    assert kino.json("warehouse", "check")["ok"]
    assert kino.metric("agent_activities", f"{datetime.now(UTC):%Y}", "--project", "History")["value"] == len(stored)


def folded(kino: Kino) -> int:
    with psycopg.connect(libpq_url(kino.database_url())) as postgres:
        row = postgres.execute("SELECT count(*) FROM kino.agent_activity").fetchone()
        assert row is not None
        return int(row[0])


def examples(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = next(e["examples"] for e in json.loads(EXAMPLES.read_text()) if e["name"] == name)
    return found


def deliver_examples(kino: Kino) -> Iterator[tuple[str, httpx.Response]]:
    for name in ("push", "pull_request", "pull_request_review", "ping"):
        for example in examples(name):
            payload = json.dumps(example).encode()
            headers = github_headers(name, payload)
            yield (
                name,
                httpx.post(
                    f"{kino.url}/webhooks/github", verify=NO_CERTIFICATES, content=payload, headers=headers, timeout=15
                ),
            )
            yield (
                name,
                httpx.post(
                    f"{kino.url}/webhooks/github", verify=NO_CERTIFICATES, content=payload, headers=headers, timeout=15
                ),
            )


def github_headers(name: str, payload: bytes) -> dict[str, str]:
    signature = hmac.new(SECRET.encode(), payload, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-GitHub-Event": name,
        "X-GitHub-Delivery": str(uuid.uuid4()),
        "X-Hub-Signature-256": f"sha256={signature}",
    }


def default_branch_commits() -> set[str]:
    pushes = [e for e in examples("push") if e["ref"] == f"refs/heads/{e['repository']['default_branch']}"]
    return {commit["id"] for push in pushes for commit in push["commits"]}


def ask(dagster: httpx.Client, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = dagster.post("/graphql", json={"query": query, "variables": variables or {}}).json()
    assert "errors" not in answer, answer
    found: dict[str, Any] = answer["data"]
    return found
