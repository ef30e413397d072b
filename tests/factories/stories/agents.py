"""What agents, git and GitHub tell of one another's work."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from kino_core.events import Event
from tests.factories.agents import reviewed, told
from tests.factories.events import (
    CLAUDE,
    DEPENDABOT,
    HUMAN,
    OTHER_HUMAN,
    agent_report,
    blocker_resolved,
    commit,
    pull_request,
)
from tests.factories.stories.places import NOON, Places

_MINUTES = st.integers(0, 40 * 24 * 6).map(lambda steps: NOON + timedelta(minutes=10 * steps))
_HOURS = st.integers(0, 24 * 80).map(lambda hours: NOON + timedelta(hours=hours))
_AUTHORS = st.sampled_from([HUMAN, OTHER_HUMAN, CLAUDE, DEPENDABOT])
_SUBJECTS = st.sampled_from(
    ["Work", "Work (#1)", "More (#2)", "Merge pull request #3 from r/x", 'Revert "Work"', 'Revert "Change 2" (#3)']
)
_USAGE = st.fixed_dictionaries(
    {"cost_usd": st.sampled_from([0.1, 0.7, None]), "input_tokens": st.sampled_from([None, 3])},
    optional={"request_id": st.sampled_from(["r1", "r2"])},
)
_KINDS = st.sampled_from(["task_started", "code_commit", "task_completed", "blocker_identified", "blocker_identified"])


@st.composite
def tasks(draw: st.DrawFn, places: Places) -> list[Event]:
    """Return tasks, what they led to, and what they used up."""
    projects, repositories = st.sampled_from(places.projects), st.sampled_from(places.repositories)
    shas, numbers, branches = places.shas[:8], st.integers(1, 3), st.sampled_from(["a", "b"])
    events: list[Event] = []
    for place, each in enumerate(shas):
        parents = draw(st.lists(st.sampled_from(shas[:place]), max_size=2, unique=True)) if place else []
        author, subject = draw(st.sampled_from([HUMAN, CLAUDE])), draw(_SUBJECTS)
        events.append(
            commit(draw(repositories), each, draw(_MINUTES), author=author, parents=tuple(parents), subject=subject)
        )
    for _ in range(draw(st.integers(2, 6))):
        at, ended = draw(_MINUTES), draw(st.sampled_from([None, "merged_at", "closed_at"]))
        end: dict[str, Any] = {ended: at} if ended else {}
        head, branch = draw(st.sampled_from(shas)), draw(branches)
        events.append(pull_request(draw(repositories), draw(numbers), at, head=head, branch=branch, **end))
    for _ in range(draw(st.integers(0, 3))):
        events.append(reviewed(draw(repositories), draw(numbers), draw(_MINUTES)))
    data = st.fixed_dictionaries(
        {},
        optional={
            "sha": st.sampled_from(shas).map(lambda each: each[:8]),
            "branch": branches,
            "pr_number": numbers,
            "blocker_id": st.just("b"),
            "resolved": st.booleans(),
            "reason": st.sampled_from(["permission_prompt", "error"]),
        },
    )
    for _ in range(draw(st.integers(8, 24))):
        events.append(
            told(
                draw(projects),
                draw(_KINDS),
                draw(_MINUTES),
                agent=draw(st.sampled_from(["claude-7", "codex-1"])),
                task=draw(st.sampled_from(["A", "B"])),
                session=draw(st.sampled_from([None, "s1", "s2"])),
                usage=draw(st.none() | _USAGE),
                repository=draw(st.none() | repositories),
                **draw(data),
            )
        )
    for _ in range(draw(st.integers(0, 2))):
        events.append(blocker_resolved(draw(projects), draw(st.sampled_from(["A", "b"])), draw(_MINUTES)))
    return events


@st.composite
def commits(draw: st.DrawFn, places: Places) -> list[Event]:
    """Return who wrote what, alone or with others, and what agents report meanwhile."""
    projects, repositories = st.sampled_from(places.projects), st.sampled_from(places.repositories)
    events: list[Event] = []
    subjects = st.sampled_from(["Work", "Work (#1)", "More (#2)", "Merge pull request #3 from robin/claude/x"])
    shas = places.shas[: draw(st.integers(0, 12))]
    for number, each in enumerate(shas):
        parents = draw(st.lists(st.sampled_from(shas[:number]), max_size=2, unique=True)) if number else []
        co_authors = tuple(draw(st.lists(_AUTHORS, max_size=1)))
        events.append(
            commit(
                draw(repositories),
                each,
                draw(_HOURS),
                author=draw(_AUTHORS),
                co_authors=co_authors,
                parents=tuple(parents),
                subject=draw(subjects),
            )
        )
    kinds = st.sampled_from(["task_started", "task_completed", "test_execution", "blocker_identified"])
    reported: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
        [{}, {"passed": 3, "failed": 1}, {"resolved": True}, {"blocker_id": "b"}]
    )
    for _ in range(draw(st.integers(0, 10))):
        data, task = draw(reported), draw(st.sampled_from(["A", "B"]))
        events.append(agent_report(draw(projects), draw(kinds), draw(_HOURS), task=task, **data))
    for _ in range(draw(st.integers(0, 3))):
        events.append(blocker_resolved(draw(projects), draw(st.sampled_from(["A", "B", "b"])), draw(_HOURS)))
    for _ in range(draw(st.integers(0, 5))):
        opened, length = draw(_HOURS), draw(st.integers(0, 50))
        moment = opened + timedelta(hours=length)
        merged_at, branch = moment if draw(st.booleans()) else None, draw(st.sampled_from(["topic", "codex/topic"]))
        number = draw(st.integers(1, 3))
        events.append(
            pull_request(draw(repositories), number, moment, opened_at=opened, merged_at=merged_at, branch=branch)
        )
    return events
