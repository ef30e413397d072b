"""What a scope item is, and what may be said of it."""

import unicodedata
import uuid
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from kino_api.access import viewer
from kino_api.milestones import lock_milestone
from kino_api.names import checked_line
from kino_api.projects import Priority
from kino_api.sql import read_sql
from kino_api.users import User
from kino_core.database import WriteSession, query
from kino_core.errors import Conflict, InvalidDates, InvalidInput, NotFound

LONGEST_KEY = 100


class ItemStatus(StrEnum):
    """How far an item is."""

    TODO = "TODO"
    IN_PROGRESS = "IN_PROGRESS"
    BLOCKED = "BLOCKED"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


class AssigneeType(StrEnum):
    """Who works on an item: somebody who signs in, or an agent."""

    USER = "USER"
    AGENT = "AGENT"


@dataclass(frozen=True)
class ScopeItem:
    """An item as it stands; `key` is what people and agents call it, such as KIN-42, and `assignee` a name to show."""

    id: uuid.UUID
    project_id: uuid.UUID
    key: str | None
    title: str
    description: str
    priority: Priority
    status: ItemStatus
    start_date: date | None
    end_date: date | None
    assignee_type: AssigneeType | None
    assignee_id: uuid.UUID | None
    assignee: str | None
    milestone_id: uuid.UUID | None
    position: int
    started_at: datetime | None
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    created_by: uuid.UUID | None


class UnknownScopeItem(NotFound):
    """The project has no such scope item."""

    code = "UNKNOWN_SCOPE_ITEM"


class ItemExists(Conflict):
    """Another item of the project has that key, capitals aside."""

    code = "SCOPE_ITEM_EXISTS"


class InvalidKey(InvalidInput):
    """A key that cannot be used."""

    code = "INVALID_KEY"


class InvalidAssignee(InvalidInput):
    """An assignee who is no member of the project, or whom nobody knows."""

    code = "INVALID_ASSIGNEE"


def normalised(fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields of an item as they are stored; one half of an assignee that is null makes the other one null.

    Raises InvalidName for a title that is empty, too long or not one line.
    """
    done = dict(fields)
    if "title" in done:
        done["title"] = checked_line(done["title"], field="title")
    if done.get("key") is not None:
        done["key"] = unicodedata.normalize("NFC", done["key"]).strip()
    for half, other in (("assignee_id", "assignee_type"), ("assignee_type", "assignee_id")):
        if half in done and done[half] is None:
            done.setdefault(other, None)
    return done


def check_item(session: WriteSession, before: ScopeItem, after: ScopeItem, *, by: User | None) -> None:
    """Check what is new in `after`: a member who leaves, say, keeps what they were given.

    Nobody gives work to an agent that they do not see; Kino itself, where `by` is None, sees all of them.

    Raises InvalidDates, InvalidKey, ItemExists, InvalidAssignee or UnknownMilestone.
    """
    if after.start_date and after.end_date and after.end_date < after.start_date:
        raise InvalidDates("The item ends before it starts. Give a later end date.", field="end_date")
    if after.key != before.key and after.key is not None:
        _check_key(session, after, after.key)
    if (after.assignee_type, after.assignee_id) != (before.assignee_type, before.assignee_id):
        _check_assignee(session, after, by)
    if after.milestone_id != before.milestone_id and after.milestone_id is not None:
        # Locked, so that nobody deletes it before the item refers to it.
        lock_milestone(session, after.project_id, after.milestone_id)


def _check_key(session: WriteSession, item: ScopeItem, key: str) -> None:
    if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
        raise InvalidKey(f"A key is one line of 1 to {LONGEST_KEY} characters, such as KIN-42.", field="key")
    if _is_id(key):
        raise InvalidKey("A key must not look like an id: agents name items by either. Take another.", field="key")
    taken = query(
        session,
        "SELECT FROM kino.scope_item WHERE project_id = :project_id AND lower(key) = lower(:key) AND id <> :id",
        project_id=item.project_id,
        key=key,
        id=item.id,
    )
    if taken:
        raise ItemExists(f"The project has an item {key!r} already. Take another key.")


def _check_assignee(session: WriteSession, item: ScopeItem, by: User | None) -> None:
    match item.assignee_type, item.assignee_id:
        case None, None:
            return
        case None, _:
            raise InvalidAssignee(
                "Say with assignee_type whether the id is a USER's or an AGENT's.", field="assignee_type"
            )
        case _, None:
            raise InvalidAssignee("Give the id of the assignee, or no assignee_type.", field="assignee_id")
    if item.assignee_type is AssigneeType.USER:
        found = query(
            session,
            "SELECT FROM kino.project_member WHERE project_id = :project_id AND user_id = :id",
            project_id=item.project_id,
            id=item.assignee_id,
        )
        reason = "Nobody of that id is a member of the project. Add them first, or take one of its members."
    else:
        found = query(session, read_sql("visible_agent"), agent_id=item.assignee_id, **viewer(by))
        reason = "There is no agent of that id. Agents are known once they have sent an event or written a commit."
    if not found:
        raise InvalidAssignee(reason, field="assignee_id")


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
