"""The landing log: every event, whatever its source, becomes durable here and exactly once.

`Batch` decides without I/O (which keys to claim, what each event's outcome is); `land` runs its two statements
on a SQLAlchemy session, and the doors' committer runs the same two on its own asynchronous connection.
"""

import hashlib
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from kino_core.database import WriteSession
from kino_core.events import Event, canonical_json
from kino_ingest.sql import read_sql

Key = tuple[str, str]
"""(source, event id): what makes two events the same one."""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_ESCAPED_NUL = b"\\u0000"


class Outcome(StrEnum):
    """What became of one event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


def without_nul(value: object) -> object:
    """Return `value` with every NUL in its keys and texts replaced: PostgreSQL's text and jsonb refuse them."""
    if isinstance(value, str):
        return value.replace("\0", REPLACEMENT)
    if isinstance(value, dict):
        return {without_nul(key): without_nul(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_nul(item) for item in value]
    return value


class Batch:
    """Events that land together, in the order given."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._keys: list[Key] = [(event.source.value, event.event_id) for event in events]
        canonical = [canonical_json(event.body) for event in events]
        self._hashes = [hashlib.sha256(body).digest() for body in canonical]
        first: dict[Key, int] = {}
        for place, key in enumerate(self._keys):
            first.setdefault(key, place)
        self._first = first
        chosen = [events[place] for place in first.values()]
        self.claim: dict[str, list[Any]] = {
            "sources": [event.source.value for event in chosen],
            "event_ids": [event.event_id for event in chosen],
            "body_hashes": [self._hashes[place] for place in first.values()],
            "types": [event.type for event in chosen],
            "occurred_at": [event.occurred_at for event in chosen],
            "project_ids": [event.project_id for event in chosen],
            "repositories": [event.repository for event in chosen],
            "token_ids": [event.token_id for event in chosen],
            "bodies": [_jsonb_text(events[place].body, canonical[place]) for place in first.values()],
            "raws": [event.raw for event in chosen],
        }
        """The values of `land.sql`: one event a key, the first of each."""

    def taken(self, claimed: Iterable[Key]) -> dict[str, list[str]] | None:
        """Return the values of `claimed_hashes.sql` for the keys that were taken already, None if there are none."""
        won = set(claimed)
        lost = [key for key in self._first if key not in won]
        if not lost:
            return None
        return {"sources": [source for source, _ in lost], "event_ids": [event_id for _, event_id in lost]}

    def outcomes(self, claimed: Iterable[Key], stored: Iterable[tuple[str, str, bytes]]) -> list[Outcome]:
        """Return each event's outcome in the order given, from what the two statements answered."""
        won = set(claimed)
        hashes = {(source, event_id): bytes(body_hash) for source, event_id, body_hash in stored}
        hashes |= {key: self._hashes[self._first[key]] for key in won}
        return [
            Outcome.ACCEPTED
            if key in won and self._first[key] == place
            else Outcome.DUPLICATE
            if hashes[key] == self._hashes[place]
            else Outcome.CONFLICT
            for place, key in enumerate(self._keys)
        ]


def land(session: WriteSession, events: Sequence[Event]) -> list[Outcome]:
    """Land `events` in the session's transaction and return their outcomes in the same order.

    An event whose key was claimed before, by this batch or by any other, adds nothing: DUPLICATE when its content
    is the same, CONFLICT when it differs.
    """
    if not events:
        return []
    batch = Batch(events)
    claimed = [(row[0], row[1]) for row in session.exec_driver_sql(read_sql("land"), batch.claim).all()]
    taken = batch.taken(claimed)
    stored = session.exec_driver_sql(read_sql("claimed_hashes"), taken) if taken else ()
    return batch.outcomes(claimed, [(row[0], row[1], row[2]) for row in stored])


def _jsonb_text(body: dict[str, Any], canonical: bytes) -> str:
    if _ESCAPED_NUL in canonical:
        canonical = canonical_json(without_nul(body))
    return canonical.decode()
