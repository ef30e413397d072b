"""Made-up portfolios: the same again from the same plan, believable, and as the doors would have made them."""

import dataclasses
import tracemalloc
from collections import Counter
from datetime import UTC, date, datetime

import pytest

from kino_core.database import Database
from kino_core.errors import InvalidInput
from kino_core.events import Event, Source, content_hash
from kino_ingest.agent_report import EventType, read_report
from kino_ingest.backfill import BackfillCount, backfill
from kino_ingest.git import parse_record
from kino_ingest.simulation import Plan, simulated_events, stream
from kino_ingest.strict_json import read_object
from tests.kino_ingest.events import fold_all, one, rows

PLAN = Plan(projects=4, days=60, agents=5, events=3_000, seed=7, until=date(2026, 9, 30))


def changed(**changes: object) -> Plan:
    return dataclasses.replace(PLAN, **changes)  # type: ignore[arg-type] # any field of a plan


def bring_in(database: Database, plan: Plan) -> BackfillCount:
    said: list[str] = []
    count = backfill(database, simulated_events(plan), on_rejected=said.append, on_landed=lambda _: None)
    assert said == []
    return count


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return list(simulated_events(PLAN))


def test_the_same_plan_gives_the_same_events_and_every_other_plan_gives_others(events: list[Event]) -> None:
    assert list(simulated_events(changed())) == events
    ids = {event.event_id for event in events}
    for other in (changed(seed=8), changed(events=2_999), changed(until=date(2026, 9, 29)), changed(salt="a")):
        assert not ids & {event.event_id for event in simulated_events(other)}


def test_a_salt_changes_the_ids_and_nothing_else(events: list[Event]) -> None:
    salted = list(simulated_events(changed(salt="a")))
    assert [(event.type, event.occurred_at) for event in salted] == [
        (event.type, event.occurred_at) for event in events
    ]


def test_there_are_exactly_so_many_events_and_some_come_twice(events: list[Event]) -> None:
    contents = {(event.source, event.event_id): content_hash(event.body) for event in events}
    assert len(contents) == PLAN.events
    assert all(contents[event.source, event.event_id] == content_hash(event.body) for event in events)
    assert 10 <= len(events) - PLAN.events <= 60
    assert {event.project_id for event in events} == {project.id for project in PLAN.portfolio()}
    assert sum(project.events for project in PLAN.portfolio()) == PLAN.events


def test_every_kind_of_event_happens(events: list[Event]) -> None:
    kinds = Counter((event.source, event.type) for event in events)
    assert {kind for source, kind in kinds if source is Source.AGENT} == set(EventType)
    github = {"push", "pull_request", "pull_request_review", "deployment_status", "issues"}
    assert {kind for source, kind in kinds if source is Source.GITHUB} == github
    assert kinds[Source.GIT, "commit"] > 300


def test_all_of_it_is_what_the_doors_would_have_made_of_it(events: list[Event]) -> None:
    for event in events:
        if event.source is Source.GIT:
            assert parse_record(event.raw) == event.body
        else:
            assert read_object(event.raw) == event.body
        if event.source is Source.AGENT:
            read = read_report(event.raw)
            assert (event.event_id, event.occurred_at) == (f"{event.project_id}/{read.event_id}", read.occurred_at)


def test_it_happens_in_the_days_of_the_plan_mostly_while_people_are_at_work(events: list[Event]) -> None:
    assert all(datetime(2026, 8, 2, tzinfo=UTC) <= event.occurred_at <= PLAN.end for event in events)
    weekdays = Counter(event.occurred_at.weekday() >= 5 for event in events)
    assert weekdays[True] < 0.1 * weekdays[False]
    busiest = {event.project_id: Counter[int]() for event in events}
    for event in events:
        busiest[event.project_id][event.occurred_at.hour] += 1
    # Teams in other parts of the world have other hours.
    assert len({hours.most_common(1)[0][0] for hours in busiest.values()}) > 1


def test_some_events_come_late(events: list[Event]) -> None:
    newest, late = datetime.min.replace(tzinfo=UTC), 0
    for event in events:
        late += (newest - event.occurred_at).total_seconds() > 3600
        newest = max(newest, event.occurred_at)
    assert 0.01 < late / len(events) < 0.1


def test_nobody_in_it_is_real(events: list[Event]) -> None:
    agents = {"noreply@anthropic.com", "noreply@openai.com", "cursoragent@cursor.com"}
    agents |= {"198982749+Copilot@users.noreply.github.com"}
    emails = {event.body["author"]["email"] for event in events if event.source is Source.GIT}
    assert all(email in agents or email.endswith("@example.com") for email in emails)
    assert all(event.body["agent_id"].startswith("sim-") for event in events if event.source is Source.AGENT)
    assert all(project.name.startswith("Simulated ") for project in PLAN.portfolio())


def test_a_plan_of_any_size_takes_the_memory_of_the_events_in_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MOST_WAITING", 100)
    peaks = []
    for number in (600, 2_400):
        tracemalloc.start()
        for _ in simulated_events(changed(projects=2, days=3, events=number)):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize(
    "plan",
    [
        changed(projects=1, days=1, agents=0, events=1),
        changed(projects=30, days=1, agents=1, events=10),
        changed(projects=3, days=2, agents=40, events=200),
        changed(events=0),
    ],
)
def test_odd_plans_come_out_exact_too(plan: Plan) -> None:
    found = list(simulated_events(plan))
    assert len({(event.source, event.event_id) for event in found}) == plan.events
    assert all(event.occurred_at <= plan.end for event in found)
    assert plan.agents or not any(event.source is Source.AGENT for event in found)


@pytest.mark.parametrize("wrong", [{"projects": 0}, {"days": 0}, {"agents": -1}, {"events": -1}, {"days": 30_000}])
def test_plans_that_cannot_be_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InvalidInput) as refused:
        changed(**wrong)
    assert refused.value.details == {"fields": [{"field": next(iter(wrong)), "message": refused.value.message}]}


def test_it_lands_once_and_folds_without_a_failure(database: Database) -> None:
    count = bring_in(database, PLAN)
    assert count == BackfillCount(count.events, accepted=PLAN.events, duplicates=count.events - PLAN.events)
    assert bring_in(database, PLAN) == BackfillCount(count.events, duplicates=count.events)
    assert one(database, "SELECT count(*) FROM landing.event") == PLAN.events
    assert fold_all(database) == 0
    states = dict(rows(database, "SELECT state, count(*) FROM kino.pull_request GROUP BY state"))
    assert states["merged"] > states["closed"] > 0
    assert {"CLAUDE", "CODEX", "GEMINI", "CURSOR"} <= {
        kind for (kind,) in rows(database, "SELECT DISTINCT agent_type FROM kino.agent")
    }
    assert one(database, "SELECT count(*) FROM kino.agent_session") > 100
