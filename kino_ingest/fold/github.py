"""GitHub's webhooks: pushes to the default branch, pull requests, and who reviewed them."""

import re
from datetime import datetime

import msgspec

from kino_core.events import utc
from kino_core.identities import identify_login
from kino_core.live import LiveKind
from kino_ingest.fold.commits import Signature, ToldCommit, fold_commit, made_with_cursor, merged_pull_request
from kino_ingest.fold.facts import Change, Facts, LandedEvent
from kino_ingest.fold.rows import PullRequestRow

_CO_AUTHOR = re.compile(r"^co-authored-by:([^<\n]*)<([^>\n]*)>", re.IGNORECASE | re.MULTILINE)
_TRAILER = re.compile(r"^([A-Za-z-]+):[ \t]*([^\n]*)$", re.MULTILINE)
_MERGE = re.compile(r"Merge (pull request|branch|remote-tracking branch) ")


def fold_github(event: LandedEvent) -> Facts:
    """Fold one delivery; kinds that say nothing to the operational tables fold into nothing."""
    facts = Facts()
    match event.type:
        case "push":
            _fold_push(facts, event)
        case "pull_request":
            _fold_pull_request(facts, event)
        case "pull_request_review":
            _fold_review(facts, event)
    return facts


def _fold_push(facts: Facts, event: LandedEvent) -> None:
    push = msgspec.convert(event.body, _Push)
    if event.repository is None or push.ref != f"refs/heads/{push.repository.default_branch}":
        return  # work that has not reached the default branch is not the repository's history yet
    repository = facts.tell_repository(event.repository)
    for commit in push.commits:
        told = ToldCommit(
            sha=commit.id,
            parents=2 if _MERGE.match(commit.message) else 1,
            author=Signature(commit.author.name, commit.author.email or ""),
            co_authors=[Signature(name.strip(), email.strip()) for name, email in _CO_AUTHOR.findall(commit.message)],
            made_with_cursor=any(made_with_cursor(key, value) for key, value in _TRAILER.findall(commit.message)),
            authored_at=utc(commit.timestamp),
            committed_at=utc(commit.timestamp),
            subject=commit.message.partition("\n")[0],
            lines_added=None,
            lines_deleted=None,
        )
        fold_commit(facts, told, repository, event.project_id)
        if merge := merged_pull_request(told, repository):
            facts.tell_pull_request(merge)


def _fold_pull_request(facts: Facts, event: LandedEvent) -> None:
    if event.repository is None:
        return
    told = msgspec.convert(event.body, _PullRequestEvent)
    pull = told.pull_request
    updated_at = utc(pull.updated_at)
    author = identify_login(pull.user.login) if pull.user else None
    if author:
        facts.tell_identity(author, None, updated_at, "pull_request")
    row = PullRequestRow(
        repository_id=facts.tell_repository(event.repository),
        number=told.pull_request.number,
        title=pull.title,
        author_key=author.key if author else None,
        state="merged" if pull.merged_at else pull.state,
        branch=pull.head.ref,
        opened_at=utc(pull.created_at),
        ready_at=_ready_at(told),
        merged_at=utc(pull.merged_at) if pull.merged_at else None,
        closed_at=utc(pull.closed_at) if pull.closed_at else None,
        merge_sha=pull.merge_commit_sha if pull.merged_at else None,
        lines_added=pull.additions,
        lines_deleted=pull.deletions,
        told_by="github",
        told_at=updated_at,
        told_id=event.event_id,
    )
    facts.tell_pull_request(row)
    item = {"number": row.number, "title": row.title, "state": row.state, "action": told.action}
    facts.changes.append(Change(LiveKind.PULL_REQUEST, item, event.project_id, row.repository_id))


def _ready_at(told: "_PullRequestEvent") -> datetime | None:
    if told.action == "ready_for_review":
        return utc(told.pull_request.updated_at)
    opened_ready = told.action == "opened" and told.pull_request.draft is False
    return utc(told.pull_request.created_at) if opened_ready else None


def _fold_review(facts: Facts, event: LandedEvent) -> None:
    review = msgspec.convert(event.body, _ReviewEvent).review
    if event.repository is not None:
        facts.tell_repository(event.repository)
    if review.user and review.submitted_at:
        identity = identify_login(review.user.login)
        facts.tell_identity(identity, None, utc(review.submitted_at), "pull_request_review")


class _Account(msgspec.Struct):
    login: str


class _Repository(msgspec.Struct):
    default_branch: str | None = None


class _Author(msgspec.Struct):
    name: str
    email: str | None = None


class _Commit(msgspec.Struct):
    id: str
    message: str
    timestamp: datetime
    author: _Author


class _Push(msgspec.Struct):
    ref: str
    repository: _Repository
    commits: list[_Commit] = []


class _Head(msgspec.Struct):
    ref: str


class _PullRequest(msgspec.Struct):
    number: int
    title: str
    state: str
    head: _Head
    created_at: datetime
    updated_at: datetime
    user: _Account | None = None
    draft: bool | None = None
    merged_at: datetime | None = None
    closed_at: datetime | None = None
    merge_commit_sha: str | None = None
    additions: int | None = None
    deletions: int | None = None


class _PullRequestEvent(msgspec.Struct):
    pull_request: _PullRequest
    action: str = ""


class _Review(msgspec.Struct):
    user: _Account | None = None
    submitted_at: datetime | None = None


class _ReviewEvent(msgspec.Struct):
    review: _Review
