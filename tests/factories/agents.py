"""What agents report beside the fields that every report has, and what people do about it at GitHub."""

import uuid
from datetime import datetime
from typing import Any

import msgspec

from kino_core.events import Event, Source, canonical_json
from tests.factories.events import agent_report


def told(
    project_id: uuid.UUID,
    event_type: str,
    at: datetime,
    *,
    agent: str = "claude-7",
    task: str = "KIN-1",
    session: str | None = None,
    usage: dict[str, Any] | None = None,
    repository: str | None = None,
    commit_sha: str | None = None,
    request_id: str | None = None,
    **data: object,
) -> Event:
    """Return an agent's event with what not every report has; `data` is its payload by type."""
    event = agent_report(project_id, event_type, at, agent=agent, task=task, **data)
    further = {
        "session_id": session,
        "usage": usage,
        "repository": repository,
        "commit_sha": commit_sha,
        "request_id": request_id,
    }
    body = event.body | {name: value for name, value in further.items() if value is not None}
    return msgspec.structs.replace(event, body=body, raw=canonical_json(body), repository=repository)


def reviewed(repository: str, number: int, at: datetime, *, state: str = "changes_requested", by: str = "kim") -> Event:
    """Return a pull_request_review delivery of GitHub."""
    body = {
        "action": "submitted",
        "repository": {"full_name": repository, "default_branch": "main"},
        "pull_request": {"number": number},
        "review": {"state": state, "user": {"login": by}, "submitted_at": at.isoformat()},
    }
    return Event(
        source=Source.GITHUB,
        event_id=str(uuid.uuid4()),
        type="pull_request_review",
        occurred_at=at,
        body=body,
        raw=canonical_json(body),
        repository=repository,
    )
