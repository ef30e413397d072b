"""What went through the doors, for the log: a line every ten seconds, since a line an event would cost too much."""

import time
from collections import Counter

import structlog

EVERY_SECONDS = 10.0

log = structlog.get_logger(__name__)


class Tally:
    """Counts requests by door and by what became of them; used by one event loop."""

    def __init__(self) -> None:
        self._counted: Counter[tuple[str, str]] = Counter()
        self._due = time.monotonic() + EVERY_SECONDS

    def add(self, door: str, outcome: str) -> None:
        """Count one request; says what was counted when it is time."""
        self._counted[door, outcome] += 1
        if time.monotonic() >= self._due:
            self.tell()

    def tell(self) -> None:
        """Log what was counted since the last time, a line a door."""
        counted, self._counted = self._counted, Counter()
        self._due = time.monotonic() + EVERY_SECONDS
        for door in sorted({door for door, _ in counted}):
            outcomes = {outcome: number for (each, outcome), number in sorted(counted.items()) if each == door}
            log.info("requests at a door", door=door, outcomes=outcomes, requests=sum(outcomes.values()))
