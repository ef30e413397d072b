from dataclasses import dataclass
from typing import cast

from dashboards.snapshot_cache import SnapshotCache
from kino_core.gold import Gold


@dataclass
class At:
    """As much of a reader as the cache looks at."""

    snapshot_id: int


def at(snapshot_id: int) -> Gold:
    return cast(Gold, At(snapshot_id))


def test_an_answer_is_worked_out_once_a_snapshot() -> None:
    cache = SnapshotCache()
    worked: list[str] = []

    def ask(snapshot_id: int, key: str) -> str:
        def work_out() -> str:
            worked.append(f"{key}{snapshot_id}")
            return worked[-1]

        return cache.get(at(snapshot_id), key, work_out)

    assert [ask(1, "a"), ask(1, "a"), ask(1, "b"), ask(2, "a"), ask(2, "a")] == ["a1", "a1", "b1", "a2", "a2"]
    assert worked == ["a1", "b1", "a2"]
    # A reader that is still at the older snapshot gets its own numbers and leaves the newer ones alone.
    assert [ask(1, "a"), ask(2, "a")] == ["a1", "a2"]
    assert worked == ["a1", "b1", "a2", "a1"]


def test_it_never_grows_without_end() -> None:
    cache = SnapshotCache(most_entries=2)
    worked: list[str] = []

    def ask(key: str) -> None:
        cache.get(at(1), key, lambda: worked.append(key))

    for key in ("a", "b", "c", "c", "b", "a"):
        ask(key)
    assert worked == ["a", "b", "c", "a"]
