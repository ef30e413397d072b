"""What GitHub tells of deployments, releases, incidents, checks and alerts, with the fields that Kino reads."""

import uuid
from datetime import datetime
from typing import Any

from kino_core.events import Event, Source, canonical_json


def github(kind: str, repository: str, at: datetime, body: dict[str, Any], event_id: str | None = None) -> Event:
    """Return a delivery of `kind`, which came in at `at`."""
    body = {**body, "repository": {"full_name": repository, "default_branch": "main"}}
    return Event(
        source=Source.GITHUB,
        event_id=event_id or str(uuid.uuid4()),
        type=kind,
        occurred_at=at,
        body=body,
        raw=canonical_json(body),
        repository=repository,
    )


def deployment_status(
    repository: str,
    number: int,
    at: datetime,
    sha: str,
    *,
    state: str = "success",
    environment: str = "production",
    ref: str = "main",
    production: bool | None = None,
) -> Event:
    """Return that a deployment came into a state."""
    body = {
        "action": "created",
        "deployment_status": {"id": number, "state": state, "environment": environment, "created_at": at.isoformat()},
        "deployment": {"id": number, "sha": sha, "ref": ref, "environment": environment}
        | ({} if production is None else {"production_environment": production}),
    }
    return github("deployment_status", repository, at, body)


def release(
    repository: str, number: int, at: datetime, tag: str, *, action: str = "published", prerelease: bool = False
) -> Event:
    """Return that a release was published."""
    told = {
        "id": number,
        "tag_name": tag,
        "target_commitish": "main",
        "name": None,
        "draft": False,
        "prerelease": prerelease,
        "published_at": at.isoformat(),
    }
    return github("release", repository, at, {"action": action, "release": told})


def push(
    repository: str,
    at: datetime,
    *commits: tuple[str, datetime, str],
    ref: str = "refs/heads/main",
    before: str = "0" * 40,
) -> Event:
    """Return a push; `commits` holds (sha, time, message), the last of which is the new head."""
    told = [
        {
            "id": sha,
            "message": message,
            "timestamp": moment.isoformat(),
            "author": {"name": "Robin", "email": "robin@example.org"},
        }
        for sha, moment, message in commits
    ]
    is_tag = ref.startswith("refs/tags/")
    body = {
        "ref": ref,
        "before": before,
        "after": commits[-1][0],
        "commits": [] if is_tag else told,
        "head_commit": told[-1],
    }
    return github("push", repository, at, body)


def issue(
    repository: str,
    number: int,
    at: datetime,
    *,
    opened_at: datetime,
    closed_at: datetime | None = None,
    labels: tuple[str, ...] = ("incident",),
    text: str = "",
    action: str = "opened",
) -> Event:
    """Return what GitHub says of an issue at a moment."""
    told = {
        "number": number,
        "title": "Something broke",
        "body": text,
        "labels": [{"name": name} for name in labels],
        "state": "closed" if closed_at else "open",
        "created_at": opened_at.isoformat(),
        "updated_at": at.isoformat(),
        "closed_at": closed_at.isoformat() if closed_at else None,
    }
    return github("issues", repository, at, {"action": action, "issue": told})


def check_run(
    repository: str, at: datetime, sha: str, *, name: str = "tests", conclusion: str = "success", title: str = ""
) -> Event:
    """Return that a check was completed."""
    told = {
        "name": name,
        "head_sha": sha,
        "status": "completed",
        "conclusion": conclusion,
        "completed_at": at.isoformat(),
        "output": {"title": title},
    }
    return github("check_run", repository, at, {"action": "completed", "check_run": told})


def alert(
    repository: str,
    kind: str,
    number: int,
    at: datetime,
    *,
    action: str = "created",
    created_at: datetime,
    severity: str | None = None,
    rule: dict[str, str] | None = None,
    ref: str = "",
    sha: str = "",
) -> Event:
    """Return what GitHub says of an alert; `kind` is dependabot, code_scanning or secret_scanning."""
    ends = {"fixed": "fixed", "closed_by_user": "dismissed", "dismissed": "dismissed", "resolved": "resolved"}
    told: dict[str, Any] = {
        "number": number,
        "state": ends.get(action, "open"),
        "created_at": created_at.isoformat(),
        "updated_at": at.isoformat(),
    }
    if action in ends:
        told[f"{ends[action]}_at"] = at.isoformat()
    if severity:
        told["security_vulnerability"] = {"severity": severity}
    if rule:
        told["rule"] = rule
    return github(f"{kind}_alert", repository, at, {"action": action, "alert": told, "ref": ref, "commit_oid": sha})
