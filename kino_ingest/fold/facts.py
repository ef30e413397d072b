"""What a set of events tells: the rows to write, by key, and what to show on open pages."""

import uuid
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from kino_core.events import agent_key, repository_id
from kino_core.identities import AgentType, Identity
from kino_core.live import LiveKind
from kino_ingest.fold.rows import (
    ActivityRow,
    AgentRow,
    CommitRow,
    IdentityRow,
    PersonRow,
    PullRequestRow,
    RepositoryRow,
    Row,
)

K = TypeVar("K", bound=Hashable)
R = TypeVar("R", bound=Row)

CLOCKS_DIFFER = timedelta(minutes=5)
"""How far a sender's clock may be ahead of PostgreSQL's without a word about it."""


class LandedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the log; `id` and `received_at` name it."""

    id: int
    received_at: datetime
    source: str
    event_id: str
    type: str
    occurred_at: datetime
    project_id: uuid.UUID | None
    repository: str | None
    body: dict[str, Any]

    @property
    def clock_ahead(self) -> bool:
        """Whether it claims to be from the future: it occurred long after it was received."""
        return self.occurred_at - self.received_at > CLOCKS_DIFFER

    @property
    def sender(self) -> str:
        """Return what its sender is called where people have to look for it."""
        if self.repository is not None:
            return f"{self.source} {self.repository}"
        return f"{self.source} project {self.project_id}" if self.project_id is not None else self.source


class UnfoldableEvent(ValueError):
    """The event lacks something that its kind needs; the message says what."""


class Change(msgspec.Struct, frozen=True):
    """Something for open pages; `repository_id` stands in while the project is not known yet."""

    kind: LiveKind
    item: dict[str, Any]
    project_id: uuid.UUID | None
    repository_id: uuid.UUID | None = None


@dataclass
class Facts:
    """Rows by their keys. `told` merges a row into what was told of the same key before."""

    repositories: dict[uuid.UUID, RepositoryRow] = field(default_factory=dict)
    agents: dict[uuid.UUID, AgentRow] = field(default_factory=dict)
    people: dict[uuid.UUID, PersonRow] = field(default_factory=dict)
    identities: dict[str, IdentityRow] = field(default_factory=dict)
    commits: dict[tuple[uuid.UUID, str], CommitRow] = field(default_factory=dict)
    pull_requests: dict[tuple[uuid.UUID, int], PullRequestRow] = field(default_factory=dict)
    activities: dict[tuple[datetime, str, str], ActivityRow] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def add(self, other: "Facts") -> None:
        """Take in what `other` tells."""
        _merge(self.repositories, other.repositories)
        _merge(self.agents, other.agents)
        _merge(self.people, other.people)
        _merge(self.identities, other.identities)
        _merge(self.commits, other.commits)
        _merge(self.pull_requests, other.pull_requests)
        _merge(self.activities, other.activities)
        self.changes.extend(other.changes)

    def tell_repository(self, full_name: str) -> uuid.UUID:
        """Note a repository and return its id."""
        row = RepositoryRow(id=repository_id(full_name), full_name=full_name)
        _merge(self.repositories, {row.id: row})
        return row.id

    def tell_agent(self, name: str, agent_type: str, seen_at: datetime, event_type: str) -> uuid.UUID:
        """Note that an agent was seen and return its id."""
        row = AgentRow(
            id=agent_key(name),
            name=name,
            agent_type=agent_type,
            first_seen_at=seen_at,
            last_seen_at=seen_at,
            last_event_type=event_type,
        )
        _merge(self.agents, {row.id: row})
        return row.id

    def tell_identity(
        self, identity: Identity, email: str | None, seen_at: datetime, event_type: str
    ) -> uuid.UUID | None:
        """Note who was seen, with the person or agent behind; return the agent's id, None when it is no agent."""
        agent_id = None
        name = identity.name.strip() or (email or "").strip() or identity.key
        if identity.agent is not None:
            agent_id = self.tell_agent(identity.agent, identity.agent_type or AgentType.OTHER, seen_at, event_type)
        else:
            person = PersonRow(
                id=identity.person_id,
                name=name,
                kind=identity.kind.value,
                first_seen_at=seen_at,
                last_seen_at=seen_at,
            )
            _merge(self.people, {person.id: person})
        row = IdentityRow(key=identity.key, kind=identity.kind.value, name=name, email=email or None, agent_id=agent_id)
        _merge(self.identities, {row.key: row})
        return agent_id

    def tell_commit(self, row: CommitRow) -> None:
        """Note a commit."""
        _merge(self.commits, {(row.repository_id, row.sha): row})

    def tell_pull_request(self, row: PullRequestRow) -> None:
        """Note what is told of a pull request."""
        _merge(self.pull_requests, {(row.repository_id, row.number): row})

    def tell_activity(self, row: ActivityRow) -> None:
        """Note something an agent did."""
        _merge(self.activities, {(row.occurred_at, row.source, row.event_id): row})


def _merge(into: dict[K, R], rows: dict[K, R]) -> None:
    for key, row in rows.items():
        into[key] = into[key].merged(row) if key in into else row
