"""A project's days, told in episodes: each begins when its person is at work, and what follows from it follows."""

from collections.abc import Iterator
from datetime import date, timedelta

from kino_core.events import Event
from kino_ingest.simulation.changes import Changes
from kino_ingest.simulation.events import Senders
from kino_ingest.simulation.plan import Plan, PlannedProject
from kino_ingest.simulation.tasks import Tasks

WEEKEND = 0.12
RAMP_DAYS = 14
AGENTS_SHARE, PULL_REQUESTS_SHARE = 0.6, 0.55


class ProjectWork:
    """The work of one project."""

    def __init__(self, plan: Plan, project: PlannedProject) -> None:
        senders = Senders(project, plan.fingerprint)
        self._plan = plan
        self._project = project
        self._dice = plan.dice("work", project.number)
        self._changes = Changes(project, senders, self._dice)
        self._tasks = Tasks(project, senders, self._dice, self._changes)
        self._made = 0

    def events(self) -> Iterator[tuple[float, Event]]:
        """Yield exactly the project's number of events, each with the day (and part of it) that its episode began."""
        first = (self._project.start_date - self._plan.first_day).days
        total = sum(self._busyness(day) for day in range(first, self._plan.days))
        passed = 0.0
        for day in range(first, self._plan.days):
            passed += self._busyness(day)
            begun, due = self._made, int(self._project.events * passed / total)
            if day == self._plan.days - 1:
                due = self._project.events
            while self._made < due:
                share = (self._made - begun) / (due - begun)
                for event in self._episode(self._plan.first_day + timedelta(days=day), share):
                    if event.occurred_at <= self._plan.end and self._made < self._project.events:
                        self._made += 1
                        yield day + share, event

    def _busyness(self, day: int) -> float:
        weekday = (self._plan.first_day + timedelta(days=day)).weekday()
        return (WEEKEND if weekday >= 5 else 1.0) * min(1.0, (day + 4) / RAMP_DAYS)

    def _episode(self, day: date, share: float) -> Iterator[Event]:
        dice, agents = self._dice, self._project.agents
        person = dice.one(self._project.team)
        at = person.at_work(day, min(0.98, share + 0.05 * dice.share()))
        # On the last day some are still at work when the simulation ends.
        at = min(at, self._plan.end - timedelta(minutes=1 + 90 * dice.share()))
        if agents and dice.happens(AGENTS_SHARE):
            return self._tasks.done_by(dice.one(agents), person, at, self._made / self._project.events)
        if dice.happens(PULL_REQUESTS_SHARE):
            return self._changes.by_person(person, at)
        return self._changes.straight(person, at)
