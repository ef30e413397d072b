"""Shapes that every noun of the API shares: pages of lists with their cursors, strict bodies, the error envelope."""

import binascii
import json
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from kino_core.errors import Category, InvalidInput

DEFAULT_LIMIT = 50
MOST_ITEMS = 200

Limit = Annotated[int, Query(ge=1, le=MOST_ITEMS, description="How many items to return at most.")]
CursorText = Annotated[
    Annotated[str, Field(max_length=2000), WithJsonSchema({"type": "string", "format": "cursor"})] | None,
    Query(description="`next_cursor` of the page before."),
]

Description = Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$")]
SearchText = Annotated[
    str | None, Query(max_length=200, pattern=r"^[^\x00]*$", description="A part of the name or the description.")
]

Item = TypeVar("Item")


def not_both(one: str, *others: str) -> dict[str, Any]:
    """Return the schema of an object that has a text for `one`, or for any of `others`, and never for both."""
    texts = [{name: {"type": "string"} for name in (one, other)} for other in others]
    return {"not": {"anyOf": [{"properties": each, "required": list(each)} for each in texts]}}


def together(one: str, other: str) -> dict[str, Any]:
    """Return the schema of an object that has both of two texts or neither."""
    both = {name: {"type": "string"} for name in (one, other)}
    neither = {name: {"type": "null"} for name in (one, other)}
    return {"anyOf": [{"properties": both, "required": list(both)}, {"properties": neither}]}


class InvalidCursor(InvalidInput):
    """A cursor that this list never gave out."""

    code = "INVALID_CURSOR"


class Body(BaseModel):
    """A request's body: fields that it does not know are refused, and nothing is converted on a guess."""

    model_config = ConfigDict(extra="forbid")


def without_defaults(schema: dict[str, Any]) -> None:
    """Take the defaults out of the schema of changes."""
    for each in schema["properties"].values():
        each.pop("default", None)


class Changes(Body):
    """What is to change of an object: fields that are left out stay as they are, so none has a default."""

    model_config = ConfigDict(json_schema_extra=without_defaults)


class ShownOnce:
    """An answer that holds a secret: it is kept nowhere, so it is never given twice."""


class Page(BaseModel, Generic[Item]):
    """A part of a list; `next_cursor` is null at its end."""

    items: list[Item]
    next_cursor: str | None


class ErrorFacts(BaseModel):
    """What went wrong. `message` is for people; programs look at `code`."""

    category: Category
    code: str
    message: str
    details: dict[str, Any]
    timestamp: datetime
    request_id: str
    retryable: bool


class ErrorEnvelope(BaseModel):
    """The body of every error."""

    error: ErrorFacts


def page_of(found: Sequence[Item], limit: int, place: Callable[[Item], tuple[object, ...]]) -> Page[Item]:
    """Return the first `limit` of `found`, which was asked for one more; `place` says where the list goes on."""
    shown = list(found[:limit])
    return Page(items=shown, next_cursor=encode_cursor(place(shown[-1])) if len(found) > limit else None)


def encode_cursor(place: tuple[object, ...]) -> str:
    """Return the cursor of a place in a list: texts, times, ids."""
    parts = [part.isoformat() if isinstance(part, date) else str(part) for part in place]
    return urlsafe_b64encode(json.dumps(parts, ensure_ascii=False).encode()).rstrip(b"=").decode()


def name_cursor(cursor: str | None) -> tuple[str, uuid.UUID] | None:
    """Return the (name, id) of a list by name; raises InvalidCursor."""
    if cursor is None:
        return None
    name, key = cursor_parts(cursor, 2)
    return name, _parsed(uuid.UUID, key)


def position_cursor(cursor: str | None) -> tuple[int, uuid.UUID] | None:
    """Return the (position, id) of a list in an order that people chose; raises InvalidCursor."""
    if cursor is None:
        return None
    position, key = cursor_parts(cursor, 2)
    number = _parsed(int, position)
    if abs(number) >= 2**31:
        raise invalid_cursor()
    return number, _parsed(uuid.UUID, key)


def moment_cursor(cursor: str | None) -> tuple[datetime, uuid.UUID] | None:
    """Return the (time, id) of a list by time; raises InvalidCursor."""
    if cursor is None:
        return None
    moment, key = cursor_parts(cursor, 2)
    return _moment(moment), _parsed(uuid.UUID, key)


def day_cursor(cursor: str | None) -> tuple[date, uuid.UUID] | None:
    """Return the (day, id) of a list by day; raises InvalidCursor."""
    if cursor is None:
        return None
    day, key = cursor_parts(cursor, 2)
    return _parsed(date.fromisoformat, day), _parsed(uuid.UUID, key)


def number_cursor(cursor: str | None) -> int | None:
    """Return the id of a list by number, within 64 bits; raises InvalidCursor."""
    if cursor is None:
        return None
    [key] = cursor_parts(cursor, 1)
    number = _parsed(int, key)
    if abs(number) >= 2**63:
        raise invalid_cursor()
    return number


def time_cursor(cursor: str | None) -> tuple[datetime, str, str] | None:
    """Return the (time, text, text) of a list by time; raises InvalidCursor."""
    if cursor is None:
        return None
    moment, first, second = cursor_parts(cursor, 3)
    return _moment(moment), first, second


def pair_cursor(cursor: str | None) -> tuple[datetime, uuid.UUID] | None:
    """Return the (time, id) of a list by time; raises InvalidCursor."""
    if cursor is None:
        return None
    moment, key = cursor_parts(cursor, 2)
    occurred_at = _parsed(datetime.fromisoformat, moment)
    if occurred_at.tzinfo is None:
        raise invalid_cursor()
    return occurred_at, _parsed(uuid.UUID, key)


def cursor_parts(cursor: str, count: int) -> list[str]:
    """Return the texts that a cursor holds, exactly `count` of them; raises InvalidCursor."""
    try:
        parts = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        raise invalid_cursor() from error
    well_formed = isinstance(parts, list) and len(parts) == count
    if not well_formed or not all(isinstance(part, str) and _storable(part) for part in parts):
        raise invalid_cursor()
    return [str(part) for part in parts]


def _storable(text: str) -> bool:
    # PostgreSQL takes neither NULs nor halves of surrogate pairs.
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


Parsed = TypeVar("Parsed")


def _parsed(parse: Callable[[str], Parsed], text: str) -> Parsed:
    try:
        return parse(text)
    except ValueError as error:
        raise invalid_cursor() from error


def _moment(text: str) -> datetime:
    moment = _parsed(datetime.fromisoformat, text)
    if moment.tzinfo is None:
        raise invalid_cursor()
    return moment


def invalid_cursor() -> InvalidCursor:
    """Return the error of a cursor that this list never gave out."""
    return InvalidCursor("The cursor is not one of this list. Take next_cursor as it came.", field="cursor")
