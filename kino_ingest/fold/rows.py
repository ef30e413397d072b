"""The rows that events fold into, and how two accounts of one row become one.

Every `merged` is commutative, associative and idempotent; that is all it takes for the order not to matter.
"""

import uuid
from datetime import datetime
from typing import Any, Protocol, Self

import msgspec

from kino_core.identities import AgentType


class Row(Protocol):
    """A row that may be told of more than once."""

    def merged(self, other: Self) -> Self:
        """Return the one row that both accounts together tell of."""
        ...


def better_name(one: str, other: str) -> str:
    """Return the name to show: one of several words before a login or nickname, else the first of the alphabet."""
    return min(one, other, key=lambda name: (" " not in name, not name, name))


class IdentityRow(msgspec.Struct, frozen=True, kw_only=True):
    """An address or login; `agent_id` is set for agents, and a person stands behind every other one."""

    key: str
    kind: str
    name: str
    email: str | None
    agent_id: uuid.UUID | None

    def merged(self, other: Self) -> Self:
        """Keep the better name and the first address; key, kind and agent follow from one another."""
        emails = sorted(email for email in (self.email, other.email) if email is not None)
        return msgspec.structs.replace(
            self, name=better_name(self.name, other.name), email=emails[0] if emails else None
        )


class PersonRow(msgspec.Struct, frozen=True, kw_only=True):
    """A human or an automation, and when it was first and last seen."""

    id: uuid.UUID
    name: str
    kind: str
    first_seen_at: datetime
    last_seen_at: datetime

    def merged(self, other: Self) -> Self:
        """Keep the better name and the widest span; who is a human by one identity is a human."""
        return msgspec.structs.replace(
            self,
            name=better_name(self.name, other.name),
            kind=max(self.kind, other.kind),
            first_seen_at=min(self.first_seen_at, other.first_seen_at),
            last_seen_at=max(self.last_seen_at, other.last_seen_at),
        )


class AgentRow(msgspec.Struct, frozen=True, kw_only=True):
    """An agent, and the last thing it was seen doing."""

    id: uuid.UUID
    name: str
    agent_type: str
    first_seen_at: datetime
    last_seen_at: datetime
    last_event_type: str

    def merged(self, other: Self) -> Self:
        """Keep the widest span, what happened last, and a known family before OTHER."""
        last = max(self, other, key=lambda row: (row.last_seen_at, row.last_event_type))
        return msgspec.structs.replace(
            last,
            agent_type=min(self.agent_type, other.agent_type, key=lambda each: (each == AgentType.OTHER, each)),
            first_seen_at=min(self.first_seen_at, other.first_seen_at),
        )


class CommitRow(msgspec.Struct, frozen=True, kw_only=True):
    """A commit; `lines_added` and `lines_deleted` are None where its source counts no lines (a GitHub push)."""

    repository_id: uuid.UUID
    sha: str
    author_key: str
    authored_at: datetime
    committed_at: datetime
    subject: str
    parents: int
    lines_added: int | None
    lines_deleted: int | None
    agent_id: uuid.UUID | None

    def merged(self, other: Self) -> Self:
        """Keep git's word, which knows lines and parents, before a push's; a hash says the rest is the same."""
        return other if self.lines_added is None and other.lines_added is not None else self


class PullRequestRow(msgspec.Struct, frozen=True, kw_only=True):
    """A pull request as GitHub last described it, or as the git history shows its merge.

    `told_by` is `github`, `git`, or `github+git`: GitHub's account, with the merge that only the history shows.
    Under the last two, `merged_at` and `merge_sha` are those of the earliest commit that merged it.
    """

    repository_id: uuid.UUID
    number: int
    title: str
    author_key: str | None
    state: str
    branch: str | None
    opened_at: datetime | None
    ready_at: datetime | None
    merged_at: datetime | None
    closed_at: datetime | None
    merge_sha: str | None
    lines_added: int | None
    lines_deleted: int | None
    told_by: str
    told_at: datetime
    told_id: str

    def merged(self, other: Self) -> Self:
        """Take GitHub's latest account where there is one, and the history's earliest merge where GitHub has none."""
        rows = (self, other)
        said = [row for row in rows if row.told_by != "git"]
        shown = [row for row in rows if row.told_by != "github"]
        merge = min(shown, key=lambda row: (row.merged_at, row.merge_sha)) if shown else None
        if not said:
            return merge if merge is not None else self
        latest = max(said, key=lambda row: (row.told_at, row.told_id))
        ready = min((row.ready_at for row in said if row.ready_at), default=None)
        if (latest.told_by == "github" and latest.merged_at is not None) or merge is None:
            return msgspec.structs.replace(latest, ready_at=ready)
        return msgspec.structs.replace(
            latest,
            state="merged",
            merged_at=merge.merged_at,
            merge_sha=merge.merge_sha,
            ready_at=ready,
            told_by="github+git",
        )


class ActivityRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing an agent reported. `event_row` is the id of its row in the log.

    `clock_ahead` marks what claims to be from the future.
    """

    occurred_at: datetime
    source: str
    event_id: str
    event_row: int
    project_id: uuid.UUID
    agent_id: uuid.UUID
    event_type: str
    task_id: str
    session_id: str | None
    model: str | None
    data: dict[str, Any]
    clock_ahead: bool

    def merged(self, other: Self) -> Self:
        """Keep either: the same event folds into the same row."""
        return self


class RepositoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A repository, by the first spelling of its name."""

    id: uuid.UUID
    full_name: str

    def merged(self, other: Self) -> Self:
        """Keep the first of the two spellings, which differ in case alone."""
        return min(self, other, key=lambda row: row.full_name)
