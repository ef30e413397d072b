"""Which projects a list shows, in which order, and where it goes on: filters, sorts and cursors."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from kino_api.shapes import cursor_parts, encode_cursor, invalid_cursor
from kino_core.project_states import Priority, ProjectStatus


@dataclass(frozen=True)
class ProjectFilter:
    """What the projects of a list have in common; what is None does not matter.

    `owner` is a user who leads the project, `text` a part of its name or description, `health` what holds of it: a
    manager's word, else the rule's. Archived projects are left out unless `archived`.
    """

    initiative_id: uuid.UUID | None = None
    status: ProjectStatus | None = None
    priority: Priority | None = None
    owner: uuid.UUID | None = None
    text: str | None = None
    health: ProjectStatus | None = None
    archived: bool = False


class ProjectSort(StrEnum):
    """The orders of a list; "-" turns one round. What has no end date or status comes last either way."""

    NAME = "name"
    NAME_FALLING = "-name"
    PRIORITY = "priority"
    PRIORITY_FALLING = "-priority"
    END_DATE = "end_date"
    END_DATE_FALLING = "-end_date"
    UPDATED_AT = "updated_at"
    UPDATED_AT_FALLING = "-updated_at"
    STATUS = "status"
    STATUS_FALLING = "-status"

    @property
    def column(self) -> str:
        """Return the column that the order is by."""
        return self.removeprefix("-")

    @property
    def falls(self) -> bool:
        """Return whether the order is turned round."""
        return self.startswith("-")


Place = tuple[str, uuid.UUID]
"""Where a list goes on: what the last row had in the column of its order, and its id."""


@dataclass(frozen=True)
class _Key:
    """What rows are ordered by, as an index has it; `{value}` stands for the column or a value of its `type`."""

    rising: str
    type: str = "text"
    falling: str | None = None
    parse: Callable[[str], object] = str


_STATUS = "coalesce(array_position(ARRAY['ON_TRACK', 'AT_RISK', 'BLOCKED', 'COMPLETED'], {value}), %s)"
_KEYS = {
    "name": _Key("lower({value})"),
    "priority": _Key("array_position(ARRAY['HIGH', 'MEDIUM', 'LOW'], {value})"),
    "end_date": _Key("coalesce({value}, 'infinity')", "date", "coalesce({value}, '-infinity')", date.fromisoformat),
    "updated_at": _Key("{value}", "timestamptz", parse=datetime.fromisoformat),
    "status": _Key(_STATUS % 9, falling=_STATUS % 0),
}


def ordered(sql: str, sort: ProjectSort) -> str:
    """Return the statement with its order written in: declared above, never taken from a request."""
    key = _KEYS[sort.column]
    expression = key.falling if sort.falls and key.falling else key.rising
    parts = {
        "{key}": expression.format(value=f"project.{sort.column}"),
        "{after_key}": expression.format(value=f"CAST(nullif(CAST(:after_key AS text), '') AS {key.type})"),
        "{beyond}": "<" if sort.falls else ">",
        "{direction}": "DESC" if sort.falls else "ASC",
    }
    for name, text in parts.items():
        sql = sql.replace(name, text)
    return sql


def encode_place(sort: ProjectSort, value: object, project_id: uuid.UUID) -> str:
    """Return the cursor behind the project that has `value` in the column of the order."""
    return encode_cursor((sort, "" if value is None else value, project_id))


def place_of(cursor: str | None, sort: ProjectSort) -> Place | None:
    """Return where a cursor of this order goes on; raises InvalidCursor, also for a cursor of another order."""
    if cursor is None:
        return None
    of_sort, value, project_id = cursor_parts(cursor, 3)
    if of_sort != sort:
        raise invalid_cursor()
    try:
        if value:
            _KEYS[sort.column].parse(value)
        return value, uuid.UUID(project_id)
    except ValueError as error:
        raise invalid_cursor() from error
