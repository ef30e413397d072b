"""Scope items: what a project is to deliver, in the order that people chose.

What a person says of an item's status and what agents tell of its task become one state in
`kino_ingest.fold.scope_items`; whoever changes either asks it to settle the item in the same transaction.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, insert, update

from kino_api.changes import record_change
from kino_api.etags import check_match
from kino_api.projects import Priority, hold_project
from kino_api.scope_item_rules import AssigneeType, ItemStatus, ScopeItem, UnknownScopeItem, check_item, normalised
from kino_api.sql import read_sql
from kino_api.users import User
from kino_core.database import ReadSession, WriteSession, query
from kino_core.tables import scope_item
from kino_ingest.fold.scope_items import settle_items
from kino_ingest.fold.write import lock_merging

MOMENT = timedelta(microseconds=1)
NO_ITEM = "The project has no such item. It may have been deleted."
_DERIVED = frozenset({"assignee", "status", "started_at", "completed_at"})
"""What is not stored as it is given."""


@dataclass(frozen=True)
class ItemFilter:
    """Which items of a project are asked for; `text` is a part of the key, title or description."""

    status: ItemStatus | None = None
    assignee_id: uuid.UUID | None = None
    milestone_id: uuid.UUID | None = None
    text: str | None = None


ALL_ITEMS = ItemFilter()


def list_items(
    session: ReadSession | WriteSession,
    project_id: uuid.UUID,
    wanted: ItemFilter = ALL_ITEMS,
    *,
    after: tuple[int, uuid.UUID] | None = None,
    limit: int | None = None,
) -> list[ScopeItem]:
    """Return the project's items in their order; `after` is the (position, id) of the last one seen."""
    return _items(session, project_id, wanted, after=after, limit=limit)


def get_item(session: ReadSession | WriteSession, project_id: uuid.UUID, item_id: uuid.UUID) -> ScopeItem:
    """Return an item of the project; raises UnknownScopeItem."""
    found = _items(session, project_id, item_id=item_id)
    if not found:
        raise UnknownScopeItem(NO_ITEM)
    return found[0]


def create_item(
    session: WriteSession,
    project_id: uuid.UUID,
    wanted: dict[str, Any],
    *,
    created_by: User | None = None,
    created_at: datetime | None = None,
) -> ScopeItem:
    """Add an item behind the others; `wanted` holds fields of ScopeItem, `title` at least.

    Kino itself makes it where `created_by` is None, and now unless `created_at` says otherwise. What agents have told
    of its key before counts too. Raises InvalidName, as hold_project and as check_item.
    """
    lock_merging(session)
    lock_order(session, project_id)
    hold_project(session, project_id)
    now = created_at or datetime.now(UTC)
    blank = ScopeItem(
        id=uuid.uuid4(),
        project_id=project_id,
        key=None,
        title="",
        description="",
        priority=Priority.MEDIUM,
        status=ItemStatus.TODO,
        start_date=None,
        end_date=None,
        assignee_type=None,
        assignee_id=None,
        assignee=None,
        milestone_id=None,
        position=_next_position(session, project_id),
        started_at=None,
        completed_at=None,
        created_at=now,
        updated_at=now,
        created_by=created_by.id if created_by else None,
    )
    made = replace(blank, **normalised(wanted))
    check_item(session, blank, made, by=created_by)
    # An item that nobody said anything about is TODO: what agents have told of its key counts then.
    said = _said(made.status, now, None) if made.status is not ItemStatus.TODO else {}
    session.execute(insert(scope_item).values(**_columns(made), **said))
    return _settled(session, made, "scope_item_created", said, at=now)


def change_item(
    session: WriteSession,
    project_id: uuid.UUID,
    item_id: uuid.UUID,
    changes: dict[str, Any],
    *,
    if_match: str | None = None,
    changed_by: User | None = None,
) -> ScopeItem:
    """Apply `changes` (fields of ScopeItem) and return the item as it is then; Kino itself makes them for None.

    A status is the last word about the item from now on. Raises UnknownScopeItem, PreconditionFailed, else as
    create_item.
    """
    lock_merging(session)
    hold_project(session, project_id)
    query(
        session,
        "SELECT FROM kino.scope_item WHERE id = :id AND project_id = :project_id FOR NO KEY UPDATE",
        id=item_id,
        project_id=project_id,
    )
    before = get_item(session, project_id, item_id)
    check_match(if_match, before.updated_at, noun="scope item")
    after = replace(before, **normalised(changes))
    if after == before:
        return before
    check_item(session, before, after, by=changed_by)
    after = replace(after, updated_at=max(datetime.now(UTC), before.updated_at + MOMENT))
    said = _said(after.status, *_words(session, item_id)) if after.status is not before.status else {}
    session.execute(update(scope_item).where(scope_item.c.id == item_id).values(**_columns(after), **said))
    return _settled(session, after, "scope_item_changed", said, at=said.get("said_at", after.updated_at))


