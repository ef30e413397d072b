from dashboards.snapshot_cache import SnapshotCache


def test_an_answer_is_worked_out_once_a_snapshot() -> None:
    cache = SnapshotCache()
    worked: list[str] = []

    def ask(snapshot_id: int, key: str) -> str:
        def work_out() -> str:
            worked.append(f"{key}{snapshot_id}")
            return worked[-1]

        return cache.get(snapshot_id, key, work_out)

    assert [ask(1, "a"), ask(1, "a"), ask(1, "b"), ask(2, "a"), ask(2, "a")] == ["a1", "a1", "b1", "a2", "a2"]
    assert worked == ["a1", "b1", "a2"]
    # A reader that is still at the older snapshot gets its own numbers and leaves the newer ones alone.
    assert [ask(1, "a"), ask(2, "a")] == ["a1", "a2"]
    assert worked == ["a1", "b1", "a2", "a1"]


def test_it_never_grows_without_end() -> None:
    cache = SnapshotCache(most_entries=2)
    worked: list[str] = []

    def ask(key: str) -> None:
        cache.get(1, key, lambda: worked.append(key))

    for key in ("a", "b", "c", "c", "b", "a"):
        ask(key)
    assert worked == ["a", "b", "c", "a"]
