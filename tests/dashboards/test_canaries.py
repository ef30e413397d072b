"""Secrets that come in where they do not belong, everywhere, and come out nowhere.

Each address of the web process gets secrets in every place that a request has; then logs, errors, dead letters, the
audit and the watch are searched for them.
"""

import hashlib
import hmac
import io
import json
import logging
import re
import secrets
import threading
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest
import structlog

from dashboards.pages import page_routers
from kino_api.app import create_api
from kino_api.cookies import ACCESS_COOKIE, REFRESH_COOKIE
from kino_api.guarded_route import GuardedRoute
from kino_api.refresh_tokens import RefreshTokens
from kino_api.sessions import Grant
from kino_core.database import Database
from kino_core.logs import configure_logs
from kino_core.security import make_agent_token, make_signing_secret
from kino_core.settings import Environment, Settings
from kino_ingest.doors import AGENT_PATH, BATCH_PATH, GITHUB_PATH
from kino_ingest.landing import land
from kino_ingest.worker import work
from tests.dashboards.conftest import until
from tests.kino_ingest.conftest import make_token
from tests.kino_ingest.events import agent_event, one, report_body
from tests.loopback import NO_CERTIFICATES

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImNhbmFyeSJ9.eyJzdWIiOiJjYW5hcnkifQ.Y2FuYXJ5LXNpZ25hdHVyZS1jYW5hcnk"
SECRETS = {
    "an access token": JWT,
    "a refresh token": RefreshTokens(b"canary").first(uuid.uuid4()),
    "an agent token": make_agent_token(Environment.DEVELOPMENT),
    "a signing secret": make_signing_secret(),
    "a GitHub token": f"ghp_{secrets.token_hex(18)}",
    "an address of a database": f"postgresql://kino:{secrets.token_hex(8)}@db.example/kino",
    "a set-up link": f"https://kino.example/setup?token={secrets.token_urlsafe(32)}",
}
PASSWORD = f"Canary-{secrets.token_hex(6)} horse battery"
"""It looks like any text: it is sent wherever a password belongs, and in no field that Kino shows to people."""
GITHUB_SECRET = "a-secret-of-the-tests"


def _marks() -> dict[str, str]:
    """Return by name the part of each secret that must be seen nowhere."""
    marks = {name: secret for name, secret in SECRETS.items() if "://" not in secret}
    marks["an address of a database"] = SECRETS["an address of a database"].split(":")[2].partition("@")[0]
    marks["a set-up link"] = SECRETS["a set-up link"].partition("=")[2]
    # Its middle: part of a token is as good as lost.
    marks |= {"the claims of an access token": JWT.split(".")[1]}
    return marks | {"a password": PASSWORD.partition(" ")[0]}


@pytest.fixture
def site_settings(site_settings: Settings) -> Settings:
    return site_settings.model_copy(update={"rate_limits_on": False, "log_level": "info"})


