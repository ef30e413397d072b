"""What agents use up and what becomes of their work: examples computed by hand."""

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kino_assets.check import check_warehouse
from kino_assets.refresh import LakeWriter
from kino_core.events import Event, Source, agent_key, canonical_json, repository_id
from kino_core.gold import PORTFOLIO, Gold, MetricValue, Scope, Warehouse, open_gold
from kino_core.metrics import ScopeType
from kino_core.periods import Grain, parse_period
from kino_core.settings import Settings
from tests.factories.agents import reviewed, told
from tests.factories.events import (
    CLAUDE,
    HUMAN,
    agent_report,
    blocker_resolved,
    commit,
    project_created,
    pull_request,
    repository_connected,
    sha,
)

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
GITHUB_EXAMPLES = Path(__file__).parents[2] / "node_modules/@octokit/webhooks-examples/api.github.com/index.json"
TASKS, SPENDING = "example/tasks", "example/spending"
Land = Callable[[Sequence[Event]], None]
Ask = Callable[..., MetricValue]
Story = Iterator[Sequence[Event]]
"""Yields what happens, and after each refresh says what then holds."""


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def days(count: float) -> timedelta:
    return timedelta(days=count)


def known(found: MetricValue) -> tuple[float | None, int, float | None]:
    return (found.value, found.n, found.coverage)


def test_examples_worked_out_by_hand(landed: Land, writer: LakeWriter, settings: Settings) -> None:
    acts = [_usage, _tasks, _spending, *([_strangers] if GITHUB_EXAMPLES.exists() else [])]
    with closing(Warehouse(settings)) as warehouse:
        # What costs time is the refresh: one for all of them.
        stories = [_told(act, settings, warehouse) for act in acts]
        while told_now := [event for story in stories for event in next(story, ())]:
            landed(told_now)
            writer.refresh(everything=True)
    assert check_warehouse(settings).ok


def _told(act: Callable[[uuid.UUID, Ask, Settings], Story], settings: Settings, warehouse: Warehouse) -> Story:
    """Tell a story of a project of its own."""
    project_id = uuid.uuid4()

    def ask(
        key: str, period: str, scope: Scope | None = None, by: Grain | None = None, now: datetime | None = None
    ) -> MetricValue:
        with warehouse.gold(now) as gold:
            return gold.value(key, scope or Scope(ScopeType.PROJECT, project_id), parse_period(period), by)

    story = act(project_id, ask, settings)
    yield [project_created(project_id, act.__name__), *next(story)]
    yield from story


