"""What agents report: a task with its session, commits, test runs and blockers, and what it used up."""

from collections.abc import Generator, Iterator
from datetime import datetime

from kino_core.events import Event
from kino_ingest.agent_report import EventType
from kino_ingest.simulation.changes import Change, Changes
from kino_ingest.simulation.dice import Dice
from kino_ingest.simulation.events import Json, Lines, Senders
from kino_ingest.simulation.people import Agent, Person
from kino_ingest.simulation.plan import PlannedProject

INPUT_PRICE, OUTPUT_PRICE = 3e-6, 15e-6
SUITES = ("unit", "integration", "end to end")
WAITS_FOR = ("An answer about the wording", "Access to the staging database", "A decision on the schema")


class Tasks:
    """The tasks of a project's agents; those that were planned come first, each when its time has come."""

    def __init__(self, project: PlannedProject, senders: Senders, dice: Dice, changes: Changes) -> None:
        self._project = project
        self._senders = senders
        self._dice = dice
        self._changes = changes
        self._items = list(project.items)

    def done_by(self, agent: Agent, person: Person, at: datetime, progress: float) -> Iterator[Event]:
        """Yield a task that `person` asks of `agent`; `progress` is the share of the project's events that are told."""
        task, title = self._next(progress)
        session = _Session(self._project, self._senders, self._dice, agent, task)
        yield session.tell(EventType.TASK_STARTED, at, title=title, asked_by=person.name)
        change = Change(title, person, agent)
        for round_ in range(1 + self._dice.below(4)):
            written = self._changes.write(change, at := self._dice.later(at, 3, 25))
            yield session.tell(
                EventType.CODE_COMMIT, at, sha=written.sha, message=written.subject, **_counts(written.lines)
            )
            yield session.tell(EventType.TEST_EXECUTION, at := self._dice.later(at, 1, 8), **self._test_run(round_))
        if self._dice.happens(0.14):
            goes_on_at = yield from self._blocker(session, task, self._dice.later(at, 1, 10))
            if goes_on_at is None:
                return
            at = goes_on_at
        yield session.tell(EventType.TASK_COMPLETED, at := self._dice.later(at, 1, 10), title=title)
        if self._dice.happens(0.75):
            yield from self._changes.pull_request(change, self._dice.later(at, 1, 6))

    def _next(self, progress: float) -> tuple[str, str]:
        if self._items and progress >= self._items[0].taken_up_after:
            item = self._items.pop(0)
            return item.key, item.title
        return f"{self._project.key}-{1000 + self._senders.number()}", self._changes.title()

    def _blocker(self, session: "_Session", task: str, at: datetime) -> Generator[Event, None, datetime | None]:
        """Yield what is told of a blocker, and return when the task goes on, None if it does not."""
        blocker: Json = {"blocker_id": f"{task}/blocker", "description": self._dice.one(WAITS_FOR)}
        yield session.tell(EventType.BLOCKER_IDENTIFIED, at, **blocker)
        if self._dice.happens(0.15):
            return None
        at = self._dice.later(at, 15, 480)
        # Where nobody says that it is resolved, the completion of the task closes it.
        if self._dice.happens(0.7):
            yield session.tell(EventType.BLOCKER_IDENTIFIED, at, **blocker, resolved=True)
        return at

    def _test_run(self, round_: int) -> Json:
        dice = self._dice
        return {
            "passed": 40 + dice.below(400),
            "failed": dice.below(6) if dice.happens(0.45 / (1 + round_)) else 0,
            "skipped": dice.below(5),
            "duration_s": round(5 + 90 * dice.share(), 1),
            "suite": dice.one(SUITES),
        }


class _Session:
    """One sitting of an agent; most report what they use up, some never do."""

    def __init__(self, project: PlannedProject, senders: Senders, dice: Dice, agent: Agent, task: str) -> None:
        self._senders, self._dice, self._agent, self._task = senders, dice, agent, task
        self._reports_usage = dice.happens(0.85)
        self._further: Json = {
            "session_id": f"{agent.name}/{senders.number()}",
            "model": agent.model,
            "repository": project.repository,
        }

    def tell(self, kind: EventType, at: datetime, **data: object) -> Event:
        """Return the report; most have an id, the others get one from what they say."""
        further = dict(self._further)
        if self._dice.happens(0.9):
            further["event_id"] = f"{self._task}/{self._senders.number()}"
        if self._reports_usage and kind is not EventType.TASK_STARTED:
            further["usage"] = self._usage()
        return self._senders.report(self._agent, kind, at, self._task, data, **further)

    def _usage(self) -> Json:
        taken, given = 2_000 + self._dice.below(60_000), 200 + self._dice.below(6_000)
        cost = round(taken * INPUT_PRICE + given * OUTPUT_PRICE, 4)
        return {"input_tokens": taken, "output_tokens": given, "cost_usd": cost}


def _counts(lines: Lines) -> Json:
    return {
        "files_changed": len({path for path, _, _ in lines}),
        "lines_added": sum(added for _, added, _ in lines),
        "lines_deleted": sum(deleted for _, _, deleted in lines),
    }
