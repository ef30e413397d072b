"""What git and GitHub tell of pull requests, their reviews and what was written again."""

from datetime import datetime, timedelta

from hypothesis import strategies as st

from kino_core.events import Event
from tests.factories.deliveries import push
from tests.factories.events import CLAUDE, DEPENDABOT, HUMAN, commit, pull_request
from tests.factories.review_requests import review, review_request
from tests.factories.stories.places import MONDAY, Places

_WITH_CLAUDE = "Do it\n\nCo-authored-by: {} <{}>".format(*CLAUDE)
_HOURS = st.integers(0, 60)
_DAYS = _HOURS.map(lambda days: MONDAY + timedelta(days=days))
_FILE = st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 9), st.integers(0, 9))
_FILES = st.lists(_FILE, max_size=3, unique_by=lambda each: each[0])
_SUBJECTS = st.sampled_from(["Work", "Work (#1)", "Merge pull request #2 from x/topic"])
_AUTHORS = st.sampled_from([HUMAN, CLAUDE, DEPENDABOT])
_ACTIONS = st.sampled_from(["opened", "ready_for_review", "synchronize", "closed"])
_STATES = st.sampled_from(["approved", "commented", "changes_requested"])


def _at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


@st.composite
def reviews(draw: st.DrawFn, places: Places) -> list[Event]:
    """Return how the first repository came to be what it is."""
    name, shas = places.repositories[0], places.shas[:6]
    known = st.sampled_from(shas[:5])
    events: list[Event] = []
    for number in range(draw(st.integers(2, 6))):
        day, subject = draw(_DAYS), draw(_SUBJECTS)
        parents = draw(st.lists(st.sampled_from(shas[:number]), max_size=2, unique=True)) if number else []
        if draw(st.booleans()):
            files, author = tuple(draw(_FILES)), draw(_AUTHORS)
            events.append(
                commit(name, shas[number], day, parents=tuple(parents), subject=subject, files=files, author=author)
            )
        if draw(st.booleans()):
            events.append(push(name, day, (shas[number], day, subject)))
    for _ in range(draw(st.integers(2, 5))):
        pushed = (draw(known), _at(draw(_HOURS)), draw(st.sampled_from(["Do it", _WITH_CLAUDE])))
        before = draw(st.sampled_from(["0" * 40, *shas]))
        events.append(push(name, _at(draw(_HOURS)), pushed, ref="refs/heads/topic", before=before))
    for _ in range(draw(st.integers(2, 6))):
        events.append(
            pull_request(
                name,
                draw(st.integers(1, 3)),
                _at(draw(_HOURS)),
                action=draw(_ACTIONS),
                opened_at=_at(0),
                merged_at=draw(st.none() | _HOURS.map(_at)),
                login=draw(st.sampled_from(["robin", "claude[bot]"])),
                draft=draw(st.booleans()),
                head=draw(known),
            )
        )
    events.extend(_said(draw, name) for _ in range(draw(st.integers(2, 6))))
    return events


def _said(draw: st.DrawFn, name: str) -> Event:
    number, moment = draw(st.integers(1, 3)), _at(draw(_HOURS))
    reviewer = draw(st.sampled_from(["kim", "Robin", "claude[bot]"]))
    if not draw(st.booleans()):
        return review_request(name, number, moment, reviewer, removed=draw(st.booleans()))
    action, review_id = draw(st.sampled_from(["submitted", "submitted", "edited"])), draw(st.integers(1, 4))
    return review(name, number, moment, reviewer, state=draw(_STATES), action=action, review_id=review_id)


@st.composite
def requests(draw: st.DrawFn, places: Places) -> list[Event]:
    """Return what GitHub tells of requests for one review, much of it at the same moments."""
    name = places.repositories[0]
    events = []
    for number in range(draw(st.integers(2, 8))):
        moment, reviewer = _at(draw(st.integers(0, 3))), draw(st.sampled_from(["kim", "lee"]))
        # Which of two came first at one moment, their ids decide.
        event_id = f"{name} {number}"
        if draw(st.booleans()):
            events.append(review(name, 1, moment, reviewer, event_id=event_id))
        else:
            removed = draw(st.booleans())
            events.append(review_request(name, 1, moment, reviewer, removed=removed, event_id=event_id))
    return events