def delete_item(
    session: WriteSession, project_id: uuid.UUID, item_id: uuid.UUID, *, if_match: str | None = None
) -> None:
    """Delete an item for good, with its dependencies; the audit keeps what it was.

    Raises UnknownScopeItem, PreconditionFailed, or as hold_project.
    """
    hold_project(session, project_id)
    _drop_dependencies(session, item_id)
    gone = session.execute(
        delete(scope_item)
        .where(scope_item.c.id == item_id, scope_item.c.project_id == project_id)
        .returning(scope_item.c.key, scope_item.c.updated_at)
    ).one_or_none()
    if gone is None:
        raise UnknownScopeItem(NO_ITEM)
    check_match(if_match, gone.updated_at, noun="scope item")
    body = {"item_id": str(item_id), "project_id": str(project_id), "key": gone.key}
    record_change(session, "scope_item_deleted", body, project_id=project_id)


def lock_order(session: WriteSession, project_id: uuid.UUID) -> None:
    """Let nobody else add to the project's items or reorder them until this session ends."""
    query(session, "SELECT FROM kino.project WHERE id = :id FOR NO KEY UPDATE", id=project_id)


def _drop_dependencies(session: WriteSession, item_id: uuid.UUID) -> None:
    dropped = query(
        session,
        "DELETE FROM kino.dependency WHERE item_id = :id OR depends_on_item_id = :id RETURNING id, project_id",
        id=item_id,
    )
    for each in dropped:
        body = {"dependency_id": str(each.id), "project_id": str(each.project_id)}
        record_change(session, "dependency_deleted", body, project_id=each.project_id)


def _items(
    session: ReadSession | WriteSession,
    project_id: uuid.UUID,
    wanted: ItemFilter = ALL_ITEMS,
    *,
    item_id: uuid.UUID | None = None,
    after: tuple[int, uuid.UUID] | None = None,
    limit: int | None = None,
) -> list[ScopeItem]:
    position, last_id = after or (None, None)
    rows = query(
        session,
        read_sql("scope_items"),
        project_id=project_id,
        item_id=item_id,
        status=wanted.status and wanted.status.value,
        assignee_id=wanted.assignee_id,
        milestone_id=wanted.milestone_id,
        text=wanted.text,
        after_position=position,
        after_id=last_id,
        limit=limit,
    )
    return [_item(row) for row in rows]


def _item(row: Row[Any]) -> ScopeItem:
    fields: dict[str, Any] = {
        **row._mapping,
        "priority": Priority(row.priority),
        "status": ItemStatus(row.status),
        "assignee_type": AssigneeType(row.assignee_type) if row.assignee_type else None,
    }
    return ScopeItem(**fields)


def _settled(session: WriteSession, item: ScopeItem, change: str, said: dict[str, Any], *, at: datetime) -> ScopeItem:
    settle_items(session, [(item.project_id, str(item.id))])
    settled = get_item(session, item.project_id, item.id)
    record_change(session, change, _told(settled, said), project_id=item.project_id, occurred_at=at)
    return settled


def _said(status: ItemStatus, at: datetime, said_started_at: datetime | None) -> dict[str, Any]:
    """Return the columns of what a person says of the status; when they first said that it began is kept."""
    if status is ItemStatus.IN_PROGRESS:
        said_started_at = said_started_at or at
    return {"said_status": status.value, "said_at": at, "said_started_at": said_started_at}


def _words(session: WriteSession, item_id: uuid.UUID) -> tuple[datetime, datetime | None]:
    """Return the moment of a new word, after all that is told of the item (agents' clocks may be ahead), and
    when somebody first said that it began.
    """
    [row] = query(session, read_sql("scope_item_words"), item_id=item_id)
    now = datetime.now(UTC)
    return max(now, row.told_at + MOMENT) if row.told_at else now, row.said_started_at


def _next_position(session: WriteSession, project_id: uuid.UUID) -> int:
    [row] = query(
        session,
        "SELECT coalesce(max(position), 0) + 1 AS next FROM kino.scope_item WHERE project_id = :project_id",
        project_id=project_id,
    )
    position: int = row.next
    return position


def _columns(item: ScopeItem) -> dict[str, Any]:
    return {name: value for name, value in vars(item).items() if name not in _DERIVED}


def _told(item: ScopeItem, said: dict[str, Any]) -> dict[str, Any]:
    """Return what the log says about an item; `said_at` is there where the change was a word about its status.

    That moment may be one to come, as agents' clocks may be ahead: `updated_at` puts what was said in order.
    """
    return {
        "item_id": str(item.id),
        "project_id": str(item.project_id),
        "key": item.key,
        "title": item.title,
        "description": item.description,
        "priority": item.priority,
        "status": item.status,
        "said_status": said.get("said_status"),
        "said_at": said["said_at"].isoformat() if said else None,
        "start_date": item.start_date.isoformat() if item.start_date else None,
        "end_date": item.end_date.isoformat() if item.end_date else None,
        "assignee_type": item.assignee_type,
        "assignee_id": str(item.assignee_id) if item.assignee_id else None,
        "milestone_id": str(item.milestone_id) if item.milestone_id else None,
        "position": item.position,
        "updated_at": item.updated_at.isoformat(),
    }
