"""Who works in a simulated portfolio: people with a time zone and hours of their own, and agents of every family."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from kino_core.identities import AgentType
from kino_ingest.simulation.dice import Dice

GIVEN_NAMES = (
    "Avery", "Billie", "Casey", "Devon", "Emery", "Finley", "Gray", "Harper", "Indigo", "Jules", "Kai", "Lennox",
    "Marlow", "Nova", "Oakley", "Parker", "Quinn", "Reese", "Sage", "Tatum", "Umber", "Vesper", "Wren", "Yael",
)  # fmt: skip
FAMILY_NAMES = ("Example", "Placeholder", "Invented", "Specimen")
TIME_ZONES = (
    "Europe/Berlin", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo", "UTC", "Asia/Tokyo", "Europe/London",
    "America/Los_Angeles",
)  # fmt: skip
FAMILIES = (
    AgentType.CLAUDE, AgentType.CODEX, AgentType.GEMINI, AgentType.CLAUDE, AgentType.CURSOR, AgentType.COPILOT,
    AgentType.CODEX, AgentType.OTHER,
)  # fmt: skip
MODELS = {
    AgentType.CLAUDE: "claude-simulated",
    AgentType.CODEX: "codex-simulated",
    AgentType.GEMINI: "gemini-simulated",
    AgentType.CURSOR: "cursor-simulated",
    AgentType.COPILOT: "copilot-simulated",
    AgentType.OTHER: "other-simulated",
}
SIGNATURES = {
    AgentType.CLAUDE: ("Claude", "noreply@anthropic.com"),
    AgentType.CODEX: ("Codex", "noreply@openai.com"),
    AgentType.CURSOR: ("Cursor", "cursoragent@cursor.com"),
    AgentType.COPILOT: ("Copilot", "198982749+Copilot@users.noreply.github.com"),
}
"""What the families leave in commits; the others leave nothing there."""


@dataclass(frozen=True)
class Person:
    """Somebody who does not exist; `begins` and `hours` are their working day, in hours of their time zone."""

    name: str
    email: str
    login: str
    zone: ZoneInfo
    begins: float
    hours: float

    def at_work(self, day: date, share: float) -> datetime:
        """Return the moment in UTC when `share` (0 to 1) of their working day is over."""
        begin = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        return (begin + timedelta(hours=self.begins + share * self.hours)).astimezone(UTC)

    def next_at_work(self, moment: datetime, share: float) -> datetime:
        """Return `moment` where they are at work then, else `share` into their next working day."""
        local = moment.astimezone(self.zone)
        hour = local.hour + local.minute / 60
        if local.weekday() < 5 and self.begins <= hour <= self.begins + self.hours:
            return moment
        day = local.date() + timedelta(days=0 if hour < self.begins else 1)
        while day.weekday() >= 5:
            day += timedelta(days=1)
        return self.at_work(day, share)


@dataclass(frozen=True)
class Agent:
    """An agent that reports for itself; `number` counts from 1."""

    number: int
    name: str
    family: AgentType
    model: str


def make_person(seed: int, number: int, time_zone: str) -> Person:
    """Return the person of that number, who works from about eight to ten on for seven to nine hours."""
    dice = Dice(f"{seed}/person/{number}")
    given = GIVEN_NAMES[number % len(GIVEN_NAMES)]
    family = FAMILY_NAMES[number // len(GIVEN_NAMES) % len(FAMILY_NAMES)]
    login = f"{given}-{family}-{number + 1}".lower()
    return Person(
        name=f"{given} {family}",
        email=f"{login}@example.com",
        login=login,
        zone=ZoneInfo(time_zone),
        begins=7.5 + 2.5 * dice.share(),
        hours=7 + 2 * dice.share(),
    )


def make_agent(prefix: str, number: int) -> Agent:
    """Return the agent of that number (from 1); its name says that it is made up."""
    family = FAMILIES[(number - 1) % len(FAMILIES)]
    return Agent(number, f"{prefix}-{family.lower()}-{number}", family, MODELS[family])
