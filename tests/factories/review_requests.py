"""What GitHub tells of requests for reviews, and of the reviews that answer them."""

import uuid
from datetime import datetime

from kino_core.events import Event, Source, canonical_json


def review_request(
    repository: str,
    number: int,
    at: datetime,
    reviewer: str | None,
    *,
    removed: bool = False,
    opener: str = "robin",
    event_id: str = "",
) -> Event:
    """Return the delivery that somebody was asked for a review, or is no more; of a team where `reviewer` is None."""
    asked = (
        {"requested_team": {"name": "everybody"}} if reviewer is None else {"requested_reviewer": {"login": reviewer}}
    )
    body = {
        "action": "review_request_removed" if removed else "review_requested",
        "repository": {"full_name": repository, "default_branch": "main"},
        "pull_request": {
            "number": number,
            "title": f"Change {number}",
            "user": {"login": opener},
            "head": {"ref": "topic"},
            "labels": [],
            "draft": False,
            "created_at": at.isoformat(),
            "updated_at": at.isoformat(),
            "merged_at": None,
            "closed_at": None,
        },
        **asked,
    }
    return _delivery("pull_request", repository, body, at, event_id)


def review(
    repository: str,
    number: int,
    at: datetime,
    author: str,
    *,
    state: str = "approved",
    opener: str = "robin",
    action: str = "submitted",
    review_id: int | None = None,
    event_id: str = "",
) -> Event:
    """Return the delivery of a review of a pull request that `opener` opened."""
    told = {"user": {"login": author}, "state": state, "submitted_at": at.isoformat()}
    body = {
        "action": action,
        "repository": {"full_name": repository, "default_branch": "main"},
        "review": told if review_id is None else {**told, "id": review_id},
        "pull_request": {"number": number, "updated_at": at.isoformat(), "user": {"login": opener}},
    }
    return _delivery("pull_request_review", repository, body, at, event_id)


def _delivery(kind: str, repository: str, body: dict[str, object], at: datetime, event_id: str) -> Event:
    return Event(
        source=Source.GITHUB,
        event_id=event_id or str(uuid.uuid4()),
        type=kind,
        occurred_at=at,
        body=body,
        raw=canonical_json(body),
        repository=repository,
    )
