"""What a merge brought in, against the plain definition."""

from hypothesis import given
from hypothesis import strategies as st

from kino_assets.history import Shipment, brought_in, first_shipped


@st.composite
def histories(draw: st.DrawFn) -> dict[str, list[str]]:
    """Return a random history, shuffled; some parents are missing, as in a shallow clone."""
    parents: dict[str, list[str]] = {}
    for number in range(draw(st.integers(1, 25))):
        known = sorted(parents)
        chosen = draw(st.lists(st.sampled_from(known), max_size=3, unique=True)) if known else []
        if draw(st.integers(0, 9)) == 0:
            chosen = [*chosen, "outside"]
        parents[f"c{number:02}"] = chosen
    return {sha: parents[sha] for sha in draw(st.permutations(sorted(parents)))}


@given(histories())
def test_a_merge_brings_in_what_its_first_parent_does_not_reach(parents: dict[str, list[str]]) -> None:
    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            sha = waiting.pop()
            if sha in parents and sha not in seen:
                seen.add(sha)
                waiting.extend(parents[sha])
        return seen

    expected = {
        sha: set().union(*(reach(parent) for parent in rest)) - reach(first)
        for sha, (first, *rest) in ((sha, known) for sha, known in parents.items() if len(known) > 1)
    }
    assert brought_in(parents, parents) == expected


def test_first_shipments_by_ancestry_and_by_time() -> None:
    commits = {"a": ([], 1), "b": (["a"], 2), "side": (["a"], 3), "c": (["b", "gone"], 4), "pushed": (None, 5)}
    assert first_shipped(
        commits,
        [
            Shipment("first", "b", 2, estimated=False),
            Shipment("back", "a", 1, estimated=False),
            Shipment("no commit", None, 3, estimated=False),
            Shipment("second", "c", 4, estimated=False),
            Shipment("by time", "unknown", 3, estimated=True),
            Shipment("earlier", "unknown", 1, estimated=True),
            Shipment("last", "pushed", 5, estimated=True),
        ],
    ) == {"b": "first", "a": "first", "c": "second", "side": "by time", "pushed": "last"}
    assert first_shipped({}, [Shipment("empty", "x", 9, estimated=True)]) == {}