def _usage(project_id: uuid.UUID, ask: Ask, settings: Settings) -> Story:
    """What agents use up is counted once, where and when it was told."""
    india = uuid.uuid4()
    twice = {"input_tokens": 200, "output_tokens": 20, "cost_usd": 0.2}
    midnight = datetime(2026, 5, 31, 18, 30, tzinfo=UTC)
    yield [
        project_created(india, "India", time_zone="Asia/Kolkata"),
        told(project_id, "task_started", NOON, session="s1"),
        told(
            project_id,
            "code_commit",
            NOON + minutes(20),
            session="s1",
            sha=sha("a"),
            usage={"input_tokens": 100, "output_tokens": 10, "cost_usd": 0.1},
        ),
        told(
            project_id,
            "test_execution",
            NOON + minutes(65),
            session="s1",
            usage=twice | {"cache_read_input_tokens": 50, "request_id": "r1"},
        ),
        # The same request once more, in the words of another agent of that session: the last word counts.
        told(
            project_id,
            "test_execution",
            NOON + minutes(66),
            agent="codex-1",
            session="s1",
            request_id="r1",
            usage=twice | {"output_tokens": 25},
        ),
        told(project_id, "task_started", NOON + minutes(90), task="KIN-2", session="s2"),
        told(project_id, "task_completed", NOON + minutes(100), task="KIN-2", session="s2"),
        told(
            project_id,
            "test_execution",
            NOON + minutes(690),
            agent="codex-1",
            task="KIN-3",
            usage={"input_tokens": 7, "output_tokens": "many", "cost_usd": -1},
        ),
        # Half an hour before midnight in UTC it is midnight in India.
        told(india, "task_started", midnight - minutes(1), session="s1", usage={"cost_usd": 1}),
        told(india, "task_completed", midnight + minutes(1), session="s1", usage={"cost_usd": 2}),
    ]

    may = "2026-05"
    assert known(ask("agent_sessions", may)) == (3, 3, 1.0), "claude-7 had two, codex-1 its own"
    assert known(ask("capture_rate", may)) == (pytest.approx(2 / 3), 3, 1.0)
    assert ask("agent_active_hours", may).value == 4, "two sessions of one agent in one hour are one hour"
    # Of the six quarter hours in which a sitting was heard of, s1 of claude-7 has three: it tells of cached ones once.
    assert known(ask("tokens_input", may)) == (307, 5, pytest.approx(5 / 6))
    assert known(ask("tokens_output", may)) == (35, 4, pytest.approx(4 / 6))
    assert known(ask("tokens_cached", may)) == (50, 3, 0.5)
    assert known(ask("cost_usd", may)) == (0.3, 4, pytest.approx(4 / 6))
    claude, codex = (Scope(ScopeType.AGENT, agent_key(name)) for name in ("claude-7", "codex-1"))
    assert ask("cost_usd", may, codex).value == 0, "another had told of that request before"
    assert ask("tokens_input", may, Scope(ScopeType.AGENT_TYPE, "CODEX")).value == 7
    assert ask("cost_usd", "2026-05-10/2026-05-10", Scope(ScopeType.AGENT_TYPE, "CLAUDE")).value == 0.3
    assert ask("agent_sessions", may, claude).value == 3, "one of them in India"
    there = Scope(ScopeType.PROJECT, india)
    assert [ask("cost_usd", month, there).value for month in (may, "2026-06")] == [1, 2]
    assert [ask("agent_active_hours", month, there).value for month in (may, "2026-06")] == [1, 0]
    with open_gold(settings) as gold:
        behind = gold.explain("cost_usd", Scope(ScopeType.PROJECT, project_id), parse_period(may))
    assert [(each.entity, each.numerator) for each in behind] == [
        ("session s1 at 2026-05-10 12:00", 0),
        ("session s1 at 2026-05-10 12:15", 0.1),
        ("session s1 at 2026-05-10 13:00", 0.2),
        ("session s1 at 2026-05-10 13:00", 0),
        ("session s2 at 2026-05-10 13:30", None),
        ("task KIN-3 at 2026-05-10 23:30", None),
    ]
    # A telling that comes in late, of what happened first, takes the request over.
    yield [
        told(
            project_id,
            "test_execution",
            NOON + minutes(64),
            agent="cursor-1",
            session="late",
            usage={"cost_usd": 9, "request_id": "r1"},
        )
    ]
    assert ask("cost_usd", may, Scope(ScopeType.AGENT, agent_key("cursor-1"))).value == 0.2
    assert ask("cost_usd", may, claude).value == pytest.approx(3.1), "with what was told in India"
    assert known(ask("capture_rate", may)) == (0.75, 4, 1.0)


