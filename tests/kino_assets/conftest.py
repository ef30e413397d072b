"""A lake on the test's own database, and the ways to feed and ask it."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import pytest

from kino_assets.refresh import LakeWriter
from kino_core.database import Database
from kino_core.events import Event
from kino_core.gold import MetricValue, Scope, Warehouse
from kino_core.metrics import ScopeType
from kino_core.periods import Grain, parse_period
from kino_core.settings import Settings
from kino_ingest.landing import land
from tests.factories.events import project_created, repository_connected

REPOSITORY = "example/kino"


@pytest.fixture
def writer(settings: Settings) -> Iterator[LakeWriter]:
    with closing(LakeWriter(settings)) as opened:
        yield opened


@pytest.fixture
def landed(database: Database) -> Callable[[Sequence[Event]], None]:
    def act(events: Sequence[Event]) -> None:
        with database.write() as session:
            land(session, events)

    return act


@pytest.fixture
def project_id(landed: Callable[[Sequence[Event]], None]) -> uuid.UUID:
    """A project with the repository REPOSITORY."""
    made = uuid.uuid4()
    landed([project_created(made, "Kino"), repository_connected(made, REPOSITORY)])
    return made


@pytest.fixture
def value(settings: Settings, project_id: uuid.UUID) -> Iterator[Callable[..., MetricValue]]:
    """Ask the newest gold for a metric, of the test's project unless told otherwise."""
    with closing(Warehouse(settings)) as warehouse:

        def ask(key: str, period: str, scope: Scope | None = None, by: Grain | None = None) -> MetricValue:
            with warehouse.gold() as gold:
                return gold.value(key, scope or Scope(ScopeType.PROJECT, project_id), parse_period(period), by)

        yield ask
