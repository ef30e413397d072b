"""Metrics that change as time passes: the same lake, asked at different moments."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from msgspec.structs import replace

from kino_assets.check import check_warehouse
from kino_assets.refresh import LakeWriter
from kino_core.database import libpq_url
from kino_core.events import Event, agent_key, repository_id
from kino_core.gold import PORTFOLIO, Gold, MetricValue, Scope, Warehouse, open_gold
from kino_core.identities import identify_login
from kino_core.metrics import ScopeType
from kino_core.periods import Grain, parse_period
from kino_core.settings import Settings
from tests.factories.events import agent_report, commit, project_created, pull_request
from tests.factories.review_requests import review, review_request
from tests.kino_assets.conftest import REPOSITORY

NOON = datetime(2026, 5, 13, 12, tzinfo=UTC)
Land = Callable[[Sequence[Event]], None]
AskAt = Callable[..., MetricValue]


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.fixture
def ask(settings: Settings, project_id: uuid.UUID) -> Iterator[AskAt]:
    """Ask for a state of the test's project, unless told otherwise, at a moment."""
    with closing(Warehouse(settings)) as warehouse:

        def act(
            key: str, now: datetime, period: str = "2026-05", scope: Scope | None = None, by: Grain | None = None
        ) -> MetricValue:
            with warehouse.gold(now) as gold:
                return gold.value(key, scope or Scope(ScopeType.PROJECT, project_id), parse_period(period), by)

        yield act


def test_stalled_agents(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, ask: AskAt, settings: Settings
) -> None:
    other = uuid.uuid4()

    def told(agent: str, event_type: str, at: datetime, project: uuid.UUID = project_id, **data: object) -> Event:
        return agent_report(project, event_type, at, agent=agent, task=f"{agent}'s", **data)

    landed(
        [
            project_created(other, "Other", time_zone="Asia/Tokyo"),
            told("codex-1", "test_execution", NOON, passed=1, failed=0),
            told("codex-1", "task_started", NOON - minutes(90)),
            # It reports, but what it reports is that nothing goes on.
            told("claude-7", "task_started", NOON - minutes(60)),
            told("claude-7", "blocker_identified", NOON - minutes(1), description="waits for a key"),
            told("claude-8", "task_started", NOON - minutes(200)),
            told("claude-8", "task_completed", NOON - minutes(100)),
            told("worker-1", "code_commit", NOON - minutes(20), other, sha="a" * 40),
        ]
    )
    writer.refresh(everything=True)

    now = ask("stalled_agents", NOON)
    assert (now.value, now.n, now.coverage) == (1, 2, 1.0), "claude-8 has done its task; claude-7 does nothing"
    assert now.reasons == ("claude-7: nothing for 60 minutes",)
    assert ask("stalled_agents", NOON + minutes(29)).value == 1
    later = ask("stalled_agents", NOON + minutes(30))
    assert (later.value, later.n) == (2, 2), "nothing happened but time"
    assert later.reasons == ("claude-7: nothing for 90 minutes", "codex-1: nothing for 30 minutes")
    # After four hours without a word nobody is at work; before anybody was heard of, there is no data.
    gone = ask("stalled_agents", NOON + minutes(240))
    assert (gone.value, gone.n) == (0, 0)
    assert ask("stalled_agents", NOON - minutes(201)).value is None
    whole = ask("stalled_agents", NOON + minutes(10), scope=PORTFOLIO)
    assert (whole.value, whole.n) == (2, 3), "worker-1 has been silent for 30 minutes too"
    assert ask("stalled_agents", NOON, scope=Scope(ScopeType.AGENT, agent_key("claude-7"))).value == 1
    assert ask("stalled_agents", NOON, scope=Scope(ScopeType.AGENT_TYPE, "CLAUDE")).n == 1

    # Of a period that is over it is what held when it ended, in the time zone of the project.
    days = ask("stalled_agents", NOON + timedelta(days=40), "2026-05-12/2026-05-14", by=Grain.DAY)
    assert [point.value for point in days.series] == [None, 0, 0]
    tokyo = Scope(ScopeType.PROJECT, other)
    tomorrow = "2026-05-14/2026-05-14"
    assert ask("stalled_agents", NOON + minutes(179), tomorrow, tokyo).value is None, "there it is still the 13th"
    assert ask("stalled_agents", NOON + minutes(181), tomorrow, tokyo).value == 1
    assert ask("stalled_agents", NOON + minutes(181), tomorrow).value is None, "in UTC it is the 13th"

    with open_gold(settings) as gold:
        found = Gold(gold._lake, NOON).explain("stalled_agents", Scope(ScopeType.PROJECT, project_id), now.period)
    assert [(each.entity, each.numerator) for each in found] == [("agent claude-7", 1), ("agent codex-1", 0)]
    assert [each.occurred_at for each in found] == [NOON - minutes(60), NOON]


