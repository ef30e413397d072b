"""What a number stands on: the very events that an explanation lists, and nothing else, decide it."""

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import psycopg

from kino_assets.refresh import LakeWriter
from kino_core.database import libpq_url
from kino_core.events import Event
from kino_core.gold import Scope, open_gold
from kino_core.metrics import METRICS, Kind, ScopeType
from kino_core.periods import parse_period
from kino_core.settings import Settings
from tests.factories.deliveries import deployment_status, issue
from tests.factories.events import CLAUDE, commit, pull_request, sha
from tests.kino_assets.conftest import REPOSITORY

QUARTER = parse_period("2026-Q2")
FACTS = [declared.key for declared in METRICS if declared.kind is not Kind.STATE]
Land = Callable[[Sequence[Event]], None]


def at(days: float) -> datetime:
    return datetime(2026, 4, 6, 12, tzinfo=UTC) + timedelta(days=days)


MARKED = commit(REPOSITORY, sha("marked"), at(6), author=CLAUDE, files=(("x.py", 5, 0),))
FAILED = deployment_status(REPOSITORY, 3, at(30), sha("three"))
MERGED = pull_request(REPOSITORY, 2, at(41), action="closed", opened_at=at(40), merged_at=at(41), login="kim")
ISSUE = issue(
    REPOSITORY, 9, at(31), opened_at=at(30.5), closed_at=at(31), text=f"Broken by {sha('three')}", action="closed"
)


def story() -> list[Event]:
    return [
        *(commit(REPOSITORY, sha(name), at(day)) for name, day in (("one", 0), ("two", 3), ("three", 5))),
        MARKED,
        *(deployment_status(REPOSITORY, number, at(number * 10), sha("one")) for number in (1, 2, 4)),
        FAILED,
        ISSUE,
        pull_request(REPOSITORY, 1, at(36), action="opened", opened_at=at(36), login="robin"),
        pull_request(REPOSITORY, 1, at(37), action="closed", opened_at=at(36), merged_at=at(37), login="robin"),
        pull_request(REPOSITORY, 2, at(40), action="opened", opened_at=at(40), login="kim"),
        MERGED,
        # Neither is of the quarter.
        commit(REPOSITORY, sha("before"), at(-20), author=CLAUDE),
        deployment_status(REPOSITORY, 5, at(100), sha("one")),
    ]


def test_the_events_that_an_explanation_lists_are_those_that_decide_the_number(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, settings: Settings
) -> None:
    told = story()
    project = Scope(ScopeType.PROJECT, project_id)

    def numbers() -> dict[str, tuple[float | None, int, float | None]]:
        with open_gold(settings) as gold:
            found = gold.values(FACTS, [project], QUARTER)
            return {each.metric.key: (each.value, each.n, each.coverage) for each in found.values()}

    landed(told)
    writer.refresh(everything=True)
    before = numbers()
    with open_gold(settings) as gold:
        evidence = {key: gold.explain(key, project, QUARTER) for key in FACTS}
    listed = {key: {each.event_id for each in found} for key, found in evidence.items()}
    assert before["change_failure_rate"][:2] == (0.25, 4)
    assert listed["change_failure_rate"] == {each.event_id for each in told[:-1] if each.type == "deployment_status"}
    assert before["pr_cycle_time"][:2] == (24, 2)
    assert listed["pr_cycle_time"] == {e.event_id for e in told if e.body.get("action") == "closed" and e is not ISSUE}
    assert before["agent_commit_share"][:2] == (0.25, 4)
    assert listed["agent_commit_share"] == {each.event_id for each in told[:-2] if each.type == "commit"}

    # That the pull request was opened is told by another event too.
    told_twice = {"prs_opened", "prs_created"}
    for event, key, left in (
        (FAILED, "change_failure_rate", 0),
        (MERGED, "pr_cycle_time", 24),
        (MARKED, "agent_commit_share", 0),
    ):
        with psycopg.connect(libpq_url(settings.database_url), autocommit=True) as log:
            wanted = [event.source, event.event_id]
            gone = log.execute("DELETE FROM landing.event WHERE source = %s AND event_id = %s", wanted)
            assert gone.rowcount == 1
        writer.refresh(full=True)
        after = numbers()
        assert after[key][:2] == (left, before[key][1] - 1)
        standing_on_it = {
            each
            for each, found in evidence.items()
            if any(row.event_id == event.event_id and row.numerator is not None for row in found)
        }
        changed = {each for each in FACTS if after[each] != before[each]}
        assert changed == standing_on_it - (told_twice if event is MERGED else set())
        before = after
