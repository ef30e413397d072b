"""The shape of a git history: which commits a merge brought in, and which a deployment."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Parents = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Shipment:
    """A deployment of commit `sha`. `estimated` says that its history is unknown.

    It is then taken to contain every commit up to `until` (microseconds since 1970).
    """

    key: str
    sha: str | None
    until: int
    estimated: bool


def first_shipped(
    commits: Mapping[str, tuple[Sequence[str] | None, int]], shipments: Iterable[Shipment]
) -> dict[str, str]:
    """Return, for each commit that was deployed, the key of the first of `shipments` (in order) that contained it.

    `commits` maps a commit to its parents, None where they are unknown, and when it was committed (microseconds since
    1970); parents outside the mapping are ignored.
    """
    shipped: dict[str, str] = {}
    by_time = sorted(commits, key=lambda sha: commits[sha][1], reverse=True)
    for shipment in shipments:
        if shipment.estimated:
            while by_time and commits[by_time[-1]][1] <= shipment.until:
                shipped.setdefault(by_time.pop(), shipment.key)
            continue
        stack = [shipment.sha] if shipment.sha is not None else []
        while stack:
            sha = stack.pop()
            if sha in commits and sha not in shipped:
                shipped[sha] = shipment.key
                stack.extend(commits[sha][0] or ())
    return shipped


def brought_in(parents: Parents, merges: Iterable[str]) -> dict[str, set[str]]:
    """Return, for each merge, the commits reachable from what it merged but not from where it merged to.

    `parents` maps a commit to its parents; parents outside the mapping (a shallow history) are ignored.
    Same answer as `git rev-list merge^1..merge` without the merge itself; visits only what lies between the two.
    """
    heights = _heights(parents)
    return {merge: _between(parents, heights, merge) for merge in merges if len(parents[merge]) > 1}


def _between(parents: Parents, heights: Mapping[str, int], merge: str) -> set[str]:
    """Walk both sides from the top down; stop once everything left is known to both."""
    into, *merged = parents[merge]
    ours: set[str] = {into}
    queue = [(-heights[sha], sha) for sha in {into, *merged} if sha in heights]
    heapq.heapify(queue)
    queued = {sha for _, sha in queue}
    only_theirs = sum(sha not in ours for sha in queued)
    branch: set[str] = set()
    while only_theirs:
        _, sha = heapq.heappop(queue)
        if sha not in ours:
            only_theirs -= 1
            branch.add(sha)
        for parent in parents[sha]:
            if parent not in heights:
                continue
            if sha in ours:
                only_theirs -= parent in queued and parent not in ours
                ours.add(parent)
            if parent not in queued:
                queued.add(parent)
                only_theirs += parent not in ours
                heapq.heappush(queue, (-heights[parent], parent))
    return branch


def _heights(parents: Parents) -> dict[str, int]:
    """Return each commit's distance from the furthest root: a parent is always lower than its child."""
    heights: dict[str, int] = {}
    for start in parents:
        stack = [start]
        while stack:
            sha = stack[-1]
            known = [parent for parent in parents[sha] if parent in parents]
            missing = [parent for parent in known if parent not in heights]
            if missing and sha not in heights:
                stack.extend(missing)
            else:
                stack.pop()
                heights[sha] = 1 + max((heights[parent] for parent in known), default=0)
    return heights