def test_waiting_on_them(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, ask: AskAt, settings: Settings
) -> None:
    kim, lee = (Scope(ScopeType.PERSON, identify_login(name).person_id) for name in ("kim", "Lee"))

    def at(hours: float) -> datetime:
        return NOON + timedelta(hours=hours)

    told = [
        pull_request(REPOSITORY, 1, at(0)),
        review_request(REPOSITORY, 1, at(1), "kim"),
        review_request(REPOSITORY, 1, at(1), "Lee"),
        review_request(REPOSITORY, 1, at(1), None),
        review(REPOSITORY, 1, at(5), "kim"),
        pull_request(REPOSITORY, 2, at(0)),
        review_request(REPOSITORY, 2, at(2), "kim"),
        review_request(REPOSITORY, 2, at(3), "kim", removed=True),
        pull_request(REPOSITORY, 3, at(0)),
        review_request(REPOSITORY, 3, at(4), "kim"),
        pull_request(REPOSITORY, 3, at(20), action="closed", opened_at=at(0), merged_at=at(20)),
        # Nobody is told of by number or time.
        replace(review_request(REPOSITORY, 4, at(1), "kim"), body={"action": "review_requested", "pull_request": []}),
    ]
    for event in reversed(told):
        landed([event, event])
    writer.refresh(everything=True)

    hours = (0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 19, 21)
    found = [ask("waiting_on_them", at(hour), scope=kim) for hour in hours]
    assert [each.value for each in found] == [None, 1, 2, 1, 2, 1, 1, 0]
    assert found[4].reasons == (
        f"{REPOSITORY}#1 “Change 1” has waited for 3 hours",
        f"{REPOSITORY}#3 “Change 3” has waited for 0 hours",
    )
    assert found[4].details == {"oldest_at": at(1).isoformat()}
    assert found[7].details == {"oldest_at": None}
    assert ask("waiting_on_them", at(48), scope=lee).value == 1
    assert ask("waiting_on_them", at(4.5)).value == 2, "two pull requests, though three reviews"
    assert ask("waiting_on_them", at(4.5), scope=Scope(ScopeType.REPOSITORY, repository_id(REPOSITORY))).value == 2
    series = ask("waiting_on_them", at(48), "2026-05-12/2026-05-15", lee, Grain.DAY).series
    assert [point.value for point in series] == [None, 1, 1, 1]
    assert check_warehouse(settings).ok


def test_trend(landed: Land, project_id: uuid.UUID, writer: LakeWriter, ask: AskAt) -> None:
    # From Monday the 2nd of March on eight weeks with 1, 3, 2, 4, 5, 6, 7 and 9 merged pull requests.
    monday, number = datetime(2026, 3, 2, 12, tzinfo=UTC), 0
    for week, count in enumerate((1, 3, 2, 4, 5, 6, 7, 9)):
        merged_at = monday + timedelta(weeks=week)
        numbers = range(number, number := number + count)
        landed([pull_request(REPOSITORY, each, merged_at, action="closed", merged_at=merged_at) for each in numbers])
    writer.refresh(everything=True)

    robin = Scope(ScopeType.PERSON, identify_login("robin").person_id)
    assert ask("trend", datetime(2026, 6, 1, tzinfo=UTC), "2026-04", robin).value == 1, "eight were over in April"
    assert ask("trend", datetime(2026, 6, 1, tzinfo=UTC), "2026-03", robin).value is None
    found = ask("trend", datetime(2026, 4, 27, 1, tzinfo=UTC), "2026-04", robin)
    assert (found.value, found.n, found.details["trend"]) == (1, 8, "improving")
    # 27 of 28 pairs rise and one falls.
    assert found.details["p"] == pytest.approx(0.00198, abs=0.00001)
    assert ask("trend", datetime(2026, 4, 26, 23, tzinfo=UTC), "2026-04", robin).value is None, "the week still runs"
    assert ask("trend", datetime(2026, 3, 1, tzinfo=UTC), "2026-04", robin).value is None


def test_platform(landed: Land, project_id: uuid.UUID, writer: LakeWriter, ask: AskAt, settings: Settings) -> None:
    landed([commit(REPOSITORY, "1" * 40, NOON), commit("example/nobodys", "2" * 40, NOON)])
    landed([agent_report(project_id, "task_started", NOON, event_id="once")])
    writer.refresh(everything=True)
    now = datetime.now(UTC) + timedelta(hours=1)
    today = f"{now:%Y-%m-%d}"
    today = f"{today}/{today}"
    soon = {"now": now, "period": today, "scope": PORTFOLIO}
    assert [ask(key, **soon).value for key in ("ingest_lag_seconds", "dead_letters")] == [0, 0]
    age = ask("lake_age_seconds", **soon)
    assert (age.value, age.n) == (pytest.approx((now - age.as_of).total_seconds(), abs=0.01), 1)

    landed([agent_report(project_id, "task_started", NOON, event_id="once")])
    landed([agent_report(project_id, "task_completed", NOON, event_id="twice")])
    with psycopg.connect(libpq_url(settings.database_url)) as postgres:
        received = postgres.execute("SELECT max(received_at) FROM landing.event").fetchone()
        postgres.execute("""
            INSERT INTO landing.dead_letter (event_row, received_at, source, event_id, error, stack, attempts,
                failed_at, discarded_at)
            SELECT id, received_at, source, event_id, 'no', '', 3, now(), CASE WHEN source = 'git' THEN now() END
            FROM landing.event WHERE source <> 'kino'
        """)
    assert received is not None
    lag = ask("ingest_lag_seconds", **soon)
    assert (lag.value, lag.n) == (pytest.approx((now - received[0]).total_seconds(), abs=0.01), 1)
    letters = ask("dead_letters", **soon)
    assert (letters.value, letters.n) == (2, 2)
    for key in ("ingest_lag_seconds", "dead_letters"):
        assert ask(key, now, "2026-05", PORTFOLIO).value is None, "only the present is known"
        assert ask(key, now, today).value is None, "it is nobody's but the portfolio's"
    # Before the lake had a snapshot it had no age.
    assert ask("lake_age_seconds", now, "2026-05", PORTFOLIO).value is None

    writer.refresh(everything=True)
    landed_events = ask("events_landed", **soon)
    assert (landed_events.value, landed_events.n) == (6, 6)
    assert landed_events.details == {"agent": 2, "git": 2, "kino": 2}, "of two reports of one id one came in"
    assert ask("events_landed", now, today).value == 5, "one commit is nobody's"
    assert ask("events_landed", now, "2026-05", PORTFOLIO).value is None, "it counts when they came in"
    assert check_warehouse(settings).ok
