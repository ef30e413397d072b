"""What happens after a merge: deployments to production, and the incidents that some of them end in."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from kino_core.events import Event
from kino_ingest.simulation.deliveries import deployment_status, issue
from kino_ingest.simulation.dice import Dice
from kino_ingest.simulation.events import Senders
from kino_ingest.simulation.people import Person

LABELS = ("incident",)


class Production:
    """Where a project's merges go."""

    def __init__(self, senders: Senders, dice: Dice) -> None:
        self._senders = senders
        self._dice = dice

    def deployed(self, sha: str, person: Person, at: datetime) -> Iterator[Event]:
        """Yield a deployment of the commit, which may fail or cause an incident."""
        ends, failed = self._dice.later(at, 2, 15), self._dice.happens(0.06)
        yield from self._deployment(sha, person, at, ends, "failure" if failed else "success")
        if failed or self._dice.happens(0.08):
            yield from self._incident(sha, person, self._dice.later(ends, 5, 240))

    def _deployment(self, sha: str, person: Person, at: datetime, ends: datetime, state: str) -> Iterator[Event]:
        number = self._senders.number()
        for each, moment in (("in_progress", at), (state, ends)):
            told = deployment_status(number, each, sha, at, moment, person.login)
            yield self._senders.deliver("deployment_status", told, person.login)

    def _incident(self, sha: str, person: Person, at: datetime) -> Iterator[Event]:
        title, number = f"Incident after deploying {sha[:7]}", self._senders.issue_number()
        opened = issue("opened", number, title, person.login, at, at, LABELS)
        yield self._senders.deliver("issues", opened, person.login)
        begun = self._dice.later(at, 10, 300)
        mended = self._dice.later(begun, 3, 15)
        yield from self._deployment(sha, person, begun, mended, "success")
        closed = issue("closed", number, title, person.login, at, mended + timedelta(minutes=5), LABELS)
        yield self._senders.deliver("issues", closed, person.login)
