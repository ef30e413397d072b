"""The agents' door: what comes in, what is refused, in which order and with which words."""

import gzip
import json
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from kino_core.database import Database
from kino_core.envelopes import KeyRing
from kino_core.security import make_agent_token, standard_signature
from kino_core.settings import Environment, Settings, settings_from
from kino_ingest.limits import Limits
from tests.kino_ingest.conftest import Door, give_secret, make_token
from tests.kino_ingest.events import PROJECT, one, report_body, rows


def count(database: Database) -> int:
    return int(one(database, "SELECT count(*) FROM landing.event"))


def refused(answer: httpx.Response, status: int, code: str | None = None, field: str | None = None) -> dict[str, Any]:
    """Check that `answer` is an error in the envelope of the contract, and return what is in it."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"category", "code", "message", "details", "timestamp", "request_id", "retryable"}
    assert answer.headers["x-request-id"] == error["request_id"]
    assert code is None or error["code"] == code
    if field:
        assert [each["field"] for each in error["details"]["fields"]] == [field]
    return error


def test_a_report_lands_with_its_project_and_its_raw_bytes(door: Door, database: Database) -> None:
    body = report_body(event_id="e-1", agent_type="CODEX", repository="acme/engine", further={"kept": [1]})
    raw = json.dumps(body, indent=3).encode()
    answer = door.send_raw(raw, content_type="Application/JSON; charset=utf-8")
    assert (answer.status_code, answer.json()) == (202, {"event_id": "e-1", "status": "accepted"})
    assert answer.headers["x-request-id"]
    columns = "source, event_id, type, occurred_at, project_id, repository, body, raw"
    [row] = rows(database, f"SELECT {columns} FROM landing.event")
    moment = datetime(2026, 11, 22, 20, tzinfo=UTC)
    assert row == ("agent", f"{PROJECT}/e-1", "task_started", moment, PROJECT, "acme/engine", body, raw)
    assert door.send_raw(raw).json() == {"event_id": "e-1", "status": "duplicate"}


def test_the_same_id_with_other_content_is_a_conflict_and_both_are_kept(door: Door, database: Database) -> None:
    assert door.send(event_id="e-1").status_code == 202
    for _ in range(2):
        error = refused(door.send(event_id="e-1", model="other"), 409, "CONFLICT")
        assert (error["category"], error["retryable"]) == ("CONFLICT", False)
    assert count(database) == 1
    [(event_id, raw)] = rows(database, "SELECT event_id, raw FROM landing.conflict")
    assert event_id == f"{PROJECT}/e-1"
    assert json.loads(raw)["model"] == "other"


def test_a_contradiction_is_in_the_audit_once_with_both_contents(door: Door, database: Database) -> None:
    assert door.send(event_id="a").status_code == 202
    for _ in range(2):
        assert door.send(event_id="a", task_id="OTHER-1").status_code == 409
    entries = rows(
        database,
        "SELECT actor_type, actor_id, project_id, entity_type, details ->> 'accepted_sha256',"
        " details ->> 'refused_sha256' FROM kino.audit WHERE action = 'CONFLICT'",
    )
    token_id = one(database, "SELECT id FROM kino.token")
    [(accepted,)] = rows(database, "SELECT encode(body_hash, 'hex') FROM landing.claim")
    [(refused_content,)] = rows(database, "SELECT encode(body_hash, 'hex') FROM landing.conflict")
    assert entries == [("agent", token_id, PROJECT, "event", accepted, refused_content)]


def test_the_same_id_a_month_later_is_a_duplicate(door: Door, database: Database) -> None:
    body = report_body(event_id="e-1")
    door.send(**body)
    with database.write() as session:
        session.exec_driver_sql("UPDATE landing.event SET received_at = now() - interval '1 month'")
    assert door.send(**body).json()["status"] == "duplicate"


def test_without_an_id_the_content_is_the_id(door: Door, database: Database) -> None:
    body = report_body(event_id=None, data={"b": 1, "a": [1.5, "é"]})
    del body["event_id"]
    first = door.send_raw(json.dumps(body).encode()).json()
    turned = json.dumps(dict(reversed(body.items())), ensure_ascii=False, indent=1).encode()
    assert first["event_id"].startswith("sha256:")
    assert door.send_raw(turned).json() == first | {"status": "duplicate"}
    body["task_id"] = "KIN-43"
    assert door.send_raw(json.dumps(body).encode()).json()["status"] == "accepted"


def test_two_projects_may_use_the_same_id(door: Door, database: Database) -> None:
    body = report_body(event_id="e-1")
    assert door.send(**body).json()["status"] == "accepted"
    other = Door(door.url, make_token(database, uuid.uuid4()), door.client)
    assert other.send(**body).json()["status"] == "accepted"


def test_the_tokens_agent_type_is_kept_where_the_sender_gives_none(door: Door, database: Database) -> None:
    typed = Door(door.url, make_token(database, agent_type="GEMINI"), door.client)
    body = report_body(event_id="e-1")
    assert typed.send(**body).status_code == 202
    assert typed.send(event_id="e-2", agent_type="CODEX").status_code == 202
    kept = rows(database, "SELECT body ->> 'agent_type' FROM landing.event ORDER BY event_id")
    assert kept == [("GEMINI",), ("CODEX",)]
    assert "agent_type" not in json.loads(one(database, "SELECT raw FROM landing.event WHERE event_id LIKE '%%e-1'"))
    assert typed.send(**body).json()["status"] == "duplicate"


def test_one_event_sent_a_hundred_times_at_once_is_one_row(door: Door, database: Database) -> None:
    raw = json.dumps(report_body(event_id="e-1")).encode()
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: door.send_raw(raw), range(100)))
    assert {answer.status_code for answer in answers} == {202}
    assert [answer.json()["status"] for answer in answers].count("accepted") == 1
    assert count(database) == 1


# Who may come in


def test_without_a_token_the_body_is_not_even_looked_at(door: Door) -> None:
    for header in ("", "Bearer", "Basic abc", "Bearer kino_dev_tooshort"):
        refused(door.send_raw(b"garbage", authorization=header, content_type="text/plain"), 401, "UNAUTHENTICATED")
    with socket.create_connection(door.address, timeout=5) as connection:
        head = _head(door, "Content-Length: 1000000").replace(door.token.encode(), b"kino_\xe9")
        connection.sendall(head)
        assert b" 401 " in connection.recv(4096)


def test_a_mistyped_or_foreign_token_needs_no_database(serve: Callable[..., str], settings: Settings) -> None:
    nowhere = settings.model_copy(update={"own_database_url": SecretStr("postgresql://kino@127.0.0.1:1/kino")})
    door = Door(serve(nowhere), make_agent_token(Environment.DEVELOPMENT))
    mistyped = door.token[:-1] + ("A" if door.token[-1] != "A" else "B")
    for token in (mistyped, door.token + "0", make_agent_token(Environment.PRODUCTION)):
        refused(door.send_raw(b"{}", authorization=f"Bearer {token}"), 401)
    began = time.monotonic()
    answer = door.send_raw(b"{}")
    assert time.monotonic() - began < 2
    assert answer.headers["retry-after"]
    error = refused(answer, 503, "DATABASE_UNAVAILABLE")
    assert (error["category"], error["retryable"]) == ("SERVER", True)


def test_an_unknown_token_is_refused_and_a_revoked_one_within_a_second(door: Door, database: Database) -> None:
    unknown = Door(door.url, make_agent_token(Environment.DEVELOPMENT), door.client)
    refused(unknown.send(), 401)
    assert door.send().status_code == 202
    with database.write() as session:
        session.exec_driver_sql("UPDATE kino.token SET revoked_at = now()")
    deadline = time.monotonic() + 1.5
    while door.send().status_code == 202:
        assert time.monotonic() < deadline, "a revoked token still works"
    refused(door.send(), 401)


def test_a_token_ends_when_it_was_to_end(door: Door, database: Database) -> None:
    with database.write() as session:
        session.exec_driver_sql("UPDATE kino.token SET expires_at = now() + interval '1 hour'")
    assert door.send().status_code == 202
    with database.write() as session:
        session.exec_driver_sql("UPDATE kino.token SET expires_at = now()")
    deadline = time.monotonic() + 10
    while door.send().status_code == 202:
        assert time.monotonic() < deadline, "an expired token still works"
    refused(door.send(), 401)


# Who signs


def signed(door: Door, raw: bytes, *secrets: str, age_seconds: int = 0, **headers: str) -> httpx.Response:
    message, sent = f"msg_{uuid.uuid4().hex}", str(int(time.time()) - age_seconds)
    signatures = " ".join(standard_signature(raw, message, sent, secret) for secret in secrets)
    right = {"webhook_id": message, "webhook_timestamp": sent, "webhook_signature": signatures}
    return door.send_raw(raw, **(right | headers))


def test_a_token_with_a_secret_must_sign_the_bytes_it_sends(door: Door, database: Database) -> None:
    secret = give_secret(database, token=door.token)
    raw = json.dumps(report_body(), indent=1).encode()
    refused(door.send_raw(raw), 401)
    assert signed(door, raw, secret).status_code == 202
    assert signed(door, gzip.compress(raw), secret, content_encoding="gzip").status_code == 401
    message, sent = "msg_1", str(int(time.time()))
    signature = standard_signature(raw, message, sent, secret)
    again = json.dumps(json.loads(raw)).encode()
    headers = {"webhook_id": message, "webhook_timestamp": sent, "webhook_signature": signature}
    refused(door.send_raw(again, **headers), 401)
    refused(door.send_raw(raw, **headers | {"webhook_signature": "v1,\xe9"}), 401)
    assert door.send_raw(gzip.compress(raw), content_encoding="gzip", **headers).status_code == 202
    assert count(database) == 1


def test_a_sealed_secret_signs_and_one_that_does_not_open_lets_nobody_in(
    door: Door, database: Database, settings: Settings
) -> None:
    secret = give_secret(database, token=door.token, ring=KeyRing(settings))
    raw = json.dumps(report_body()).encode()
    assert signed(door, raw, secret).status_code == 202
    refused(door.send_raw(raw), 401)
    other = make_token(database)
    lost = give_secret(database, token=other, ring=KeyRing(settings_from({"KINO_HOME": str(settings.home / "lost")})))
    door.token = other
    answer = signed(door, json.dumps(report_body()).encode(), lost)
    assert refused(answer, 503, "UNREADABLE_SECRET")["retryable"]
    assert "retry-after" in answer.headers


def test_a_signature_is_good_for_five_minutes(door: Door, database: Database) -> None:
    secret = give_secret(database, token=door.token)
    raw = json.dumps(report_body()).encode()
    assert signed(door, raw, secret, age_seconds=240).status_code == 202
    refused(signed(door, raw, secret, age_seconds=360), 401)
    refused(signed(door, raw, secret, age_seconds=-360), 401)


def test_secrets_overlap_while_they_change(door: Door, database: Database) -> None:
    old, gone = give_secret(database, token=door.token), give_secret(database, token=door.token, ended=True)
    new = give_secret(database, token=door.token)
    raw = json.dumps(report_body()).encode()
    assert signed(door, raw, old).status_code == 202
    assert signed(door, raw, new).status_code == 202
    assert signed(door, raw, gone, new).status_code == 202
    refused(signed(door, raw, gone), 401)


def test_a_token_whose_secrets_all_ended_lets_nobody_in(door: Door, database: Database) -> None:
    gone = give_secret(database, token=door.token, ended=True)
    raw = json.dumps(report_body()).encode()
    refused(door.send_raw(raw), 401)
    refused(signed(door, raw, gone), 401)


# How much may come in


def test_over_quota_is_told_with_the_time_to_wait(door: Door, database: Database) -> None:
    small = Door(door.url, make_token(database, per_minute=3), door.client)
    answers = [small.send() for _ in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    error = refused(answers[3], 429, "RATE_LIMITED")
    assert (error["category"], error["retryable"]) == ("RATE_LIMIT", True)
    assert 50 < int(answers[3].headers["retry-after"]) <= 60
    assert answers[3].headers["ratelimit-limit"] == "3"
    assert count(database) == 3
    assert door.send().status_code == 202, "another token has a quota of its own"


def test_what_is_refused_by_its_form_costs_no_quota_and_what_is_read_does(door: Door, database: Database) -> None:
    small = Door(door.url, make_token(database, per_minute=2), door.client)
    refused(small.send_raw(b"{}", content_type="text/plain"), 415)
    refused(small.send_raw(b" " * 1_048_577), 413)
    assert "ratelimit-remaining" not in small.send_raw(b"{}", content_type="text/plain").headers
    assert small.send_raw(b"{}").headers["ratelimit-remaining"] == "1"
    assert small.send().status_code == 202
    refused(small.send_raw(b"{}"), 429)
    refused(small.send_raw(b"{}", content_type="text/plain"), 415)


def test_quotas_can_be_lifted_for_a_trial(serve: Callable[..., str], settings: Settings, database: Database) -> None:
    free = settings.model_copy(update={"rate_limits_on": False})
    door = Door(serve(free), make_token(database, per_minute=1))
    answers = [door.send() for _ in range(3)]
    assert {answer.status_code for answer in answers} == {202}
    assert "ratelimit-remaining" not in answers[0].headers


# What is written down


def test_a_refused_request_is_logged_without_its_secrets(
    door: Door, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    body = report_body(agent_id="", password="hunter2", note="see whsec_c2VjcmV0c2VjcmV0")
    answer = door.send(**body)
    assert answer.status_code == 400
    written = caplog.text + "".join(capsys.readouterr())
    assert "a request was refused" in written
    assert answer.headers["x-request-id"] in written
    assert "KIN-42" in written
    for secret in ("hunter2", "whsec_c2", door.token):
        assert secret not in written


def test_a_token_may_name_its_own_project_and_no_other(door: Door) -> None:
    assert door.send(project_id=str(PROJECT)).status_code == 202
    refused(door.send(project_id=str(uuid.uuid4())), 403, "FORBIDDEN")
    refused(door.send(project_id="mine"), 400, field="project_id")


def test_when_a_token_was_last_used_is_noted(
    serve: Callable[..., str], settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kino_ingest.lookups.USED_EVERY_SECONDS", 0.05)
    door = Door(serve(settings), make_token(database))
    door.send()
    deadline = time.monotonic() + 10
    while one(database, "SELECT last_used_at FROM kino.token") is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


# What may come in


def test_only_json_is_taken(door: Door) -> None:
    for kind in ("", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"):
        refused(door.send_raw(b"{}", content_type=kind), 415, "UNSUPPORTED_MEDIA_TYPE")
    refused(door.send_raw(b"{}", content_encoding="br"), 415)


def test_a_body_declared_too_large_is_refused_before_it_is_sent(door: Door) -> None:
    with socket.create_connection(door.address, timeout=5) as connection:
        connection.sendall(_head(door, "Content-Length: 1048577"))
        assert b" 413 " in connection.recv(4096)


def test_a_body_that_turns_out_too_large_is_refused(door: Door, database: Database) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(64):
            yield b" " * 1024 * 1024

    refused(door.send_raw(endless()), 413, "PAYLOAD_TOO_LARGE")
    largest = json.dumps(report_body(data={"text": ""})).encode()
    largest = largest[:-3] + b"x" * (1024 * 1024 - len(largest)) + largest[-3:]
    assert len(largest) == 1024 * 1024
    assert door.send_raw(largest).status_code == 202
    assert count(database) == 1


def test_gzip_is_unpacked_and_a_bomb_is_not(door: Door, database: Database) -> None:
    raw = json.dumps(report_body()).encode()
    assert door.send_raw(gzip.compress(raw), content_encoding="gzip").status_code == 202
    assert one(database, "SELECT raw FROM landing.event") == raw
    refused(door.send_raw(gzip.compress(b" " * 100_000_000), content_encoding="gzip"), 413)
    for broken in (raw, gzip.compress(raw)[:-9], gzip.compress(raw) + b"{}"):
        refused(door.send_raw(broken, content_encoding="gzip"), 400)


def test_a_body_that_drips_is_given_up(door: Door, database: Database) -> None:
    with socket.create_connection(door.address, timeout=10) as connection:
        connection.sendall(_head(door, "Content-Length: 1000"))
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.2):
                try:
                    connection.sendall(b" ")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        answer = connection.recv(4096)
        stop.set()
        thread.join()
    assert b" 408 " in answer
    assert b"connection: close" in answer
    assert count(database) == 0


def test_who_leaves_in_the_middle_leaves_nothing_and_who_leaves_before_the_answer_may_come_again(
    door: Door, database: Database
) -> None:
    raw = json.dumps(report_body(event_id="e-1")).encode()
    with socket.create_connection(door.address) as connection:
        connection.sendall(_head(door, f"Content-Length: {len(raw)}") + raw[:20])
    with socket.create_connection(door.address) as connection:
        connection.sendall(_head(door, f"Content-Length: {len(raw)}") + raw)
    assert door.send_raw(raw).status_code == 202
    assert count(database) == 1


BAD_JSON = {
    "empty": b"",
    "blank": b"  \n",
    "no object": b"[]",
    "trailing garbage": b"%s x",
    "two objects": b"%s%s",
    "byte order mark": b"\xef\xbb\xbf%s",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "invalid UTF-8": b'{"a": "\xff"}',
    "encoded surrogate": b'{"a": "\xed\xa0\x80"}',
    "lone surrogate": b'{"a": "\\ud83d"}',
    "lone surrogate in a key": b'{"\\udc00": 1}',
    "deep": b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deeper than allowed": b'{"data":' + b"[" * 120 + b"]" * 120 + b"}",
    "unclosed": b'{"a": 1',
    "comment": b'{"a": 1 /* no */}',
    "control character": b'{"a": "\x01"}',
    "NaN": b'{"data": {"a": NaN}}',
    "Infinity": b'{"data": {"a": -Infinity}}',
    "too large a float": b'{"data": {"a": 1e400}}',
    "two to the 64th": b'{"data": {"a": 18446744073709551616}}',
    "less than 64 bits hold": b'{"data": {"a": -9223372036854775809}}',
    "5,000 digits": b'{"data": {"a": ' + b"9" * 5000 + b"}}",
    "a key twice": b'{"data": {"a": 1, "b": 2, "a": 1}}',
}


def test_json_that_cannot_be_kept_is_refused(door: Door, database: Database) -> None:
    valid = json.dumps(report_body()).encode()
    codes = {}
    for name, content in BAD_JSON.items():
        answer = door.send_raw(content.replace(b"%s", valid))
        codes[name] = (answer.status_code, answer.json()["error"]["code"])
    assert codes == dict.fromkeys(BAD_JSON, (400, "INVALID_JSON"))
    assert door.send().status_code == 202
    assert count(database) == 1


def test_numbers_at_the_edge_are_kept_exactly(door: Door, database: Database) -> None:
    raw = json.dumps(report_body()).encode().replace(b'"data": {}', b'"data": {"a": 18446744073709551615, "b": 1e308}')
    assert door.send_raw(raw).status_code == 202
    assert one(database, "SELECT body #>> '{data,a}' FROM landing.event") == "18446744073709551615"


def test_nul_and_pairs_of_surrogates_are_taken(door: Door, database: Database) -> None:
    body = report_body(event_id="n\0ul", repository="a\0/b", data={"ke\0y": "\0", "smile": "😀"})
    raw = json.dumps(body).encode()
    assert b"\\ud83d\\ude00" in raw
    assert door.send_raw(raw).status_code == 202
    [(stored, kept)] = rows(database, "SELECT body -> 'data', raw FROM landing.event")
    assert stored == {"ke\ufffdy": "\ufffd", "smile": "😀"}
    assert kept == raw
    assert door.send_raw(raw).json()["status"] == "duplicate"


BAD_FIELDS: list[tuple[str, dict[str, Any]]] = [
    *[(name, {name: ...}) for name in ("agent_id", "event_type", "timestamp", "task_id", "data")],
    *[(name, {name: ""}) for name in ("agent_id", "event_type", "timestamp", "task_id", "event_id")],
    *[(name, {name: 7}) for name in ("agent_id", "event_type", "timestamp", "task_id", "data", "event_id", "model")],
    ("agent_id", {"agent_id": "  "}),
    ("agent_id", {"agent_id": "a" * 201}),
    ("event_id", {"event_id": "e" * 10_240}),
    ("event_type", {"event_type": "task_paused"}),
    ("agent_type", {"agent_type": "claude"}),
    ("data", {"data": []}),
    ("data", {"data": None}),
    ("usage.input_tokens", {"usage": {"input_tokens": -1}}),
    ("usage.cost_usd", {"usage": {"cost_usd": "1"}}),
    ("data.failed", {"event_type": "test_execution", "data": {"passed": 1, "skipped": 0}}),
    ("data.passed", {"event_type": "test_execution", "data": {"passed": "1", "failed": 0, "skipped": 0}}),
    ("data.passed", {"event_type": "test_execution", "data": {"passed": True, "failed": 0, "skipped": 0}}),
    ("data.skipped", {"event_type": "test_execution", "data": {"passed": 1, "failed": 0, "skipped": -1}}),
    ("data.sha", {"event_type": "code_commit", "data": {"message": "no hash"}}),
    ("data.description", {"event_type": "blocker_identified", "data": {"blocker_id": "b"}}),
    ("data.resolved", {"event_type": "blocker_identified", "data": {"description": "x", "resolved": "yes"}}),
    *[
        ("timestamp", {"timestamp": text})
        for text in (
            "9999-01-01T00:00:00Z", "infinity", "2026-02-30T00:00:00Z", "2026-11-22T20:00:00", "2026-11-22",
            "1969-12-31T23:59:59Z", "20261122T200000Z", "2026-11-22T20:00:00+25:00", "0001-01-01T00:00:00+01:00",
            "٢٠٢٦-11-22T20:00:00Z", "2026-11-22T20:00:00Z\n",
        )
    ],
]  # fmt: skip


def test_a_wrong_field_is_named(door: Door, database: Database) -> None:
    for field, changes in BAD_FIELDS:
        body = {name: value for name, value in report_body(**changes).items() if value is not ...}
        answer = door.send_raw(json.dumps(body).encode())
        assert answer.status_code == 400, changes
        refused(answer, 400, "INVALID_INPUT", field)
    assert count(database) == 0


GOOD: list[dict[str, Any]] = [
    {"timestamp": "2026-11-22t20:00:00.123456789+05:30"},
    {"timestamp": (datetime.now(UTC) - timedelta(days=90)).isoformat()},
    {"event_type": "test_execution", "data": {"passed": 3, "failed": 0, "skipped": 1, "duration_s": 2, "more": 1}},
    {"event_type": "code_commit", "data": {"sha": "abc", "files_changed": 2}},
    {"event_type": "blocker_identified", "data": {"description": "no key"}},
    {"event_type": "blocker_identified", "data": {"blocker_id": "b", "resolved": True}},
    {"session_id": "s", "parent_agent_id": "p", "model": "m", "commit_sha": "c", "usage": {"cost_usd": 0.5}},
    {"session_id": None, "agent_type": None, "project_id": None, "usage": None, "event_id": None},
    {"event_id": "e" * 255, "agent_id": "é" * 200},
]


def test_what_the_contract_allows_comes_in(door: Door, database: Database) -> None:
    for changes in GOOD:
        answer = door.send(**changes)
        assert answer.status_code == 202, answer.text
    assert count(database) == len(GOOD)


def test_other_addresses_and_methods(door: Door) -> None:
    refused(door.client.get(door.url + "/webhooks/agent-update"), 405)
    refused(door.client.post(door.url + "/webhooks/elsewhere"), 404)


def test_doors_that_stand_alone_say_how_they_are(door: Door, serve: Callable[..., str], settings: Settings) -> None:
    assert door.client.get(door.url + "/healthz").status_code == 200
    assert door.client.get(door.url + "/readyz").status_code == 200
    refused(door.client.post(door.url + "/healthz"), 404)
    nowhere = settings.model_copy(update={"own_database_url": SecretStr("postgresql://kino@127.0.0.1:1/kino")})
    alone = serve(nowhere)
    assert door.client.get(alone + "/healthz").status_code == 200
    assert door.client.get(alone + "/readyz").status_code == 503


def test_the_senders_request_id_is_kept_when_it_is_harmless(door: Door) -> None:
    assert door.send_raw(b"{}", x_request_id="trace-12345678").headers["x-request-id"] == "trace-12345678"
    assert "<" not in door.send_raw(b"{}", x_request_id="<script>alert(1)").headers["x-request-id"]


def test_the_contract_orders_the_checks(serve: Callable[..., str], settings: Settings, database: Database) -> None:
    door = Door(serve(settings, Limits(agent_body_bytes=100)), make_token(database))
    foreign = json.dumps(report_body(project_id=str(uuid.uuid4()), agent_id="")).encode()
    refused(door.send_raw(foreign, authorization="", content_type="text/plain"), 401)
    refused(door.send_raw(foreign, content_type="text/plain"), 415)
    refused(door.send_raw(foreign), 413)
    roomy = Door(serve(settings), door.token)
    refused(roomy.send_raw(foreign), 400)
    refused(roomy.send(project_id=str(uuid.uuid4())), 403)


def _head(door: Door, *headers: str) -> bytes:
    lines = ["POST /webhooks/agent-update HTTP/1.1", "Host: kino", f"Authorization: Bearer {door.token}"]
    return "\r\n".join([*lines, "Content-Type: application/json", *headers, "", ""]).encode()
