"""The batch door: many events at once, and an answer for every line."""

import gzip
import json
import socket
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kino_core.database import Database, DatabaseUnavailable
from kino_core.events import Event
from kino_core.security import standard_signature
from kino_core.settings import Settings
from kino_ingest import batch_door, quotas
from kino_ingest.doors import BATCH_PATH
from kino_ingest.limits import Limits
from tests.kino_ingest.conftest import Door, give_secret, make_token
from tests.kino_ingest.events import PROJECT, one, report_body, rows


def send(door: Door, content: bytes | Iterator[bytes], **headers: str) -> httpx.Response:
    right = {"authorization": f"Bearer {door.token}", "content-type": "application/x-ndjson"}
    chosen = right | {name.replace("_", "-"): value for name, value in headers.items()}
    return door.client.post(door.url + BATCH_PATH, content=content, headers=chosen)


def lines(bodies: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(body).encode() + b"\n" for body in bodies)


def told(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 202, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def statuses(answer: httpx.Response) -> list[str]:
    return [each["status"] for each in told(answer)]


def test_every_line_is_answered_in_its_order(door: Door, database: Database) -> None:
    good, foreign = report_body(event_id="e-1"), report_body(project_id=str(uuid.uuid4()))
    content = b"".join(
        [
            lines([good]),
            b"not json\r\n",
            b"\n",
            lines([good, good | {"model": "other"}, foreign, report_body(agent_id=""), report_body(event_id="e-2")]),
        ]
    ).rstrip()
    answer = told(send(door, content))
    assert [each["line"] for each in answer] == [1, 2, 4, 5, 6, 7, 8]
    assert [each["status"] for each in answer] == [
        "accepted", "rejected", "duplicate", "rejected", "rejected", "rejected", "accepted",
    ]  # fmt: skip
    categories = [each["error"]["category"] for each in answer if "error" in each]
    assert categories == ["VALIDATION", "CONFLICT", "AUTHORIZATION", "VALIDATION"]
    assert answer[5]["error"]["details"]["fields"][0]["field"] == "agent_id"
    assert (answer[0]["event_id"], answer[6]["event_id"]) == ("e-1", "e-2")
    kept = rows(database, "SELECT event_id, project_id, raw FROM landing.event ORDER BY id")
    assert [each[:2] for each in kept] == [(f"{PROJECT}/e-1", PROJECT), (f"{PROJECT}/e-2", PROJECT)]
    assert json.loads(kept[0][2]) == good
    assert one(database, "SELECT count(*) FROM landing.conflict") == 1


def test_the_single_door_and_the_batch_door_know_each_others_events(door: Door) -> None:
    body = report_body(event_id="e-1")
    assert door.send(**body).status_code == 202
    assert statuses(send(door, lines([body, report_body(event_id="e-2")]))) == ["duplicate", "accepted"]
    assert door.send(**report_body(event_id="e-1")).json()["status"] == "duplicate"


def test_thousands_of_events_packed(door: Door, database: Database) -> None:
    bodies = [report_body(event_id=f"e{number}") for number in range(3500)]
    assert set(statuses(send(door, gzip.compress(lines(bodies)), content_encoding="gzip"))) == {"accepted"}
    assert set(statuses(send(door, lines(bodies)))) == {"duplicate"}
    assert one(database, "SELECT count(*) FROM landing.event") == 3500
    assert one(database, "SELECT count(*) FROM landing.claim") == 3500


def test_a_row_that_postgres_refuses_is_refused_alone(door: Door, database: Database) -> None:
    bodies = [report_body(event_id=f"e{number}") for number in range(128)]
    real = batch_door.report_event

    def poisoned(received: Any, **values: Any) -> Any:  # noqa: ANN401 - passed through
        event = real(received, **values)
        # No door lets a NUL in here; PostgreSQL refuses the whole statement for it.
        return msgspec.structs.replace(event, type="nul\0") if received.event_id == "e77" else event

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_door, "report_event", poisoned)
        answer = told(send(door, lines(bodies)))
    assert [each["line"] for each in answer if each["status"] == "rejected"] == [78]
    assert answer[77]["error"]["code"] == "EVENT_NOT_STORABLE"
    assert one(database, "SELECT count(*) FROM landing.event") == 127