def _tasks(project_id: uuid.UUID, ask: Ask, settings: Settings) -> Story:
    """Tasks succeed or not by what became of their work."""

    def task(name: str, kind: str, hours: float, **further: object) -> Event:
        return told(project_id, kind, NOON + minutes(60 * hours), agent="claude-8", task=name, **further)

    def done(name: str, hours: float = 2, **further: object) -> list[Event]:
        return [task(name, "task_started", 0), task(name, "task_completed", hours, **further)]

    base, feature, merge = sha("base"), sha("feature"), sha("merge")
    permission = {"blocker_id": "permission", "notification_type": "permission_prompt", "description": "may it?"}
    yield [
        repository_connected(project_id, TASKS),
        # No pull request, nothing in the way.
        *done("plain"),
        *done("stopped", status="aborted"),
        # What was in its way was resolved; what was in the way of the next one was not.
        *done("unblocked", 4),
        task("unblocked", "blocker_identified", 1, **permission),
        task("unblocked", "blocker_identified", 2.5, blocker_id="permission", resolved=True),
        *done("blocked", 6),
        task("blocked", "blocker_identified", 1, description="waits for a key"),
        # Merged with a commit of a person's own; reverted on the seventh day.
        *done("merged", 8),
        task("merged", "code_commit", 1, sha=feature[:9].upper()),
        commit(TASKS, base, NOON - days(1), parents=()),
        commit(TASKS, feature, NOON, parents=(base,), author=CLAUDE, subject="Add it"),
        commit(TASKS, sha("own"), NOON, parents=(feature,), subject="Mend it"),
        commit(TASKS, merge, NOON + days(1), parents=(base, sha("own")), subject="Merge pull request #1 from r/x"),
        commit(TASKS, sha("revert"), NOON + days(8), parents=(merge,), subject='Revert "Add it"'),
        # Squashed: its commits are known from GitHub alone. The reviewer who asked for changes is a person.
        *done("squashed", 10),
        task("squashed", "code_commit", 1, sha=sha("head")),
        pull_request(TASKS, 2, NOON, head=sha("head")),
        pull_request(
            TASKS,
            2,
            NOON + days(1),
            head=sha("newer"),
            opened_at=NOON,
            merged_at=NOON + days(1),
            action="closed",
        ),
        commit(TASKS, sha("squash"), NOON + days(1), parents=(merge,), subject="Squash it (#2)"),
        commit(TASKS, sha("revert 2"), NOON + days(9), parents=(merge,), subject='Revert "Change 2" (#9)'),
        reviewed(TASKS, 2, NOON),
        # Closed, open, and named by its address, its number and its branch; reviewed by a bot.
        *done("closed", 12),
        task("closed", "test_execution", 1, pull_request_url=f"https://github.com/{TASKS.upper()}/pull/3"),
        pull_request(TASKS, 3, NOON, opened_at=NOON, closed_at=NOON, action="closed"),
        *done("open", 14),
        task("open", "test_execution", 1, pr_number=4, repository=TASKS),
        pull_request(TASKS, 4, NOON),
        reviewed(TASKS, 4, NOON, by="ci[bot]"),
        reviewed(TASKS, 4, NOON, state="approved"),
        *done("branch", 16, branch="claude/it", repository=TASKS),
        pull_request(TASKS, 5, NOON, branch="claude/it", closed_at=NOON + minutes(60), action="closed"),
        pull_request(TASKS, 6, NOON + days(2), branch="claude/it", merged_at=NOON + days(2), action="closed"),
        # It goes on; and one whose start nobody told of, which leads to nothing in another project's repository.
        task("goes on", "task_started", 0),
        task("no start", "task_completed", 0, pr_number=7, repository="example/other"),
        pull_request("example/other", 7, NOON),
    ]

    # Succeeded: plain, unblocked, squashed, branch, no start. Not: stopped, blocked, merged, closed. Unknown: open.
    assert known(ask("task_success_rate", "2026-05")) == (pytest.approx(5 / 9), 9, 0.9)
    # With a hand in it: unblocked (permission), merged (a commit), squashed (a review). Of all 11.
    assert known(ask("human_intervention_rate", "2026-05")) == (pytest.approx(3 / 11), 11, 1.0)
    # 2, 2, 4, 6, 8, 10, 12, 14, 16 hours.
    assert known(ask("task_duration", "2026-05")) == (8, 9, 0.9)
    assert known(ask("time_to_unblock", "2026-05")) == (3.25, 2, 1.0), "1.5 hours, and 5 until the task's end"
    by_day = ask("task_success_rate", "2026-05-10/2026-05-11", by=Grain.DAY).series
    assert [(point.value, point.n) for point in by_day] == [(pytest.approx(4 / 7), 7), (0.5, 2)]
    # With the two that others tell of.
    claude, everyone = Scope(ScopeType.AGENT, agent_key("claude-8")), Scope(ScopeType.AGENT_TYPE, "CLAUDE")
    assert [ask("task_success_rate", "2026-05", scope).n for scope in (claude, everyone)] == [9, 11]
    assert [ask("time_to_unblock", "2026-05", scope).n for scope in (claude, everyone)] == [2, 2]
    # What comes in later moves all that hangs on it: the open one is merged, and reverted in time; a person resolves
    # what was in the way; the other project's repository becomes this one's.
    yield [
        pull_request(TASKS, 4, NOON + days(3), opened_at=NOON, merged_at=NOON + days(3), action="closed"),
        commit(TASKS, sha("revert 4"), NOON + days(4), parents=(merge,), subject='Revert "Change 4"'),
        blocker_resolved(project_id, "blocked", NOON + minutes(120)),
        repository_connected(project_id, "example/other"),
    ]
    # Unknown now: no start, whose pull request is open. Succeeded: plain, unblocked, blocked, squashed, branch.
    assert known(ask("task_success_rate", "2026-05")) == (pytest.approx(5 / 9), 9, 0.9)
    assert ask("time_to_unblock", "2026-05").value == 1.25


