"""How much of what is simulated: the arguments, and what follows from them for each project."""

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from kino_core.errors import InvalidInput
from kino_core.events import stable_id
from kino_ingest.simulation.dice import Dice
from kino_ingest.simulation.people import TIME_ZONES, Agent, Person, make_agent, make_person

WORDS = (
    "Harbour", "Lantern", "Meadow", "Copper", "Falcon", "Glacier", "Orchard", "Quarry", "Saffron", "Thistle", "Umbra",
    "Violet", "Willow", "Beacon", "Cinder", "Dune", "Ember", "Juniper", "Kestrel", "Maple", "Nectar", "Pebble", "Ridge",
    "Tundra",
)  # fmt: skip
TOPICS = (
    "sign-in", "search", "billing", "the importer", "notifications", "the export", "caching", "the schedule",
    "permissions", "the audit", "the mobile view", "retries", "rate limits", "the onboarding", "translations",
    "the dashboard",
)  # fmt: skip
VERBS = ("Add", "Fix", "Speed up", "Rework", "Test", "Document", "Simplify", "Extend")
MOST_ITEMS = 40
EVENTS_AN_ITEM = 40
PLANNED_LATER = 0.15
LEAST_TEAM, MOST_TEAM = 3, 7
PEOPLE_A_PROJECT = 3
LATEST_START = 0.3
LIVES_ELSEWHERE = 0.3
MOST_DAYS = 36_500
MOST_EVENTS = 10**12


@dataclass(frozen=True)
class PlannedItem:
    """A scope item: when it was planned, and the share of the project's events after which an agent takes it up."""

    key: str
    title: str
    planned_at: datetime
    taken_up_after: float


@dataclass(frozen=True)
class PlannedProject:
    """A project of the portfolio and its share of the events. `key` begins the ids of its tasks."""

    number: int
    id: uuid.UUID
    name: str
    key: str
    repository: str
    time_zone: str
    start_date: date
    end_date: date
    events: int
    team: tuple[Person, ...]
    agents: tuple[Agent, ...]
    items: tuple[PlannedItem, ...]


@dataclass(frozen=True)
class Plan:
    """What to simulate: exactly `events` different events until the end of the day `until`, over `days` days.

    `label` begins the names of the projects, where the plan's own is not wanted, `agent_label` those of the agents:
    everybody sees that they are made up. `salt` gives the same portfolio other ids.
    """

    projects: int
    days: int
    agents: int
    events: int
    seed: int
    until: date
    label: str = ""
    agent_label: str = "sim"
    salt: str = ""

    def __post_init__(self) -> None:
        for name, least, most in (
            ("projects", 1, 100_000),
            ("days", 1, MOST_DAYS),
            ("agents", 0, 100_000),
            ("events", 0, MOST_EVENTS),
        ):
            if not least <= getattr(self, name) <= most:
                raise InvalidInput(f"{name} is not between {least:,} and {most:,}.", field=name)
        if self.until.toordinal() - self.days < date(1971, 1, 1).toordinal():
            raise InvalidInput("That many days before the end is before 1971.", field="days")

    @cached_property
    def fingerprint(self) -> str:
        """Return what tells this plan from every other one: ids are made of it, so that plans never mix."""
        arguments = (self.projects, self.days, self.agents, self.events, self.seed, self.until, self.label, self.salt)
        return hashlib.sha256(repr(arguments).encode()).hexdigest()[:12]

    @property
    def beginning(self) -> str:
        """Return what the names of all its projects begin with."""
        return beginning_of_names(self.label or f"Simulated {self.fingerprint[:6]}")

    @property
    def first_day(self) -> date:
        """Return the first day on which anything happens."""
        return self.until - timedelta(days=self.days - 1)

    @property
    def end(self) -> datetime:
        """Return the moment after which nothing happens."""
        return datetime.combine(self.until, time(23, 59, 59), UTC)

    def portfolio(self) -> Iterator[PlannedProject]:
        """Yield the projects, one at a time."""
        given = 0.0
        total = sum(self._weight(number) for number in range(self.projects))
        for number in range(self.projects):
            begin = round(self.events * given / total)
            given += self._weight(number)
            end = self.events if number == self.projects - 1 else round(self.events * given / total)
            yield self._project(number, end - begin)

    def dice(self, *names: object) -> Dice:
        """Return the dice for one purpose: what others throw does not change what these show."""
        return Dice("/".join(map(str, (self.seed, *names))))

    def _weight(self, number: int) -> float:
        return 0.3 + 1.4 * self.dice("weight", number).share()

    def _project(self, number: int, events: int) -> PlannedProject:
        dice = self.dice("project", number)
        word, round_ = WORDS[number % len(WORDS)], number // len(WORDS)
        suffix = str(round_ + 1) if round_ else ""
        name = f"{word} {suffix}".strip()
        start = self.first_day + timedelta(days=int(dice.share() * LATEST_START * (self.days - 1)))
        key = f"{word[:3].upper()}{suffix}"
        return PlannedProject(
            number=number,
            id=stable_id("simulated project", f"{self.fingerprint}/{number}"),
            name=f"{self.beginning}{name}",
            key=key,
            repository=f"{self.agent_label}-{self.fingerprint[:6]}/{name}".lower().replace(" ", "-"),
            time_zone=self._zone(number),
            start_date=start,
            end_date=self.until + timedelta(days=7 + dice.below(60)),
            events=events,
            team=self._team(number, dice),
            agents=self._crew(number),
            items=self._items(key, start, events, dice),
        )

    def _team(self, number: int, dice: Dice) -> tuple[Person, ...]:
        size = LEAST_TEAM + dice.below(MOST_TEAM - LEAST_TEAM + 1)
        # Teams overlap: those beyond the first few are members of the next projects' teams too.
        pool = PEOPLE_A_PROJECT * self.projects + MOST_TEAM
        numbers = [(PEOPLE_A_PROJECT * number + place) % pool for place in range(size)]
        return tuple(make_person(self.seed, each, self._home(each)) for each in numbers)

    def _home(self, person: int) -> str:
        dice = self.dice("home", person)
        return dice.one(TIME_ZONES) if dice.happens(LIVES_ELSEWHERE) else self._zone(person // PEOPLE_A_PROJECT)

    def _zone(self, number: int) -> str:
        return self.dice("zone", number).one(TIME_ZONES)

    def _crew(self, number: int) -> tuple[Agent, ...]:
        if not self.agents:
            return ()
        numbers = {number % self.agents, *range(number, self.agents, self.projects)}
        return tuple(make_agent(self.agent_label, each + 1) for each in sorted(numbers))

    def _items(self, key: str, start: date, events: int, dice: Dice) -> tuple[PlannedItem, ...]:
        number = min(MOST_ITEMS, events // EVENTS_AN_ITEM)
        begin = datetime.combine(start, time(9), UTC)
        items = []
        for place in range(number):
            later = timedelta(days=dice.share() * self.days) if dice.happens(PLANNED_LATER) else timedelta()
            # The last few are still to do at the end.
            taken_up_after = (place + dice.share()) / (number * 0.85)
            title = f"{dice.one(VERBS)} {dice.one(TOPICS)}"
            items.append(PlannedItem(f"{key}-{place + 1}", title, min(begin + later, self.end), taken_up_after))
        return tuple(items)


def beginning_of_names(label: str) -> str:
    """Return what the names of the projects under a label begin with."""
    return f"{label} - "
