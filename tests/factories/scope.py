"""What people plan, as the API tells the log of it."""

import uuid
from datetime import date, datetime
from typing import Any

from kino_core.events import Event, Source, canonical_json


def project_told(
    project_id: uuid.UUID,
    at: datetime,
    *,
    change: str = "project_changed",
    initiative_id: uuid.UUID | None = None,
    time_zone: str = "UTC",
    status: str | None = None,
    start_date: date | None = None,
    end_date: date | None = None,
) -> Event:
    """Return the event by which a project is as it says from a moment on."""
    body = {
        "project_id": str(project_id),
        "name": f"Project {project_id}",
        "initiative_id": str(initiative_id) if initiative_id else None,
        "initiative": "Growth" if initiative_id else None,
        "priority": "MEDIUM",
        "status": status,
        "status_reason": None,
        "start_date": start_date.isoformat() if start_date else None,
        "end_date": end_date.isoformat() if end_date else None,
        "time_zone": time_zone,
        "archived": False,
        "sample": False,
    }
    return _kino(change, body, project_id, at)


def item_told(
    project_id: uuid.UUID,
    item_id: uuid.UUID,
    at: datetime,
    *,
    change: str = "scope_item_changed",
    key: str | None = None,
    said: str | None = None,
    user: uuid.UUID | None = None,
    agent: uuid.UUID | None = None,
) -> Event:
    """Return the event by which somebody makes or changes a scope item; `said` is a word about its status."""
    assignee = user or agent
    body = {
        "item_id": str(item_id),
        "project_id": str(project_id),
        "key": key,
        "title": "Pay by card",
        "description": "",
        "priority": "MEDIUM",
        "status": said or "TODO",
        "said_status": said,
        "said_at": at.isoformat() if said else None,
        "start_date": None,
        "end_date": None,
        "assignee_type": ("USER" if user else "AGENT") if assignee else None,
        "assignee_id": str(assignee) if assignee else None,
        "milestone_id": None,
        "position": 1,
        "updated_at": at.isoformat(),
    }
    return _kino(change, body, project_id, at)


def item_deleted(project_id: uuid.UUID, item_id: uuid.UUID, at: datetime) -> Event:
    """Return the event by which a scope item is gone for good."""
    body = {"item_id": str(item_id), "project_id": str(project_id), "key": None}
    return _kino("scope_item_deleted", body, project_id, at)


def account_linked(user_id: uuid.UUID, person_id: uuid.UUID | None, at: datetime) -> Event:
    """Return the event by which an administrator says who somebody who signs in is in the histories."""
    body = {"user_id": str(user_id), "fields": ["person_id"], "person_id": str(person_id) if person_id else None}
    return _kino("user_changed", body, None, at)


def _kino(kind: str, body: dict[str, Any], project_id: uuid.UUID | None, at: datetime) -> Event:
    return Event(
        source=Source.KINO,
        event_id=str(uuid.uuid4()),
        type=kind,
        occurred_at=at,
        body=body,
        raw=canonical_json(body),
        project_id=project_id,
    )