def _spending(project_id: uuid.UUID, ask: Ask, settings: Settings) -> Story:
    """Spending goes to pull requests, or to nothing."""
    base, one, two = sha("base"), sha("one"), sha("two")

    def spent(task: str, at: datetime, cost: float | None, **further: object) -> Event:
        usage = {"cost_usd": cost} if cost is not None else {"input_tokens": 1}
        return told(project_id, "test_execution", at, task=task, usage=usage, **{"agent": "claude-9", **further})

    yield [
        repository_connected(project_id, SPENDING),
        commit(SPENDING, base, NOON - days(3), parents=()),
        commit(SPENDING, one, NOON, parents=(base,), subject="One (#1)", author=CLAUDE),
        commit(SPENDING, two, NOON + days(10), parents=(one,), subject="Two (#2)", author=HUMAN),
        commit(SPENDING, sha("three"), NOON + days(10), parents=(two,), subject="Three (#3)", author=HUMAN),
        commit(SPENDING, sha("four"), NOON + days(20), parents=(two,), subject="Four (#4)", author=CLAUDE),
        # One task with two pull requests: spending goes to the one merged next, after the last to the last.
        spent("T", NOON - days(1), 1, commit_sha=one),
        spent("T", NOON - days(1), 0.25),
        spent("T", NOON + days(9), 2),
        spent("T", NOON + days(9), 0.5, agent="gemini-9", commit_sha=two),
        spent("T", NOON + days(11), 4),
        # A session that changes from a task that leads somewhere to one that does not.
        spent("S", NOON + days(8), None, session="s", commit_sha=two),
        spent("S2", NOON + days(8), 8, session="s"),
        spent("S2", NOON + days(8), 16, session="s", agent="gemini-9"),
        # Merged 19 days after, and nothing that leads anywhere.
        spent("late", NOON + days(1), 32, commit_sha=sha("four")),
        spent("nowhere", NOON + days(2), 64),
        spent("nowhere", NOON + days(2), None),
    ]

    now = NOON + days(30)
    # #1: 1 + 0.25. #2: 2 + 0.5 + 4 + 8, #3 is a person's, #4: 32.
    cost = ask("cost_per_merged_pr", "2026-05")
    assert known(cost) == (pytest.approx((1.25 + 14.5 + 32) / 3), 3, 0.75)
    assert cost.interval is None, "it is no share"
    assert known(ask("cost_per_merged_pr", "2026-05-20/2026-05-20")) == (14.5, 1, 0.5)
    for scope in (Scope(ScopeType.REPOSITORY, repository_id(SPENDING)), PORTFOLIO):
        assert ask("cost_per_merged_pr", "2026-05", scope).value == pytest.approx(47.75 / 3)
    assert ask("cost_per_merged_pr", "2026-05", Scope(ScopeType.AGENT, agent_key("claude-9"))).n == 3
    assert ask("cost_per_merged_pr", "2026-05", Scope(ScopeType.AGENT, agent_key("gemini-9"))).value is None

    # What was spent from the 9th to the 12th of May was due in May, what was from the 18th to the 21st in June.
    assert known(ask("cost_unmerged", "2026-05", now=now)) == (96, 4, 0.8)
    assert known(ask("cost_unmerged", "2026-06", now=now)) == (16, 5, pytest.approx(5 / 6))
    assert known(ask("cost_unmerged", "2026-05", now=NOON + days(15))) == (0, 2, 1.0), (
        "the rest has not had its 14 days"
    )
    assert ask("cost_unmerged", "2026-05", now=NOON + days(12)).value is None
    assert known(ask("cost_unmerged", "2026-05", Scope(ScopeType.AGENT_TYPE, "GEMINI"), now=now)) == (None, 0, None)
    assert ask("cost_unmerged", "2026-06", Scope(ScopeType.AGENT_TYPE, "GEMINI"), now=now).value == 16
    with open_gold(settings) as gold:
        behind = Gold(gold._lake, now).explain(
            "cost_unmerged", Scope(ScopeType.PROJECT, project_id), parse_period("2026-05")
        )
    told_of = sorted((each.occurred_at.day, each.numerator or 0) for each in behind)
    assert told_of == [(9, 0), (9, 0), (11, 32), (12, 0), (12, 64)]

    # A merge that was earlier takes back what seemed unmerged, and the pull request costs what it cost.
    yield [
        pull_request(SPENDING, 4, NOON + days(5), opened_at=NOON, merged_at=NOON + days(5), action="closed"),
        spent("nowhere", NOON + days(3), 128, pull_request=3, repository=SPENDING),
    ]
    assert known(ask("cost_unmerged", "2026-05", now=now)) == (0, 5, pytest.approx(5 / 6))
    assert ask("cost_per_merged_pr", "2026-05").value == pytest.approx((1.25 + 14.5 + 32 + 192) / 4)


