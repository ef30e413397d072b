"""GitHub's door: signed over the raw bytes, kept whatever it is."""

import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from kino_core.database import Database
from kino_core.envelopes import KeyRing
from kino_core.events import repository_id
from kino_core.settings import Settings, settings_from
from tests.kino_ingest.conftest import give_secret, make_token
from tests.kino_ingest.events import PROJECT, one, rows
from tests.loopback import NO_CERTIFICATES

SECRET = "a-secret-of-the-tests"
PING = {"zen": "Keep it logically awesome.", "hook_id": 1}


@pytest.fixture
def url(serve: Callable[..., str], settings: Settings) -> str:
    return serve(settings) + "/webhooks/github"


def sign(raw: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def deliver(url: str, body: object, kind: str = "ping", delivery: str | None = None, **headers: str) -> httpx.Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    right = {
        "content-type": "application/json",
        "x-github-event": kind,
        "x-github-delivery": delivery or str(uuid.uuid4()),
        "x-hub-signature-256": sign(raw),
    }
    chosen = right | {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(
        url,
        verify=NO_CERTIFICATES,
        content=raw,
        headers={name: value for name, value in chosen.items() if value},
        timeout=30,
    )


def test_every_kind_is_kept_under_githubs_own_id(url: str, database: Database) -> None:
    for kind in ("ping", "push", "pull_request", "pull_request_review", "something_new"):
        answer = deliver(url, PING, kind, f"d-{kind}")
        assert (answer.status_code, answer.json()) == (202, {"event_id": f"d-{kind}", "status": "accepted"})
    assert deliver(url, PING, "ping", "d-ping").json()["status"] == "duplicate"
    assert deliver(url, PING | {"hook_id": 2}, "ping", "d-ping").status_code == 409
    assert one(database, "SELECT count(*) FROM landing.event WHERE source = 'github' AND raw <> ''") == 5


TIMES: list[tuple[str, dict[str, Any], str | None]] = [
    ("pull_request", {"pull_request": {"updated_at": "2026-03-01T10:00:00Z"}}, "2026-03-01T10:00:00+00:00"),
    ("push", {"head_commit": {"timestamp": "2026-03-01T10:00:00-07:00"}}, "2026-03-01T17:00:00+00:00"),
    ("pull_request_review", {"review": {"submitted_at": "2026-03-01T10:00:00Z"}}, "2026-03-01T10:00:00+00:00"),
    ("push", {"head_commit": None}, None),
    ("push", {"head_commit": {"timestamp": 7}}, None),
    ("pull_request", {"pull_request": []}, None),
]


def test_it_occurred_when_the_payload_says_so(url: str, database: Database) -> None:
    for number, (kind, body, moment) in enumerate(TIMES):
        before = datetime.now(UTC)
        assert deliver(url, body, kind, f"d{number}").status_code == 202
        stored = one(database, "SELECT occurred_at FROM landing.event WHERE event_id = %s", f"d{number}")
        assert stored.isoformat() == moment if moment else stored >= before


def test_a_connected_repository_gives_the_event_its_project(url: str, database: Database) -> None:
    make_token(database)
    with database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.repository VALUES (%s, 'acme/engine', %s, now())", (repository_id("acme/engine"), PROJECT)
        )
    for name in ("Acme/Engine", "acme/other"):
        assert deliver(url, {"repository": {"full_name": name}}, "push").status_code == 202
    stored = rows(database, "SELECT repository, project_id FROM landing.event ORDER BY id")
    assert stored == [("Acme/Engine", PROJECT), ("acme/other", None)]


def test_what_is_not_signed_is_refused(url: str, database: Database) -> None:
    raw = json.dumps(PING).encode()
    sha1 = "sha1=" + hmac.new(SECRET.encode(), raw, "sha1").hexdigest()
    others = [sign(b"another body"), sign(raw, "another secret"), sign(raw).upper(), sha1]
    for signature in ("", "sha256=", "sha256=" + "0" * 64, "sha256=\xe9" + "0" * 63, *others):
        named = {b"x-github-event": "ping", b"x-github-delivery": "d", b"x-hub-signature-256": signature}
        pairs = [(name, value.encode("latin-1")) for name, value in named.items()]
        pairs.append((b"content-type", b"application/json"))
        answer = httpx.post(url, verify=NO_CERTIFICATES, content=raw, headers=pairs)
        assert answer.status_code == 401, signature
    assert one(database, "SELECT count(*) FROM landing.event") == 0


def test_a_sha1_signature_alone_is_not_enough(url: str) -> None:
    raw = json.dumps(PING).encode()
    old = "sha1=" + hmac.new(SECRET.encode(), raw, "sha1").hexdigest()
    assert deliver(url, raw, x_hub_signature_256="", x_hub_signature=old).status_code == 401


def test_a_body_written_anew_after_signing_is_refused(url: str) -> None:
    signature = sign(json.dumps(PING).encode())
    assert deliver(url, json.dumps(PING, indent=1).encode(), x_hub_signature_256=signature).status_code == 401


def test_without_a_secret_nothing_comes_in(serve: Callable[..., str], settings: Settings) -> None:
    url = serve(settings.model_copy(update={"github_webhook_secret": None})) + "/webhooks/github"
    answer = deliver(url, PING)
    assert answer.status_code == 401
    assert "GITHUB_WEBHOOK_SECRET" in answer.json()["error"]["message"]


def test_the_form_is_checked_before_the_signature_and_the_content_after(url: str) -> None:
    wrong = {"x_hub_signature_256": "sha256=" + "0" * 64}
    assert deliver(url, b"x=1", content_type="application/x-www-form-urlencoded", **wrong).status_code == 415
    assert deliver(url, b"not json", **wrong).status_code == 401
    assert deliver(url, b"not json").status_code == 400
    assert (
        deliver(url, PING, x_github_delivery="").json()["error"]["details"]["fields"][0]["field"] == "X-GitHub-Delivery"
    )
    assert deliver(url, PING, x_github_event="x" * 300).status_code == 400


def test_two_megabytes_are_no_trouble(url: str, database: Database) -> None:
    assert deliver(url, PING | {"text": "x" * 2_000_000}).status_code == 202
    assert one(database, "SELECT length(body ->> 'text') FROM landing.event") == 2_000_000


def test_a_repository_whose_secret_does_not_open_lets_nobody_in(
    url: str, database: Database, settings: Settings
) -> None:
    with database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.repository (id, full_name) VALUES (%s, %s)", (repository_id("acme/engine"), "acme/engine")
        )
    lost = KeyRing(settings_from({"KINO_HOME": str(settings.home / "lost")}))
    secret = give_secret(database, repository="acme/engine", ring=lost)
    body = {"repository": {"full_name": "acme/engine"}}
    for known in (secret, SECRET):
        assert deliver(url, body, x_hub_signature_256=sign(json.dumps(body).encode(), known)).status_code == 503


