"""Numbers worked out once a snapshot of the lake: a snapshot never changes, so every visitor may share them."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

MOST_ENTRIES = 256

T = TypeVar("T")


class SnapshotCache:
    """Answers worked out from the newest snapshot that was seen; those of an older one are forgotten."""

    def __init__(self, most_entries: int = MOST_ENTRIES) -> None:
        self._most_entries = most_entries
        self._lock = threading.Lock()
        self._snapshot_id = -1
        self._answers: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, snapshot_id: int, key: Hashable, work_out: Callable[[], T]) -> T:
        """Return the answer to `key` at a snapshot; `key` must hold all that the answer depends on.

        Two threads may work out the same answer at once: that costs time, never a wrong number.
        """
        with self._lock:
            if snapshot_id > self._snapshot_id:
                self._snapshot_id = snapshot_id
                self._answers.clear()
            current = snapshot_id == self._snapshot_id
            if current and key in self._answers:
                self._answers.move_to_end(key)
                found: T = self._answers[key]
                return found
        made = work_out()
        with self._lock:
            if snapshot_id == self._snapshot_id:
                self._answers[key] = made
                while len(self._answers) > self._most_entries:
                    self._answers.popitem(last=False)
        return made
