"""A lake that grew window by window, for the tests of a module to ask what it held after each."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kino_assets.refresh import LakeWriter, Refreshed
from kino_core.database import Database
from kino_core.events import Event
from kino_core.gold import Gold, MetricValue, Scope, open_gold
from kino_core.periods import Grain, parse_period
from kino_core.settings import Settings, settings_from
from kino_ingest.landing import land


@dataclass(frozen=True)
class GrownLake:
    """The lake of a module's events; `windows` tells of its refreshes.

    What costs time is the refresh: each test has places of its own in it, and asks at the window that it is about.
    """

    settings: Settings
    writer: LakeWriter
    database: Database
    _open: ExitStack
    windows: list[Refreshed] = field(default_factory=list)
    _golds: list[Gold] = field(default_factory=list)

    def grow(self, events: Sequence[Event] = (), *, full: bool = False) -> None:
        """Land the events as the next window, and refresh."""
        with self.database.write() as session:
            land(session, events)
        self.windows.append(self.writer.refresh(full=full, everything=True))
        self._golds.append(self._open.enter_context(open_gold(self.settings)))

    def close(self) -> None:
        """Let go of the lake's files; what it was can be asked no more, and the writer opens it again."""
        self._open.close()
        self.writer.close()

    def gold(self, after: int = -1) -> Gold:
        """Return what the lake held after that window."""
        return self._golds[after]

    def ask(self, key: str, period: str, scope: Scope, by: Grain | None = None, *, after: int = -1) -> MetricValue:
        """Return the value as it was after that window."""
        return self.gold(after).value(key, scope, parse_period(period), by)


@contextmanager
def grown_lake(database_url: str, home: Path, windows: Sequence[Sequence[Event]]) -> Iterator[GrownLake]:
    """Yield a new lake that has grown by `windows`."""
    settings = settings_from({"KINO_HOME": str(home), "DATABASE_URL": database_url})
    with closing(Database(database_url)) as database, closing(LakeWriter(settings)) as writer, ExitStack() as opened:
        lake = GrownLake(settings, writer, database, opened)
        for window in windows:
            lake.grow(window)
        yield lake