def _strangers(project_id: uuid.UUID, ask: Ask, settings: Settings) -> Story:
    """GitHub's own examples count, and strange words of agents do no harm."""
    kinds = {kind["name"]: kind["examples"] for kind in json.loads(GITHUB_EXAMPLES.read_text())}
    events = []
    for kind in ("pull_request", "pull_request_review"):
        for number, payload in enumerate(kinds[kind]):
            if repository := payload.get("repository", {}).get("full_name"):
                events.append(
                    Event(
                        source=Source.GITHUB,
                        event_id=f"{kind} {number}",
                        type=kind,
                        occurred_at=NOON,
                        body=payload,
                        raw=canonical_json(payload),
                        repository=repository,
                    )
                )
    shown = kinds["pull_request_review"][0]
    name, number = shown["repository"]["full_name"], shown["pull_request"]["number"]
    asks = shown | {"action": "submitted", "review": shown["review"] | {"state": "changes_requested"}}
    head = kinds["pull_request"][0]["pull_request"]["head"]["sha"]
    events += [
        Event(
            source=Source.GITHUB,
            event_id="asks",
            type="pull_request_review",
            occurred_at=NOON,
            body=asks,
            raw=canonical_json(asks),
            repository=name,
        ),
        repository_connected(project_id, name),
        told(project_id, "task_started", NOON, agent="other", pull_request=number, repository=name, commit_sha=head),
    ]
    strange: list[Any] = ["", "x", -1, 1e300, True, None, [], {}, [1], {"a": 1}, "☃" * 9, "0" * 7, 2**53]
    for each in strange:
        words = ["pull_request", "pr_number", "pr_url", "branch", "sha", "reason", "status", "success", "request_id"]
        event = agent_report(
            project_id, "task_completed", NOON, agent="other", task=str(each), **dict.fromkeys(words, each)
        )
        told_words = ["usage", "session_id", "commit_sha", "request_id"]
        usage = dict.fromkeys(["input_tokens", "output_tokens", "cost_usd", "cached_tokens", "request_id"], each)
        for body in (
            event.body | dict.fromkeys(told_words, each),
            event.body | {"usage": usage},
            {**event.body, "data": each},
        ):
            events.append(_with(event, body))
    yield events
    assert ask("human_intervention_rate", "2026-05").value == pytest.approx(1 / (1 + len(strange))), "GitHub's review"
    assert ask("tasks_completed", "2026-05").value == len(strange)


def _with(event: Event, body: dict[str, Any]) -> Event:
    return Event(
        source=event.source,
        event_id=str(uuid.uuid4()),
        type=event.type,
        occurred_at=event.occurred_at,
        body=body,
        raw=canonical_json(body),
        project_id=event.project_id,
    )
