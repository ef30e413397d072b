"""Commits: whose they are, which agent had a hand in them, and the pull request that a merge or squash brought in."""

import re
import uuid
from collections.abc import Sequence
from datetime import datetime

import msgspec

from kino_core.events import utc
from kino_core.identities import AgentType, identify
from kino_core.live import LiveKind
from kino_ingest.fold.facts import Change, Facts, LandedEvent
from kino_ingest.fold.rows import CommitRow, PullRequestRow

LARGEST_NUMBER = 2**31 - 1
_MERGE = re.compile(r"Merge pull request #(\d{1,10}) from (?:[^/\s]+/(\S+))?")
_SQUASH = re.compile(r"(.*)\(#(\d{1,10})\)", re.DOTALL)


class Signature(msgspec.Struct, frozen=True):
    """A name and an address as git has them."""

    name: str
    email: str


class ToldCommit(msgspec.Struct, frozen=True, kw_only=True):
    """A commit as any source tells of it; lines are None where the source counts none."""

    sha: str
    parents: int
    author: Signature
    co_authors: Sequence[Signature]
    made_with_cursor: bool
    authored_at: datetime
    committed_at: datetime
    subject: str
    lines_added: int | None
    lines_deleted: int | None


def fold_git(event: LandedEvent) -> Facts:
    """Fold a commit of a git history; raises when the event's body is not the shape that `kino_ingest.git` makes."""
    facts = Facts()
    body = msgspec.convert(event.body, _GitCommit)
    repository = facts.tell_repository(event.repository or "")
    told = ToldCommit(
        sha=body.sha,
        parents=len(body.parents),
        author=body.author,
        co_authors=body.co_authors,
        made_with_cursor=any(made_with_cursor(trailer.key, trailer.value) for trailer in body.trailers),
        authored_at=utc(body.author.date),
        committed_at=utc(body.committer.date),
        subject=body.subject,
        lines_added=sum(file.added or 0 for file in body.files),
        lines_deleted=sum(file.deleted or 0 for file in body.files),
    )
    fold_commit(facts, told, repository, event.project_id)
    if merge := merged_pull_request(told, repository):
        facts.tell_pull_request(merge)
    return facts


def fold_commit(facts: Facts, told: ToldCommit, repository: uuid.UUID, project_id: uuid.UUID | None) -> None:
    """Note a commit, everybody who signed it, and the first evidence of an agent: author, co-authors, trailer."""
    author = identify(told.author.name, told.author.email)
    agents = [
        facts.tell_identity(identify(each.name, each.email), each.email, told.committed_at, "code_commit")
        for each in (told.author, *told.co_authors)
    ]
    if told.made_with_cursor:
        agents.append(facts.tell_agent("cursor", AgentType.CURSOR, told.committed_at, "code_commit"))
    row = CommitRow(
        repository_id=repository,
        sha=told.sha,
        author_key=author.key,
        authored_at=told.authored_at,
        committed_at=told.committed_at,
        subject=told.subject,
        parents=told.parents,
        lines_added=told.lines_added,
        lines_deleted=told.lines_deleted,
        agent_id=next((agent for agent in agents if agent is not None), None),
    )
    facts.tell_commit(row)
    item = {"sha": row.sha, "subject": row.subject, "author": author.name, "committed_at": row.committed_at}
    facts.changes.append(Change(LiveKind.COMMIT, item, project_id, repository))


def merged_pull_request(told: ToldCommit, repository: uuid.UUID) -> PullRequestRow | None:
    """Return the pull request whose merge this commit's subject tells of, or None.

    A merge commit is its merger's, not the author's, and git counts no lines for it: both stay unknown.
    """
    merge, squash = _MERGE.match(told.subject), _SQUASH.fullmatch(told.subject)
    number = int(merge[1] if merge else squash[2] if squash else 0)
    if not 0 < number <= LARGEST_NUMBER:
        return None
    own = merge is None
    return PullRequestRow(
        repository_id=repository,
        number=number,
        title=(squash[1].strip() if own and squash else "") or told.subject,
        author_key=identify(told.author.name, told.author.email).key if own else None,
        state="merged",
        branch=merge[2] if merge else None,
        opened_at=None,
        ready_at=None,
        merged_at=told.committed_at,
        closed_at=told.committed_at,
        merge_sha=told.sha,
        lines_added=told.lines_added if own else None,
        lines_deleted=told.lines_deleted if own else None,
        told_by="git",
        told_at=told.committed_at,
        told_id=told.sha,
    )


def made_with_cursor(key: str, value: str) -> bool:
    """Return whether a commit's trailer is the one that Cursor leaves."""
    return key.casefold() == "made-with" and value.casefold().startswith("cursor")


class _Signed(Signature, frozen=True):
    date: datetime


class _Trailer(msgspec.Struct):
    key: str
    value: str


class _File(msgspec.Struct):
    added: int | None
    deleted: int | None


class _GitCommit(msgspec.Struct):
    sha: str
    parents: list[str]
    author: _Signed
    committer: _Signed
    subject: str
    trailers: list[_Trailer]
    co_authors: list[Signature]
    files: list[_File]
