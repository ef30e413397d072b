"""How old what a request was answered with may be, told along with the answer."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Staleness:
    """`seconds` is None while everything came from the server that is written to, or from a copy close behind it."""

    seconds: float | None = None

    def note(self, seconds: float) -> None:
        """Note that something was read that is so old."""
        self.seconds = max(seconds, self.seconds or 0.0)


staleness: ContextVar[Staleness] = ContextVar("staleness")
"""Of the request in hand; threads that work for it share the object. Unset outside of requests."""


def note_stale(seconds: float) -> None:
    """Note for the request in hand, if there is one, that something so old was read."""
    if (current := staleness.get(None)) is not None:
        current.note(seconds)


def stale_seconds() -> float | None:
    """Return how old the oldest part of the answer in hand may be, None where all of it is current."""
    current = staleness.get(None)
    return current.seconds if current else None
