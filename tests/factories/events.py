"""Events as the doors and the backfill land them."""

import hashlib
import uuid
from datetime import UTC, datetime
from typing import Any

from kino_core.events import Event, Source, canonical_json, repository_id

HUMAN = ("Robin", "robin@example.org")
OTHER_HUMAN = ("Kim", "kim@example.org")
CLAUDE = ("Claude", "noreply@anthropic.com")
DEPENDABOT = ("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com")


def sha(text: str) -> str:
    """Return what a commit of that name is called by."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def project_created(project_id: uuid.UUID, name: str, *, time_zone: str = "UTC") -> Event:
    """Return the event by which a project enters the log."""
    body = {
        "project_id": str(project_id),
        "name": name,
        "initiative_id": None,
        "initiative": None,
        "time_zone": time_zone,
        "sample": False,
    }
    return _kino("project_created", body, project_id)


def project_deleted(project_id: uuid.UUID) -> Event:
    """Return the event by which a project leaves the numbers."""
    return _kino("project_deleted", {"project_id": str(project_id)}, project_id)


def repository_disconnected(project_id: uuid.UUID, full_name: str, *, at: datetime | None = None) -> Event:
    """Return the event by which a repository is no project's any more."""
    body = {"repository_id": str(repository_id(full_name)), "full_name": full_name, "project_id": None}
    return _kino("repository_disconnected", body, project_id, at)


def repository_connected(project_id: uuid.UUID, full_name: str, *, at: datetime | None = None) -> Event:
    """Return the event by which a repository becomes a project's."""
    body = {"repository_id": str(repository_id(full_name)), "full_name": full_name, "project_id": str(project_id)}
    return _kino("repository_connected", body, project_id, at)


def blocker_resolved(project_id: uuid.UUID, blocker_id: str, at: datetime) -> Event:
    """Return the event by which a person closes a blocker."""
    body = {"project_id": str(project_id), "blocker_id": blocker_id, "resolved_by": None}
    return _kino("blocker_resolved", body, project_id, at)


def commit(
    repository: str,
    sha: str,
    at: datetime,
    *,
    author: tuple[str, str] = HUMAN,
    co_authors: tuple[tuple[str, str], ...] = (),
    parents: tuple[str, ...] = ("0" * 40,),
    subject: str = "Change something",
    files: tuple[tuple[str, int | None, int | None], ...] = (("a.py", 3, 1),),
    project_id: uuid.UUID | None = None,
) -> Event:
    """Return a commit as a git history tells of it; `files` holds (path, added, deleted)."""
    signed = {"name": author[0], "email": author[1], "date": at.isoformat()}
    body = {
        "sha": sha,
        "parents": list(parents),
        "author": signed,
        "committer": signed,
        "subject": subject,
        "trailers": [{"key": "Co-authored-by", "value": f"{name} <{email}>"} for name, email in co_authors],
        "co_authors": [{"name": name, "email": email} for name, email in co_authors],
        "files": [{"path": path, "added": added, "deleted": deleted} for path, added, deleted in files],
    }
    return Event(
        source=Source.GIT,
        event_id=f"{repository.casefold()}@{sha}",
        type="commit",
        occurred_at=at,
        body=body,
        raw=canonical_json(body),
        project_id=project_id,
        repository=repository,
    )


def agent_report(
    project_id: uuid.UUID,
    event_type: str,
    at: datetime,
    *,
    agent: str = "claude-7",
    task: str = "KIN-1",
    event_id: str | None = None,
    **data: object,
) -> Event:
    """Return an agent's event; `data` is its payload by type."""
    body = {
        "agent_id": agent,
        "event_type": event_type,
        "timestamp": at.isoformat(),
        "task_id": task,
        "data": data,
    }
    return Event(
        source=Source.AGENT,
        event_id=f"{project_id}/{event_id or uuid.uuid4()}",
        type=event_type,
        occurred_at=at,
        body=body,
        raw=canonical_json(body),
        project_id=project_id,
    )


def pull_request(
    repository: str,
    number: int,
    at: datetime,
    *,
    action: str = "opened",
    opened_at: datetime | None = None,
    merged_at: datetime | None = None,
    closed_at: datetime | None = None,
    head: str | None = None,
    merge: str | None = None,
    draft: bool = False,
    login: str = "robin",
    branch: str = "topic",
    labels: tuple[str, ...] = (),
    lines: tuple[int, int] = (10, 5),
) -> Event:
    """Return a pull_request delivery of GitHub, with the fields that Kino reads; `head` and `merge` name commits."""
    body = {
        "action": action,
        "repository": {"full_name": repository, "default_branch": "main"},
        "pull_request": {
            "number": number,
            "title": f"Change {number}",
            "user": {"login": login},
            "head": {"ref": branch} | ({"sha": head} if head else {}),
            "labels": [{"name": name} for name in labels],
            "draft": draft,
            "created_at": (opened_at or at).isoformat(),
            "updated_at": at.isoformat(),
            "merged_at": merged_at.isoformat() if merged_at else None,
            "closed_at": closed.isoformat() if (closed := closed_at or merged_at) else None,
            "merged": merged_at is not None,
            "merge_commit_sha": merge,
            "additions": lines[0],
            "deletions": lines[1],
        },
    }
    return Event(
        source=Source.GITHUB,
        event_id=str(uuid.uuid4()),
        type="pull_request",
        occurred_at=at,
        body=body,
        raw=canonical_json(body),
        repository=repository,
    )


def _kino(kind: str, body: dict[str, Any], project_id: uuid.UUID, at: datetime | None = None) -> Event:
    return Event(
        source=Source.KINO,
        event_id=str(uuid.uuid4()),
        type=kind,
        occurred_at=at or datetime.now(UTC),
        body=body,
        raw=canonical_json(body),
        project_id=project_id,
    )
