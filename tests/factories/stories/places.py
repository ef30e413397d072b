"""Where stories happen: projects and the repositories that they have, had, or get later on."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from kino_core.events import Event
from tests.factories.events import project_deleted, repository_connected, repository_disconnected, sha
from tests.factories.plans import project_told

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
MONDAY = datetime(2026, 5, 4, tzinfo=UTC)
_ZONES = st.sampled_from(["UTC", "Asia/Tokyo", "Asia/Kolkata", "America/New_York"])
_MOMENTS = st.integers(0, 24 * 80).map(lambda hours: NOON + timedelta(hours=hours))


@dataclass(frozen=True)
class Places:
    """Two projects, two repositories and the names of their commits; `told` is what tells of the places themselves."""

    projects: tuple[uuid.UUID, uuid.UUID]
    repositories: tuple[str, str]
    shas: list[str]
    told: list[Event]


@st.composite
def moving(draw: st.DrawFn) -> Places:
    """Return places of which any may change hands, and one be gone."""
    places = _places(draw)
    for repository in places.repositories:
        for moment in draw(st.lists(_MOMENTS, min_size=1, max_size=2, unique=True)):
            places.told.append(repository_connected(draw(st.sampled_from(places.projects)), repository, at=moment))
    if draw(st.booleans()):
        places.told.append(repository_disconnected(places.projects[0], places.repositories[0], at=draw(_MOMENTS)))
    if draw(st.integers(0, 2)) == 2:
        places.told.append(project_deleted(places.projects[1]))
    return places


@st.composite
def steady(draw: st.DrawFn) -> Places:
    """Return places that stay as they are: what is told of them counts in any case."""
    places = _places(draw)
    places.told.extend(map(repository_connected, places.projects, places.repositories))
    return places


def _places(draw: st.DrawFn) -> Places:
    run = uuid.uuid4().hex
    projects, repositories = (uuid.uuid4(), uuid.uuid4()), (f"example/{run}-1", f"example/{run}-2")
    # Made before all that is told of them, so that what is said of them later counts.
    made = [project_told(each, MONDAY - timedelta(days=9), created=True, time_zone=draw(_ZONES)) for each in projects]
    return Places(projects, repositories, [sha(f"{run}{number}") for number in range(12)], made)
