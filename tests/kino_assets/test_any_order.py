"""Whatever is told, in whatever order: a lake that grew window by window is the one that is built at once."""

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kino_assets.check import check_warehouse
from kino_assets.refresh import LakeWriter
from kino_core.database import Database
from kino_core.events import Event
from kino_core.settings import settings_from
from kino_ingest.landing import land
from tests.conftest import FreshDatabase
from tests.factories.stories.agents import commits, tasks
from tests.factories.stories.delivery import delivery
from tests.factories.stories.places import Places, moving, steady
from tests.factories.stories.reviews import requests, reviews
from tests.factories.stories.work import work

EXAMPLES = int(os.environ.get("KINO_ANY_ORDER_EXAMPLES", "2"))
WINDOWS = 3
Family = Callable[[Places], st.SearchStrategy[list[Event]]]
FAMILIES: tuple[Family, ...] = (commits, tasks, work, delivery, reviews, requests)

# What costs time is the refresh, not what comes in with it: every example tells many stories at once.
CASTS: tuple[tuple[st.SearchStrategy[Places], tuple[Family, ...]], ...] = (
    # Each family alone, where little hides what it does: twice where all stays, and where places come, move and go.
    *((steady(), (family,)) for family in FAMILIES),
    *((moving(), (family,)) for family in FAMILIES),
    # All of them of the same places.
    (steady(), FAMILIES),
    (moving(), FAMILIES),
)


@st.composite
def windows(draw: st.DrawFn) -> list[list[Event]]:
    """Return everything that the stories tell, in random order, some of it twice, cut into windows."""
    events: list[Event] = []
    for where, families in CASTS:
        places = draw(where)
        events += places.told
        for family in families:
            events += draw(family(places))
    events += draw(st.lists(st.sampled_from(events), max_size=9))
    shuffled = draw(st.permutations(events))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), min_size=WINDOWS - 1, max_size=WINDOWS - 1)))
    cut = [shuffled[start:end] for start, end in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
    # The first example that is tried is the least of all, which would be one window in the order of the stories.
    assume(all(cut))
    return cut


@hypothesis_settings(max_examples=EXAMPLES)
@given(told=windows())
def test_a_lake_that_grew_equals_one_that_is_built_at_once(
    told: list[list[Event]], fresh_database: FreshDatabase, redis_url: str, tmp_path: Path
) -> None:
    with fresh_database() as url:
        home = tmp_path / url.rpartition("/")[2]
        settings = settings_from({"KINO_HOME": str(home), "DATABASE_URL": url, "REDIS_URL": redis_url})
        with closing(Database(url)) as database, closing(LakeWriter(settings)) as writer:
            for window in told:
                _land(database, window)
                writer.refresh(everything=True)
        check = check_warehouse(settings)
        assert check.ok, [table for table in check.tables if table.differences]


def _land(database: Database, window: Sequence[Event]) -> None:
    with database.write() as session:
        land(session, window)
