"""What a project's senders would have sent, read as the doors and the backfill read it."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from kino_core.events import Event
from kino_ingest.agent_report import read_report, report_event
from kino_ingest.git import Rejected, commit_events
from kino_ingest.github_delivery import delivery_event
from kino_ingest.simulation.people import SIGNATURES, Agent, Person
from kino_ingest.simulation.plan import PlannedProject

MAIN = "main"
Json = dict[str, Any]
Lines = Sequence[tuple[str, int, int]]
"""(path, lines added, lines deleted) of each file"""
Signature = tuple[str, str]
"""(name, address)"""


class Senders:
    """The agents, the repository and the GitHub of one project; whatever they number, they number in one row."""

    def __init__(self, project: PlannedProject, fingerprint: str) -> None:
        self._project = project
        self._seed = f"{fingerprint}/{project.number}"
        self._given = self._issues = 0
        owner, _, name = project.repository.partition("/")
        self._repository: Json = {
            "id": int(hashlib.sha256(self._seed.encode()).hexdigest()[:8], 16),
            "name": name,
            "full_name": project.repository,
            "private": True,
            "owner": {"login": owner, "type": "Organization"},
            "default_branch": MAIN,
        }

    def number(self) -> int:
        """Return a number that nothing else of this project has."""
        self._given += 1
        return self._given

    def issue_number(self) -> int:
        """Return the number of the next issue or pull request: GitHub numbers both in one row."""
        self._issues += 1
        return self._issues

    def sha(self) -> str:
        """Return the hash of a commit."""
        return hashlib.sha1(f"{self._seed}/{self.number()}".encode(), usedforsecurity=False).hexdigest()

    def report(self, agent: Agent, kind: str, at: datetime, task: str, data: Json, **further: object) -> Event:
        """Return what an agent reports; `further` are fields of the report that not every one has."""
        body = {
            "agent_id": agent.name,
            "agent_type": agent.family.value,
            "event_type": kind,
            "timestamp": _iso(at),
            "task_id": task,
            "data": data,
            **further,
        }
        received = read_report(msgspec.json.encode(body))
        return report_event(received, project_id=self._project.id, token_id=None, agent_type=None)

    def deliver(self, kind: str, payload: Json, by: str) -> Event:
        """Return what GitHub delivers to the project's webhook."""
        body = {**payload, "repository": self._repository, "sender": account(by)}
        delivery = str(uuid.uuid5(self._project.id, str(self.number())))
        # The door's reader would make the same of these bytes, at twice the price of all the rest.
        return delivery_event(kind, delivery, body, msgspec.json.encode(body), project_id=self._project.id)

    def commit(
        self,
        sha: str,
        parents: Sequence[str],
        author: Person | Agent,
        at: datetime,
        subject: str,
        *,
        lines: Lines,
        co_author: Agent | None = None,
    ) -> Event:
        """Return a commit as `git log` tells of it."""
        name, email = _signature(author)
        at = at.replace(microsecond=0)
        written = at.astimezone(author.zone).isoformat() if isinstance(author, Person) else _iso(at)
        trailers = ""
        if co_author is not None and signs(co_author):
            trailers = "Co-authored-by: {} <{}>".format(*SIGNATURES[co_author.family])
        fields = [sha, " ".join(parents), name, email, written, name, email, written, subject, trailers]
        numstat = "".join(f"{added}\t{deleted}\t{path}\n" for path, added, deleted in lines)
        record = ("\x1f".join(fields) + f"\x1f\n\n{numstat}").encode()
        [event] = commit_events([record], repository=self._project.repository, project_id=self._project.id)
        if isinstance(event, Rejected):
            raise ValueError(event.reason)
        return event


@lru_cache(1_000)
def account(login: str) -> Json:
    """Return how GitHub names an account."""
    return {
        "login": login,
        "id": int(hashlib.sha256(login.encode()).hexdigest()[:7], 16),
        "type": "Bot" if login.endswith("[bot]") else "User",
    }


def signs(agent: Agent) -> bool:
    """Return whether commits show that this agent wrote them."""
    return agent.family in SIGNATURES


def _signature(who: Person | Agent) -> Signature:
    return (who.name, who.email) if isinstance(who, Person) else SIGNATURES[who.family]


def _iso(at: datetime) -> str:
    return at.isoformat()[:-6] + "Z"
