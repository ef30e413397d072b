"""GitHub's deliveries: whatever the kind, kept as they came, under GitHub's own delivery id."""

import uuid
from datetime import UTC, datetime
from typing import Any

from kino_core.errors import InvalidInput
from kino_core.events import Event, Source
from kino_ingest.agent_report import read_moment
from kino_ingest.landing import without_nul

LONGEST_HEADER = 255
LONGEST_REPOSITORY = 255
_TIMES = {
    "pull_request": ("pull_request", "updated_at"),
    "push": ("head_commit", "timestamp"),
    "pull_request_review": ("review", "submitted_at"),
    "issues": ("issue", "updated_at"),
    "deployment_status": ("deployment_status", "created_at"),
}


def repository_of(body: dict[str, Any]) -> str | None:
    """Return the `owner/name` that a payload is about, None where it is about none."""
    name = _at(body, "repository", "full_name")
    return str(without_nul(name)) if isinstance(name, str) and 0 < len(name) <= LONGEST_REPOSITORY else None


def delivery_event(
    kind: str, delivery: str, body: dict[str, Any], raw: bytes, *, project_id: uuid.UUID | None
) -> Event:
    """Return the event of a delivery; `kind` is `X-GitHub-Event`, `delivery` is `X-GitHub-Delivery`.

    It occurred when the payload says so, or now where it says nothing. Raises InvalidInput without those headers.
    """
    for header, value in (("X-GitHub-Event", kind), ("X-GitHub-Delivery", delivery)):
        if not 0 < len(value) <= LONGEST_HEADER:
            raise InvalidInput(f"{header} is missing or longer than {LONGEST_HEADER} characters.", field=header)
    return Event(
        source=Source.GITHUB,
        event_id=delivery,
        type=kind,
        occurred_at=_occurred_at(kind, body),
        body=body,
        raw=raw,
        project_id=project_id,
        repository=repository_of(body),
    )


def _occurred_at(kind: str, body: dict[str, Any]) -> datetime:
    told = _at(body, *_TIMES[kind]) if kind in _TIMES else None
    try:
        return read_moment(told, "time") if isinstance(told, str) else datetime.now(UTC)
    except InvalidInput:
        return datetime.now(UTC)


def _at(body: dict[str, Any], *path: str) -> object:
    value: object = body
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
