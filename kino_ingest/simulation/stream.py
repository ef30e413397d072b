"""The events of a plan in the order in which they come in: mostly as they happened, some late, some twice."""

import heapq
from collections.abc import Iterator
from datetime import datetime, timedelta

from kino_core.events import Event
from kino_ingest.simulation.plan import Plan
from kino_ingest.simulation.work import ProjectWork

LATE, LONGEST_DELAY_HOURS = 0.03, 72
TWICE, LONGEST_REPEAT_MINUTES = 0.01, 30
MOST_WAITING = 10_000
"""Events in hand at once, whatever the plan: what would be later than these comes a little early."""


def simulated_events(plan: Plan) -> Iterator[Event]:
    """Yield `plan.events` different events and, in between, some of them once more; memory holds a few thousand."""
    works = (ProjectWork(plan, project).events() for project in plan.portfolio())
    waiting: list[tuple[datetime, int, Event]] = []
    for number, (comes_at, event) in enumerate(_sent(plan, heapq.merge(*works, key=_begun))):
        heapq.heappush(waiting, (comes_at, number, event))
        if len(waiting) > MOST_WAITING:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def _sent(plan: Plan, told: Iterator[tuple[float, Event]]) -> Iterator[tuple[datetime, Event]]:
    """Yield each event with the moment at which it comes in, and those that come twice twice."""
    dice = plan.dice("delivery")
    for _, event in told:
        comes_at, luck = event.occurred_at, dice.share()
        if luck < LATE:
            comes_at += timedelta(hours=LONGEST_DELAY_HOURS * dice.share() ** 2)
        yield comes_at, event
        if luck > 1 - TWICE:
            yield comes_at + timedelta(minutes=LONGEST_REPEAT_MINUTES * dice.share()), event


def _begun(told: tuple[float, Event]) -> float:
    return told[0]