def test_the_whole_request_is_refused_for_its_form(
    serve: Callable[..., str], settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine Redis may take its time to count.
    monkeypatch.setattr(quotas, "REDIS_SECONDS", 10.0)
    small = Limits(batch_body_bytes=2000, batch_lines=3, agent_body_bytes=500)
    door = Door(serve(settings, small), make_token(database, per_minute=11))
    body = report_body()
    assert send(door, lines([body]), authorization="Bearer x").status_code == 401
    assert send(door, lines([body]), content_type="application/json").status_code == 415
    assert send(door, b" " * 2001).status_code == 413
    assert send(door, iter([b" " * 2000, b" "])).status_code == 413
    assert send(door, gzip.compress(b" " * 100_000), content_encoding="gzip").status_code == 413
    assert send(door, lines([{}] * 4)).status_code == 413
    assert send(door, b"\n" * 7).status_code == 413, "blank lines without end"
    for empty in (b"", b"\n \r\n", b"\n" * 6):
        assert send(door, empty).status_code == 400
    assert statuses(send(door, lines([body | {"data": {"text": "x" * 500}}, body]))) == ["rejected", "accepted"]
    answers = [send(door, lines([body])) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert answers[3].headers["retry-after"]


def test_the_whole_batch_is_signed(door: Door, database: Database) -> None:
    secret = give_secret(database, token=door.token)
    content, sent = lines([report_body(), report_body()]), str(int(time.time()))
    assert send(door, content).status_code == 401
    signature = standard_signature(content, "msg_1", sent, secret)
    headers = {"webhook_id": "msg_1", "webhook_timestamp": sent, "webhook_signature": signature}
    assert statuses(send(door, content, **headers)) == ["accepted", "accepted"]


def test_what_landed_before_postgres_went_is_told_and_the_rest_may_come_again(
    door: Door, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [report_body(event_id=f"e{number}") for number in range(25)]
    monkeypatch.setattr(batch_door, "MOST_CHUNK_EVENTS", 10)
    real = batch_door.land_chunk
    lost = {f"e{number}" for number in range(10, 25)}

    def failing(database: Database, events: Sequence[Event]) -> Any:  # noqa: ANN401 - passed through
        if any(event.event_id.partition("/")[2] in lost for event in events):
            raise DatabaseUnavailable("PostgreSQL does not answer. Try again in a moment.")
        return real(database, events)

    monkeypatch.setattr(batch_door, "land_chunk", failing)
    answer = told(send(door, lines(bodies)))
    assert [each["status"] for each in answer] == ["accepted"] * 10 + ["rejected"] * 15
    assert {(each["error"]["code"], each["error"]["retryable"]) for each in answer[10:]} == {
        ("DATABASE_UNAVAILABLE", True)
    }
    lost.clear()
    assert statuses(send(door, lines(bodies))) == ["duplicate"] * 10 + ["accepted"] * 15
    lost |= {f"e{number}" for number in range(25)}
    refused = send(door, lines(bodies))
    assert refused.status_code == 503
    assert refused.headers["retry-after"]


def test_the_first_of_two_lines_with_one_id_counts_wherever_they_stand(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_door, "MOST_CHUNK_EVENTS", 2)
    bodies = [report_body(event_id=event_id) for event_id in ("a", "b", "c", "a", "d", "b", "a")]
    assert statuses(send(door, lines(bodies))) == [
        "accepted",
        "accepted",
        "accepted",
        "duplicate",
        "accepted",
        "duplicate",
        "duplicate",
    ]


def test_a_database_that_stands_still_is_told_in_time_and_what_lands_late_lands_once(
    serve: Callable[..., str], settings: Settings, database: Database
) -> None:
    door = Door(serve(settings, Limits(batch_chunk_seconds=0.2)), make_token(database, per_minute=100_000))
    batches = [lines(report_body(event_id=f"e{number}-{line}") for line in range(3)) for number in range(3)]
    with database.write() as session:
        session.exec_driver_sql("LOCK TABLE landing.claim IN ACCESS EXCLUSIVE MODE")
        refused = [send(door, batch) for batch in batches]
        assert [answer.status_code for answer in refused] == [503] * 3
        assert all(answer.headers["retry-after"] for answer in refused)
        codes = [answer.json()["error"]["code"] for answer in refused]
        assert codes == ["DATABASE_UNAVAILABLE", "DATABASE_UNAVAILABLE", "QUEUE_FULL"]
    until(lambda: all(send(door, batch).status_code == 202 for batch in batches))
    assert one(database, "SELECT count(*) FROM landing.event") == 9


def test_a_sender_that_leaves_in_mid_body_leaves_nothing(door: Door, database: Database) -> None:
    with begun(door, lines([report_body(), report_body()])):
        pass
    assert statuses(send(door, lines([report_body()]))) == ["accepted"]
    assert one(database, "SELECT count(*) FROM landing.event") == 1


def test_a_body_that_does_not_end_is_given_up(
    serve: Callable[..., str], settings: Settings, database: Database
) -> None:
    door = Door(serve(settings, Limits(batch_body_seconds=0.2)), make_token(database))
    with begun(door, lines([report_body()])) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
    assert one(database, "SELECT count(*) FROM landing.event") == 0


def test_no_more_batches_are_held_than_fit_into_memory(
    serve: Callable[..., str], settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_door, "MOST_BATCHES", 1)
    door = Door(serve(settings, Limits(database_seconds=0.2)), make_token(database, per_minute=100_000))
    with begun(door, b"{"):
        until(lambda: send(door, lines([report_body()])).status_code == 503)
    until(lambda: send(door, lines([report_body()])).status_code == 202)


def begun(door: Door, content: bytes) -> socket.socket:
    """Send a batch up to `content`, which its head says is not its end."""
    head = [
        f"POST {BATCH_PATH} HTTP/1.1",
        "Host: kino",
        f"Authorization: Bearer {door.token}",
        "Content-Type: application/x-ndjson",
        f"Content-Length: {len(content) + 1}",
    ]
    connection = socket.create_connection(door.address, timeout=20)
    connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + content)
    return connection


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_batches_that_overlap_in_opposite_orders_land_each_event_once_while_the_single_door_goes_on(
    serve: Callable[..., str], settings: Settings, database: Database
) -> None:
    # On a busy machine six batches at once take their time, and this is not about how long.
    patient = Limits(database_seconds=60, batch_chunk_seconds=60)
    door = Door(serve(settings, patient), make_token(database))
    bodies = [report_body(event_id=f"e{number}") for number in range(2500)]
    with ThreadPoolExecutor(6) as pool:
        batches = [pool.submit(send, door, lines(order)) for order in (bodies, bodies[::-1]) * 3]
        single = [door.send().json()["status"] for _ in range(20)]
        answers = [statuses(batch.result()) for batch in batches]
    assert single == ["accepted"] * 20
    assert sum(answer.count("accepted") for answer in answers) == 2500
    assert sum(answer.count("duplicate") for answer in answers) == 5 * 2500
    assert one(database, "SELECT count(*) FROM landing.event") == 2520


@examples(max_examples=15)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.data())
def test_any_split_into_batches_lands_the_same(
    door: Door, database: Database, numbers: list[int], data: st.DataObject
) -> None:
    door = Door(door.url, make_token(database, per_minute=100_000), door.client)
    prefix, left = uuid.uuid4().hex, list(numbers)
    accepted = 0
    while left:
        size = data.draw(st.integers(1, len(left)))
        part, left = left[:size], left[size:]
        if size == 1 and data.draw(st.booleans()):
            accepted += door.send(event_id=f"{prefix}-{part[0]}").json()["status"] == "accepted"
        else:
            bodies = [report_body(event_id=f"{prefix}-{number}") for number in part]
            accepted += statuses(send(door, lines(bodies))).count("accepted")
    assert accepted == len(set(numbers))
    kept = one(database, "SELECT count(*) FROM landing.event WHERE event_id LIKE %s", f"%/{prefix}-%")
    assert kept == len(set(numbers))
