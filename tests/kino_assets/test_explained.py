"""What a number stands on: the very events that an explanation lists, and nothing else, decide it."""

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import psycopg

from kino_assets.refresh import LakeWriter
from kino_core.database import libpq_url
from kino_core.events import Event
from kino_core.gold import Gold, Scope, open_gold
from kino_core.metrics import METRICS, Kind, ScopeType
from kino_core.periods import parse_period
from kino_core.settings import Settings
from tests.factories.deliveries import deployment_status, issue
from tests.factories.events import CLAUDE, commit, project_created, pull_request, repository_connected, sha

QUARTER = parse_period("2026-Q2")
FACTS = [declared.key for declared in METRICS if declared.kind is not Kind.STATE]
Land = Callable[[Sequence[Event]], None]


def at(days: float) -> datetime:
    return datetime(2026, 4, 6, 12, tzinfo=UTC) + timedelta(days=days)


class Told:
    """A quarter of a project of its own, of which `marked`, `failed` or `merged` gets lost."""

    def __init__(self) -> None:
        self.project_id = uuid.uuid4()
        name = f"example/{self.project_id}"
        self.project = Scope(ScopeType.PROJECT, self.project_id)
        self.marked = commit(name, sha("marked"), at(6), author=CLAUDE, files=(("x.py", 5, 0),))
        self.failed = deployment_status(name, 3, at(30), sha("three"))
        self.merged = pull_request(name, 2, at(41), action="closed", opened_at=at(40), merged_at=at(41), login="kim")
        self.events = [
            *(commit(name, sha(each), at(day)) for each, day in (("one", 0), ("two", 3), ("three", 5))),
            self.marked,
            *(deployment_status(name, number, at(number * 10), sha("one")) for number in (1, 2, 4)),
            self.failed,
            pull_request(name, 1, at(36), action="opened", opened_at=at(36), login="robin"),
            pull_request(name, 1, at(37), action="closed", opened_at=at(36), merged_at=at(37), login="robin"),
            pull_request(name, 2, at(40), action="opened", opened_at=at(40), login="kim"),
            self.merged,
        ]
        self.others = [
            project_created(self.project_id, name),
            repository_connected(self.project_id, name),
            issue(
                name,
                9,
                at(31),
                opened_at=at(30.5),
                closed_at=at(31),
                text=f"Broken by {sha('three')}",
                action="closed",
            ),
            # Neither is of the quarter.
            commit(name, sha("before"), at(-20), author=CLAUDE),
            deployment_status(name, 5, at(100), sha("one")),
        ]

    def of_type(self, kind: str) -> set[str]:
        return {each.event_id for each in self.events if each.type == kind}


def test_the_events_that_an_explanation_lists_are_those_that_decide_the_number(
    landed: Land, writer: LakeWriter, settings: Settings
) -> None:
    # What costs time is the refresh: each of three projects loses another event, all at once.
    deploying, merging, marking = told = [Told() for _ in range(3)]

    def numbers(gold: Gold, of: Told) -> dict[str, tuple[float | None, int, float | None]]:
        found = gold.values(FACTS, [of.project], QUARTER)
        return {each.metric.key: (each.value, each.n, each.coverage) for each in found.values()}

    landed([event for each in told for event in (*each.events, *each.others)])
    writer.refresh(everything=True)
    with open_gold(settings) as gold:
        before = [numbers(gold, each) for each in told]
        evidence = {key: gold.explain(key, deploying.project, QUARTER) for key in FACTS}
    assert before[1:] == before[:-1], "the three are alike: what is listed for one, is for all"
    known, listed = before[0], {key: {row.event_id for row in found} for key, found in evidence.items()}
    assert known["change_failure_rate"][:2] == (0.25, 4)
    assert listed["change_failure_rate"] == deploying.of_type("deployment_status")
    assert known["pr_cycle_time"][:2] == (24, 2)
    assert listed["pr_cycle_time"] == {e.event_id for e in deploying.events if e.body.get("action") == "closed"}
    assert known["agent_commit_share"][:2] == (0.25, 4)
    assert listed["agent_commit_share"] == deploying.of_type("commit")

    lost = [deploying.failed, merging.merged, marking.marked]
    with psycopg.connect(libpq_url(settings.database_url), autocommit=True) as log:
        for event in lost:
            wanted = [event.source, event.event_id]
            gone = log.execute("DELETE FROM landing.event WHERE source = %s AND event_id = %s", wanted)
            assert gone.rowcount == 1
    writer.refresh(full=True)
    with open_gold(settings) as gold:
        after = [numbers(gold, each) for each in told]
    # That the pull request was opened is told by another event too.
    told_twice = {"prs_opened", "prs_created"}
    for event, key, left, now in (
        (deploying.failed, "change_failure_rate", 0, after[0]),
        (deploying.merged, "pr_cycle_time", 24, after[1]),
        (deploying.marked, "agent_commit_share", 0, after[2]),
    ):
        assert now[key][:2] == (left, known[key][1] - 1)
        standing_on_it = {
            each
            for each, found in evidence.items()
            if any(row.event_id == event.event_id and row.numerator is not None for row in found)
        }
        changed = {each for each in FACTS if now[each] != known[each]}
        assert changed == standing_on_it - (told_twice if event is deploying.merged else set())