@pytest.fixture
def logged(site_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the processes write to their logs, as they do in production."""
    handlers, level, configuration = logging.root.handlers[:], logging.root.level, structlog.get_config()
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    configure_logs(site_settings, "web")
    # The test's own client is no part of Kino, and `kino serve` has no access log of uvicorn's.
    for name in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    yield written
    for name in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.configure(**configuration)


def routes(settings: Settings) -> list[tuple[str, str]]:
    """Return every address that takes requests, API and pages, with its method."""
    api = [
        (method, each.path)
        for each in create_api(settings).routes
        if isinstance(each, GuardedRoute)
        for method in each.methods or ()
    ]
    pages = [(method, each.path) for router in page_routers() for each in router.routes for method in each.methods]  # type: ignore[attr-defined]
    return sorted(
        {*api, *pages, *(("POST", door) for door in (AGENT_PATH, BATCH_PATH, GITHUB_PATH)), ("GET", "/nowhere")}
    )


def requests_with(method: str, path: str) -> Iterator[dict[str, Any]]:
    """Yield requests to one address, each with the secrets in another place."""
    texts = list(SECRETS.values())
    plain = re.sub(r"\{\w+\}", str(uuid.UUID(int=1)), path)
    body: dict[str, Any] = {"password": PASSWORD, "current_password": PASSWORD, "token": texts[-1]}
    names = ["name", "email", "description", "full_name", "kind", "period", "reason", "refresh_token", "agent_id"]
    filled = body | {name: texts[number % len(texts)] for number, name in enumerate(names)}
    yield {"url": plain, "headers": {f"x-{number}": text for number, text in enumerate(texts)}}
    yield {"url": plain, "headers": {"x-request-id": texts[4], "x-correlation-id": texts[2], "user-agent": texts[3]}}
    yield {"url": plain, "headers": {"authorization": f"Bearer {texts[0]}"}}
    yield {"url": plain, "headers": {"authorization": f"Bearer {texts[2]}"}}
    yield {"url": plain, "headers": {"cookie": f"{ACCESS_COOKIE}={texts[0]}; {REFRESH_COOKIE}={texts[1]}"}}
    yield {"url": plain, "params": {"token": texts[-1], "q": texts[2], "cursor": texts[1], "password": PASSWORD}}
    yield {"url": plain, "params": dict.fromkeys(texts, "1")}
    if path == "/nowhere":
        yield from ({"url": f"/{quote(text, safe='')}"} for text in texts)
    elif "{" in path:
        # Another secret for each address: all are sent to many of them.
        text = texts[sum(path.encode()) % len(texts)]
        yield {"url": re.sub(r"\{\w+\}", quote(text, safe=""), path)}
    if method not in ("GET", "HEAD"):
        yield {"url": plain, "json": filled}
        yield {"url": plain, "json": dict.fromkeys(texts, "1")}
        yield {"url": plain, "json": {"scope": {"project": texts[2], texts[1]: 1}, "kind": "qbr", "period": texts[0]}}
        yield {"url": plain, "content": texts[2].encode(), "headers": {"content-type": "application/json"}}
        yield {"url": plain, "data": filled}


def at_the_doors(url: str, token: str) -> list[httpx.Response]:
    """Send events with secrets in them: good ones, bad ones, contradictions, and batches of them."""
    texts = list(SECRETS.values())
    answers = []
    bearer = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    for text in texts:
        good = report_body(data={"note": text, text: text, "password": PASSWORD}, task_id=text[:200])
        for body in (
            good,
            good | {"data": {"note": "another"}},
            report_body(event_type=text),
            report_body(agent_id="", session_id=text),
            report_body(timestamp=text),
            {text: text},
        ):
            answers.append(httpx.post(url + AGENT_PATH, verify=NO_CERTIFICATES, json=body, headers=bearer, timeout=60))
        raw = json.dumps({"action": text, "repository": {"full_name": text}, "pull_request": {"title": text}}).encode()
        signature = "sha256=" + hmac.new(GITHUB_SECRET.encode(), raw, hashlib.sha256).hexdigest()
        for delivery, kind, signed in (
            (text[:255], "pull_request", signature),
            ("d-1", text[:255], signature),
            ("d-2", "push", text),
        ):
            headers = {"x-github-delivery": delivery, "x-github-event": kind, "x-hub-signature-256": signed}
            answers.append(
                httpx.post(
                    url + GITHUB_PATH,
                    verify=NO_CERTIFICATES,
                    content=raw,
                    headers=headers | {"content-type": "application/json"},
                    timeout=60,
                )
            )
    lines = [
        json.dumps(report_body(data={"note": text}, event_type=kind))
        for text in texts
        for kind in (text, "task_started")
    ]
    lines += texts
    ndjson = bearer | {"content-type": "application/x-ndjson"}
    answers.append(
        httpx.post(
            url + BATCH_PATH, verify=NO_CERTIFICATES, content="\n".join(lines).encode(), headers=ndjson, timeout=60
        )
    )
    return answers


def test_secrets_sent_anywhere_come_out_nowhere(
    url: str,
    client: httpx.Client,
    grant: Grant,
    site_settings: Settings,
    database: Database,
    logged: io.StringIO,
) -> None:
    errors: list[str] = []
    sent = 0
    with httpx.Client(
        verify=NO_CERTIFICATES, base_url=url, timeout=60, headers={"Authorization": f"Bearer {grant.access_token}"}
    ) as program:
        for method, path in routes(site_settings):
            if path.endswith("/logout"):
                continue
            for number, asked in enumerate(requests_with(method, path)):
                sender = program if number % 2 or path.startswith("/api") else client
                answer = sender.request(method, **asked)
                sent += 1
                assert answer.status_code < 500, (method, asked, answer.text)
                if answer.status_code >= 400:
                    errors.append(f"{method} {path}: {answer.text}")
    errors += [
        answer.text
        for answer in at_the_doors(url, make_token(database))
        if answer.status_code >= 400 or "rejected" in answer.text
    ]
    _let_a_worker_fail(database)
    assert sent > 300
    letters = client.get("/api/v1/dead-letters", params={"limit": 200}).json()["items"]
    opened = [client.get(f"/api/v1/dead-letters/{letter['id']}").text for letter in letters]
    assert opened
    with database.read() as session:
        audit = [row[0] for row in session.exec_driver_sql("SELECT to_jsonb(audit)::text FROM kino.audit")]
        events = [row[0] for row in session.exec_driver_sql("SELECT to_jsonb(e)::text FROM kino.security_event AS e")]
        stored = [row[0] for row in session.exec_driver_sql("SELECT error || stack FROM landing.dead_letter")]
    places = {
        "an error": errors,
        "the log": logged.getvalue().splitlines(),
        "a dead letter": [*opened, *stored],
        "the audit": audit,
        "a security event": events,
    }
    assert len(places["the log"]) > sent
    assert all(places.values())
    # What goes round the log, such as logging that fails, would be no JSON.
    assert all(line.startswith("{") for line in places["the log"])
    found = [
        f"{name} in {place}: …{text[max(0, text.index(mark) - 150) : text.index(mark) + 80]}…"
        for place, texts in places.items()
        for text in texts
        for name, mark in _marks().items()
        if mark in text
    ]
    assert not found, "\n".join([f"{len(found)} found", *found[:20]])


def _let_a_worker_fail(database: Database) -> None:
    """Fold everything, and events that cannot be folded with secrets in them."""
    texts = list(SECRETS.values())
    with database.write() as session:
        for text in texts:
            event = agent_event(text, data={"note": text, "password": PASSWORD})
            land(session, [msgspec.structs.replace(event, project_id=None, event_id=text)])
    stop = threading.Event()
    worker = threading.Thread(target=work, args=(database, None, stop))
    worker.start()
    try:
        until(lambda: one(database, "SELECT count(*) FROM landing.dead_letter") >= len(texts), 60)
    finally:
        stop.set()
        worker.join(60)
