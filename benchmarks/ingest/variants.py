"""The same doors with another way to land an event: `python -m benchmarks.ingest.variants VARIANT PORT`.

kino: as it is · no_database: tokens and landing are answered from memory · commit_each: every request commits alone,
on a pool of ten connections.
"""

import sys
import uuid
from unittest.mock import patch

from kino_cli.serve import serve_app
from kino_core.events import Event
from kino_core.settings import load_settings
from kino_ingest import doors
from kino_ingest.committer import Committer
from kino_ingest.connections import connection_pool
from kino_ingest.landing import Batch, Outcome
from kino_ingest.lookups import KnownToken, Lookups
from kino_ingest.quotas import Quota
from kino_ingest.sql import read_sql


class NowhereCommitter(Committer):
    """Prepares an event as for landing, and forgets it."""

    def start(self) -> None:
        """Start nothing."""

    async def stop(self) -> None:
        """Stop nothing."""

    async def land(self, event: Event, seconds: float) -> Outcome:
        """Return ACCEPTED."""
        Batch([event])
        return Outcome.ACCEPTED


class KnownByHeart(Lookups):
    """Knows every token."""

    _TOKEN = KnownToken(uuid.uuid4(), uuid.uuid4(), None, Quota(), False, ())

    async def token(self, text: str, seconds: float) -> KnownToken | None:
        """Return the one token there is."""
        return self._TOKEN

    def note_used(self, token_id: uuid.UUID) -> None:
        """Note nothing."""


class CommitEach(Committer):
    """Commits each request on its own."""

    def __init__(self, database_url: str) -> None:
        super().__init__(database_url)
        self._pool = connection_pool(database_url, size=10, wait_seconds=30)
        self._opened = False

    def start(self) -> None:
        """Start nothing: the pool opens with the first request."""

    async def stop(self) -> None:
        """Close the pool."""
        await self._pool.close()

    async def land(self, event: Event, seconds: float) -> Outcome:
        """Land one event with a statement and a commit of its own."""
        if not self._opened:
            self._opened = True
            await self._pool.open()
        batch = Batch([event])
        async with self._pool.connection() as connection:
            cursor = await connection.execute(read_sql("land"), batch.claim)
            claimed = [(source, event_id) for source, event_id in await cursor.fetchall()]
        return batch.outcomes(claimed, [])[0]


REPLACED: dict[str, dict[str, type]] = {
    "kino": {},
    "no_database": {"Committer": NowhereCommitter, "Lookups": KnownByHeart},
    "commit_each": {"Committer": CommitEach},
}


def main() -> None:
    """Serve until SIGTERM."""
    variant, port = sys.argv[1], int(sys.argv[2])
    with patch.dict(vars(doors), REPLACED[variant]):
        serve_app(doors.create_doors(load_settings()), "127.0.0.1", port)


if __name__ == "__main__":
    main()
