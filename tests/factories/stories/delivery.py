"""What GitHub, git and agents tell of deployments, incidents, checks and alerts of a repository."""

from datetime import datetime, timedelta

from hypothesis import strategies as st

from kino_core.events import Event
from tests.factories.agents import told
from tests.factories.deliveries import alert, check_run, deployment_status, issue, push, release
from tests.factories.events import commit, pull_request
from tests.factories.stories.places import MONDAY, Places

_HOURS = st.integers(0, 90)
_SUBJECTS = st.sampled_from(
    ["Work", "Work (#1)", 'Revert "Work"', "Merge pull request #2 from x/hotfix/a", 'Revert "Work (#1)" (#3)']
)


def _at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


@st.composite
def delivery(draw: st.DrawFn, places: Places) -> list[Event]:
    """Return what happened to the first repository on its way to production."""
    name, shas = places.repositories[0], places.shas[:6]
    return [
        *_history(draw, name, shas),
        *(_shipped(draw, name, shas) for _ in range(draw(st.integers(0, 6)))),
        *(_incident(draw, name, shas) for _ in range(draw(st.integers(0, 4)))),
        *(each for _ in range(draw(st.integers(0, 4))) for each in _found(draw, places, name, shas)),
    ]


def _history(draw: st.DrawFn, name: str, shas: list[str]) -> list[Event]:
    events: list[Event] = []
    for number in range(draw(st.integers(1, len(shas)))):
        parents = draw(st.lists(st.sampled_from(shas[:number]), max_size=2, unique=True)) if number else []
        subject, moment = draw(_SUBJECTS), _at(draw(_HOURS))
        if draw(st.booleans()):
            events.append(commit(name, shas[number], moment, parents=tuple(parents), subject=subject))
        if draw(st.booleans()):
            events.append(push(name, moment, (shas[number], moment, subject)))
    return events


def _shipped(draw: st.DrawFn, name: str, shas: list[str]) -> Event:
    kind, moment = (
        draw(st.sampled_from(["deployment", "deployment", "deployment", "release", "tag"])),
        _at(draw(_HOURS)),
    )
    if kind == "release":
        return release(name, draw(st.integers(0, 5)), moment, "v1")
    if kind == "tag":
        return push(name, moment, (draw(st.sampled_from(shas)), _at(0), "x"), ref="refs/tags/v1")
    number = draw(st.integers(1, 4))
    return deployment_status(
        name,
        number,
        moment,
        shas[number],
        state=draw(st.sampled_from(["success", "success", "success", "failure", "inactive"])),
        environment=draw(st.sampled_from(["production", "production", "live", "staging"])),
        ref=draw(st.sampled_from(["main", "main", "hotfix/x"])),
    )


def _incident(draw: st.DrawFn, name: str, shas: list[str]) -> Event:
    opened = draw(_HOURS)
    return issue(
        name,
        draw(st.integers(1, 2)),
        _at(draw(_HOURS)),
        opened_at=_at(opened),
        closed_at=_at(draw(st.integers(opened, 99))) if draw(st.booleans()) else None,
        labels=draw(st.sampled_from([("incident",), ("bug",)])),
        text=draw(st.sampled_from(["", "#1", "v1", shas[1], f"{shas[2][:8]}."])),
        action=draw(st.sampled_from(["edited", "edited", "edited", "deleted"])),
    )


def _found(draw: st.DrawFn, places: Places, name: str, shas: list[str]) -> list[Event]:
    """Return a pull request, and what tests and scanners found."""
    known = st.sampled_from(shas)
    return [
        pull_request(
            name,
            draw(st.integers(1, 3)),
            _at(draw(_HOURS)),
            opened_at=_at(0),
            merged_at=draw(st.none() | _HOURS.map(_at)),
            head=draw(known),
            merge=draw(st.sampled_from([None, *shas])),
        ),
        told(
            places.projects[0],
            "test_execution",
            _at(draw(_HOURS)),
            commit_sha=draw(known),
            passed=1,
            failed=0,
            coverage=draw(st.integers(0, 100)),
            suite="unit",
        ),
        check_run(name, _at(draw(_HOURS)), draw(known), conclusion=draw(st.sampled_from(["success", "failure"]))),
        alert(
            name,
            draw(st.sampled_from(["dependabot", "code_scanning"])),
            draw(st.integers(1, 2)),
            _at(draw(_HOURS)),
            action=draw(st.sampled_from(["created", "fixed", "dismissed", "reopened"])),
            created_at=_at(draw(_HOURS)),
            severity=draw(st.sampled_from([None, "low", "high"])),
            sha=draw(known),
        ),
    ]
