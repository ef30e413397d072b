"""Sign-in attempts: who guesses too often waits.

Counted for an account seen from one address, so that nobody can lock somebody else out from elsewhere.
"""

import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from kino_api.problems import TooManyAttempts

MINUTE, HOUR = 60.0, 3600.0
FAILURES_A_MINUTE = 5
FAILURES_AN_HOUR = 20
LOCKED_SECONDS = 900.0
MOST_KEYS = 10_000

Key = tuple[str, str]


@dataclass
class _Attempts:
    failed_at: deque[float] = field(default_factory=lambda: deque(maxlen=FAILURES_AN_HOUR))
    locked_until: float = 0.0


class Lockout:
    """The failed attempts that this process has seen; the longest forgotten goes first when there are too many."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._lock = threading.Lock()
        self._attempts: OrderedDict[Key, _Attempts] = OrderedDict()

    def check(self, email: str, address: str) -> None:
        """Raise TooManyAttempts while this account is locked for this address."""
        with self._lock:
            attempts = self._attempts.get((email.strip().casefold(), address))
            left = attempts.locked_until - time.monotonic() if attempts else 0.0
        if left > 0:
            minutes = int(left // 60) + 1
            raise TooManyAttempts(
                f"Too many failed attempts to sign in. Try again in {minutes} minutes.", seconds=int(left) + 1
            )

    def failed(self, email: str, address: str) -> None:
        """Count a failure, and lock when it is one too many."""
        if not self._enabled:
            return
        now = time.monotonic()
        with self._lock:
            attempts = self._attempts.setdefault((email.strip().casefold(), address), _Attempts())
            self._attempts.move_to_end((email.strip().casefold(), address))
            attempts.failed_at.append(now)
            last_minute = sum(moment > now - MINUTE for moment in attempts.failed_at)
            last_hour = sum(moment > now - HOUR for moment in attempts.failed_at)
            if last_minute >= FAILURES_A_MINUTE or last_hour >= FAILURES_AN_HOUR:
                attempts.locked_until = now + LOCKED_SECONDS
            while len(self._attempts) > MOST_KEYS:
                self._attempts.popitem(last=False)

    def succeeded(self, email: str, address: str) -> None:
        """Forget the failures of somebody who got in."""
        with self._lock:
            self._attempts.pop((email.strip().casefold(), address), None)
