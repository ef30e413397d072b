"""The payloads of GitHub's webhooks, with the fields that readers of them look at, shaped as GitHub shapes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kino_ingest.simulation.events import MAIN, Json, Lines, account

NOTHING_BEFORE = "0" * 40


@dataclass
class PullRequest:
    """A pull request as it stands; GitHub tells all of it with each thing that happens to it."""

    number: int
    title: str
    login: str
    branch: str
    opened_at: datetime
    head: str = ""
    draft: bool = False
    labels: tuple[str, ...] = ()
    lines: Lines = ()
    commits: int = 1
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    merged_by: str | None = None
    merge_sha: str | None = None

    def payload(self, action: str, at: datetime) -> Json:
        """Return the `pull_request` delivery of `action`."""
        return {"action": action, "number": self.number, "pull_request": self._as_told(at)}

    def review(self, state: str, by: str, at: datetime, number: int) -> Json:
        """Return the `pull_request_review` delivery; `state` is approved, changes_requested or commented."""
        review = {
            "id": number,
            "user": account(by),
            "body": None,
            "state": state,
            "commit_id": self.head,
            "submitted_at": stamp(at),
        }
        return {"action": "submitted", "review": review, "pull_request": self._as_told(at)}

    def _as_told(self, at: datetime) -> Json:
        return {
            "id": self.number,
            "number": self.number,
            "state": "closed" if self.closed_at else "open",
            "title": self.title,
            "user": account(self.login),
            "draft": self.draft,
            "labels": [{"name": name} for name in self.labels],
            "head": {"ref": self.branch, "sha": self.head},
            "base": {"ref": MAIN},
            "created_at": stamp(self.opened_at),
            "updated_at": stamp(at),
            "closed_at": self.closed_at and stamp(self.closed_at),
            "merged_at": self.merged_at and stamp(self.merged_at),
            "merged": self.merged_at is not None,
            "merged_by": account(self.merged_by) if self.merged_by else None,
            "merge_commit_sha": self.merge_sha,
            "commits": self.commits,
            "additions": sum(added for _, added, _ in self.lines),
            "deletions": sum(deleted for _, _, deleted in self.lines),
            "changed_files": len({path for path, _, _ in self.lines}),
        }


def push(before: str, commits: Sequence[Json]) -> Json:
    """Return the `push` delivery of commits that reached the main branch, the oldest first."""
    return {
        "ref": f"refs/heads/{MAIN}",
        "before": before,
        "after": commits[-1]["id"],
        "created": before == NOTHING_BEFORE,
        "deleted": False,
        "forced": False,
        "commits": list(commits),
        "head_commit": commits[-1],
    }


def pushed(sha: str, message: str, at: datetime, name: str, email: str, paths: Sequence[str]) -> Json:
    """Return a commit as a push tells of it."""
    signed = {"name": name, "email": email}
    return {
        "id": sha,
        "distinct": True,
        "message": message,
        "timestamp": stamp(at),
        "author": signed,
        "committer": signed,
        "added": [],
        "removed": [],
        "modified": list(paths),
    }


def deployment_status(number: int, state: str, sha: str, begun_at: datetime, at: datetime, by: str) -> Json:
    """Return the `deployment_status` delivery of a deployment to production."""
    deployment = {
        "id": number,
        "sha": sha,
        "ref": MAIN,
        "task": "deploy",
        "environment": "production",
        "production_environment": True,
        "created_at": stamp(begun_at),
        "updated_at": stamp(at),
        "creator": account(by),
    }
    status = {
        "id": number,
        "state": state,
        "environment": "production",
        "created_at": stamp(at),
        "updated_at": stamp(at),
        "creator": account(by),
    }
    return {"action": "created", "deployment": deployment, "deployment_status": status}


def issue(
    action: str, number: int, title: str, by: str, opened_at: datetime, at: datetime, labels: Sequence[str]
) -> dict[str, Any]:
    """Return the `issues` delivery of `action`, which is `opened` or `closed`."""
    closed = action == "closed"
    told = {
        "id": number,
        "number": number,
        "title": title,
        "state": "closed" if closed else "open",
        "user": account(by),
        "labels": [{"name": name} for name in labels],
        "created_at": stamp(opened_at),
        "updated_at": stamp(at),
        "closed_at": stamp(at) if closed else None,
    }
    return {"action": action, "issue": told}


def stamp(at: datetime) -> str:
    """Return a moment as GitHub writes it, in whole seconds."""
    return at.isoformat()[:19] + "Z"