def test_a_repository_with_a_secret_of_its_own_signs_with_that_one(url: str, database: Database) -> None:
    body = {"repository": {"full_name": "acme/engine"}}
    raw = json.dumps(body).encode()
    with database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.repository (id, full_name) VALUES (%s, 'acme/engine')", (repository_id("acme/engine"),)
        )
    assert deliver(url, body).status_code == 202
    old, new = give_secret(database, repository="acme/engine"), give_secret(database, repository="acme/engine")
    gone = give_secret(database, repository="acme/engine", ended=True)
    deadline = time.monotonic() + 10
    while deliver(url, body).status_code == 202:
        assert time.monotonic() < deadline, "the common secret still works"
    for secret, status in ((old, 202), (new, 202), (gone, 401), (SECRET, 401)):
        assert deliver(url, body, x_hub_signature_256=sign(raw, secret)).status_code == status
    assert deliver(url, {"repository": {"full_name": "acme/other"}}).status_code == 202


def test_a_secret_made_a_moment_ago_signs_at_once(url: str, database: Database) -> None:
    """GitHub does not send again: a ping that is refused because of what was looked up before it is lost."""
    body = {"repository": {"full_name": "acme/engine"}}
    raw = json.dumps(body).encode()
    with database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.repository (id, full_name) VALUES (%s, 'acme/engine')", (repository_id("acme/engine"),)
        )
    for _ in range(3):
        assert deliver(url, body).status_code in (202, 401), "what is known of it is a moment old"
        # Longer than what a second look may keep.
        time.sleep(0.15)
        secret = give_secret(database, repository="acme/engine")
        assert deliver(url, body, x_hub_signature_256=sign(raw, secret)).status_code == 202


def test_a_body_spelled_to_look_like_another_repositorys_gains_nothing(url: str, database: Database) -> None:
    with database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.repository (id, full_name) VALUES (%s, 'acme/engine')", (repository_id("acme/engine"),)
        )
    give_secret(database, repository="acme/engine")
    twice = b'{"repository": {"full_name": "acme/engine"}, "repository": {"full_name": "acme/other"}}'
    assert deliver(url, twice, x_hub_signature_256=sign(twice)).status_code in (400, 401)
    turned = b'{"repository": {"full_name": "acme/other"}, "repository": {"full_name": "acme/engine"}}'
    assert deliver(url, turned, x_hub_signature_256=sign(turned)).status_code in (400, 401)
    assert one(database, "SELECT count(*) FROM landing.event") == 0


def test_githubs_deliveries_have_no_quota(url: str, database: Database) -> None:
    assert {deliver(url, PING).status_code for _ in range(230)} == {202}
