"""Clocks that are wrong: a sender's, and this machine's. What PostgreSQL orders and times does not depend on either."""

import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Self

import httpx
import pytest
import structlog
from structlog.testing import capture_logs

from kino_core.database import Database
from kino_core.security import standard_signature
from kino_core.settings import Settings
from kino_ingest.announce import Announcer
from kino_ingest.dead_letters import replay_between
from kino_ingest.fold.run import _cut_windows, fold_next, fold_pending
from kino_ingest.sql import read_sql
from kino_ingest.worker import _step
from tests.kino_ingest.conftest import Door, give_secret, make_token
from tests.kino_ingest.events import PROJECT, agent_event, fold_all, landed, one, report_body, rows
from tests.kino_ingest.test_dead_letters import homeless

SKEWS = [timedelta(minutes=-10), timedelta(minutes=10), timedelta(days=400)]
Serve = Callable[[Settings], str]
Skew = Callable[[timedelta], None]


@pytest.fixture
def skew(monkeypatch: pytest.MonkeyPatch) -> Skew:
    """Put the clock of this process wrong, wherever ingestion reads it."""
    right = time.time

    def put_wrong(by: timedelta) -> None:
        class Wrong(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Self:
                return cls.fromtimestamp(right() + by.total_seconds(), tz)

        monkeypatch.setattr(time, "time", lambda: right() + by.total_seconds())
        for module in ("agent_gate", "github_delivery", "partitions", "dead_letters"):
            monkeypatch.setattr(f"kino_ingest.{module}.datetime", Wrong)

    return put_wrong


def signed(door: Door, secret: str, *, sent: float) -> httpx.Response:
    raw, message, second = json.dumps(report_body()).encode(), f"msg_{uuid.uuid4().hex}", str(int(sent))
    signature = standard_signature(raw, message, second, secret)
    return door.send_raw(raw, webhook_id=message, webhook_timestamp=second, webhook_signature=signature)


@pytest.mark.parametrize(("minutes", "status"), [(-6, 401), (-4, 202), (0, 202), (4, 202), (6, 401)])
def test_a_signature_is_good_as_long_as_both_clocks_are_within_five_minutes(
    serve: Serve, settings: Settings, database: Database, skew: Skew, minutes: int, status: int
) -> None:
    right = time.time()
    skew(timedelta(minutes=minutes))
    door = Door(serve(settings), make_token(database))
    assert signed(door, give_secret(database, token=door.token), sent=right).status_code == status


@pytest.mark.parametrize("by", SKEWS, ids=str)
def test_a_token_lives_by_the_clock_of_postgresql(
    serve: Serve, settings: Settings, database: Database, skew: Skew, by: timedelta
) -> None:
    skew(by)
    token = make_token(database)
    with database.write() as session:
        session.exec_driver_sql("UPDATE kino.token SET expires_at = now() + interval '2 minutes'")
    assert Door(serve(settings), token).send().status_code == 202
    assert abs(one(database, "SELECT extract(epoch FROM now() - received_at) FROM landing.event")) < 60


@pytest.mark.parametrize("by", SKEWS, ids=str)
def test_letters_are_tried_by_the_clock_of_postgresql(database: Database, skew: Skew, by: timedelta) -> None:
    skew(by)
    landed(database, [homeless("h"), agent_event("good")])
    assert fold_all(database) == 1
    [(told, failed)] = rows(
        database,
        "SELECT extract(epoch FROM next_try_at - failed_at)::float, abs(extract(epoch FROM now() - failed_at))::float"
        " FROM landing.dead_letter",
    )
    assert 1 <= told <= 1.25
    assert failed < 60
    for interval, due in (("1 minute", False), ("-1 minute", True)):
        with database.write() as session:
            session.exec_driver_sql(f"UPDATE landing.dead_letter SET next_try_at = now() + interval '{interval}'")
        assert fold_pending(database) is due
    with database.write() as session:
        assert replay_between(session, datetime(2020, 1, 1, tzinfo=UTC)).events == 1
    assert one(database, "SELECT count(*) FROM kino.agent_activity") == 1


@pytest.mark.parametrize("by", SKEWS, ids=str)
def test_a_window_is_held_by_a_lock_and_by_no_clock(database: Database, skew: Skew, by: timedelta) -> None:
    landed(database, [agent_event("a")])
    with database.write() as other:
        _cut_windows(database, 1)
        other.exec_driver_sql(read_sql("fold_take")).one()
        skew(by)
        assert fold_next(database).events == 0
        other.rollback()
    assert fold_next(database).events == 1


# A sender whose clock is ahead


@pytest.mark.parametrize(("ahead", "flagged"), [(timedelta(minutes=4), False), (timedelta(minutes=6), True)])
def test_what_claims_to_be_from_the_future_is_taken_and_marked(
    serve: Serve, settings: Settings, database: Database, ahead: timedelta, flagged: bool
) -> None:
    door = Door(serve(settings), make_token(database))
    at = datetime.now(UTC) + ahead
    body = report_body(event_id="e", timestamp=at.isoformat())
    assert door.send(**body).json() == {"event_id": "e", "status": "accepted"}
    done = fold_next(database)
    assert dict(done.ahead) == ({f"agent project {PROJECT}": 1} if flagged else {})
    assert [change.item["clock_ahead"] for change in done.changes] == [flagged]
    assert rows(database, "SELECT occurred_at, clock_ahead FROM kino.agent_activity") == [(at, flagged)]
    [(occurred_at, raw)] = rows(database, "SELECT occurred_at, raw FROM landing.event")
    assert (occurred_at, json.loads(raw)) == (at, body), "it is kept as it came"


def test_whose_clock_is_ahead_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    # A logger that was used while logs were set up for a process keeps to that; this one was not used yet.
    monkeypatch.setattr("kino_ingest.worker.log", structlog.get_logger())
    soon = datetime.now(UTC) + timedelta(hours=1)
    landed(database, [agent_event("a", at=soon), agent_event("b", at=soon), agent_event("c")])
    with capture_logs() as told:
        _step(database, Announcer(None))
    found: list[Any] = [(each["sender"], each["events"]) for each in told if "from the future" in each["event"]]
    assert found == [(f"agent project {PROJECT}", 2)]
