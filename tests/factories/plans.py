"""What people tell of projects and their scope: statuses, dates, items, updates, what waits for what."""

import uuid
from datetime import date, datetime
from typing import Any

from kino_core.events import Event, Source, canonical_json, stable_id


def project_told(
    project_id: uuid.UUID,
    at: datetime,
    *,
    created: bool = False,
    initiative_id: uuid.UUID | None = None,
    status: str | None = None,
    start: date | None = None,
    end: date | None = None,
    archived: bool = False,
    time_zone: str = "UTC",
) -> Event:
    """Return the event by which a project is made or changed."""
    body = {
        "project_id": str(project_id),
        "name": f"Project {str(project_id)[:8]}",
        "initiative_id": initiative_id and str(initiative_id),
        "time_zone": time_zone,
        "status": status,
        "start_date": start and start.isoformat(),
        "end_date": end and end.isoformat(),
        "archived": archived,
    }
    return _told("project_created" if created else "project_changed", project_id, at, body)


def scope_item(
    project_id: uuid.UUID, key: str, at: datetime, status: str, *, created: bool = False, end: date | None = None
) -> Event:
    """Return the event by which a person adds the item of that key or says how it stands."""
    return item_told(project_id, item_id(project_id, key), at, created=created, key=key, said=status, end=end)


def item_id(project_id: uuid.UUID, key: str) -> uuid.UUID:
    """Return the id of the item that `scope_item` tells of."""
    return stable_id("item", f"{project_id} {key}")


def item_told(
    project_id: uuid.UUID,
    item: uuid.UUID,
    at: datetime,
    *,
    created: bool = False,
    key: str | None = None,
    said: str | None = None,
    end: date | None = None,
    user: uuid.UUID | None = None,
    agent: uuid.UUID | None = None,
) -> Event:
    """Return the event by which a person adds or changes an item; `said` is a word about its status."""
    assignee = user or agent
    body = {
        "item_id": str(item),
        "project_id": str(project_id),
        "key": key,
        "updated_at": at.isoformat(),
        "said_status": said,
        "said_at": at.isoformat() if said else None,
        "start_date": None,
        "end_date": end and end.isoformat(),
        "assignee_type": ("USER" if user else "AGENT") if assignee else None,
        "assignee_id": assignee and str(assignee),
    }
    return _told("scope_item_created" if created else "scope_item_changed", project_id, at, body)


def item_deleted(project_id: uuid.UUID, item: uuid.UUID, at: datetime) -> Event:
    """Return the event by which an item is gone for good."""
    body = {"item_id": str(item), "project_id": str(project_id), "key": None}
    return _told("scope_item_deleted", project_id, at, body)


def update_submitted(project_id: uuid.UUID, name: str, at: datetime, *, deleted: bool = False) -> Event:
    """Return the event by which somebody writes of a project, or takes it back."""
    body = {"update_id": str(stable_id("update", name)), "project_id": str(project_id), "overall_status": None}
    return _told("update_deleted" if deleted else "update_submitted", project_id, at, body)


def dependency_told(
    project_id: uuid.UUID,
    depends_on: uuid.UUID,
    at: datetime,
    *,
    on_item: uuid.UUID | None = None,
    name: str = "",
    deleted: bool = False,
) -> Event:
    """Return the event by which a project comes to wait for another, or for one of its items, or no more."""
    body = {
        "dependency_id": str(stable_id("dependency", f"{project_id} {depends_on} {on_item} {name}")),
        "project_id": str(project_id),
        "item_id": None,
        "depends_on_project_id": str(depends_on),
        "depends_on_item_id": on_item and str(on_item),
    }
    return _told("dependency_deleted" if deleted else "dependency_created", project_id, at, body)


def account_linked(user_id: uuid.UUID, person_id: uuid.UUID | None, at: datetime) -> Event:
    """Return the event by which an administrator says who somebody who signs in is in the histories."""
    body = {"user_id": str(user_id), "fields": ["person_id"], "person_id": person_id and str(person_id)}
    return _told("user_changed", None, at, body)


def _told(kind: str, project_id: uuid.UUID | None, at: datetime, body: dict[str, Any]) -> Event:
    return Event(
        source=Source.KINO,
        event_id=str(uuid.uuid4()),
        type=kind,
        occurred_at=at,
        body=body,
        raw=canonical_json(body),
        project_id=project_id,
    )
