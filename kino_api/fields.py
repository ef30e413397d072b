"""What bodies and queries are made of: each kind of text, day and time once, as the description of the API tells it.

A `format` of our own names the rule where no pattern can say it; the rule itself stands with its noun and answers with
a code of its own.
"""

import re
from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field, StrictBool, WithJsonSchema

from kino_api.names import LONGEST_LINE, LONGEST_NAME, LONGEST_REPOSITORY, SHORTEST_NAME
from kino_api.scope_item_rules import LONGEST_KEY
from kino_api.users import LONGEST_PERSON_NAME
from kino_core.metrics import METRICS

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_CLOCK = re.compile(r"[Tt ]\d{2}:\d{2}", re.ASCII)


def _written_day(value: object) -> object:
    # Pydantic would take a number, and the midnight of a time, for a day.
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("write a day like 2026-11-22")
    return value


def _written_moment(value: object) -> object:
    # Pydantic would take a number for the seconds since 1970.
    if not isinstance(value, str) or not _DAY.match(value) or not _CLOCK.match(value, 10):
        raise ValueError("write a time with its zone, like 2026-11-22T20:00:00Z")
    return value


def _written_number(value: object) -> object:
    # Pydantic would take a text, and true for one; 5.0 is a whole number in JSON.
    if isinstance(value, str | bool):
        raise ValueError("write a number")
    return value


Day = Annotated[date, BeforeValidator(_written_day), Field(examples=["2026-11-22"])]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_moment), Field(examples=["2026-11-22T20:00:00Z"])]
Flag = StrictBool
MOST_REQUESTS = 1_000_000
Quota = Annotated[int, Field(ge=1, le=MOST_REQUESTS), BeforeValidator(_written_number)]

LONGEST_TEXT = 1000
"""What is longer than any rule allows is not looked at."""
LONGEST_NOTE = 2000


def _told(**schema: object) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **schema})


_Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
_LINE = {"format": "line", "description": "One printable line.", "minLength": 1}

Name = Annotated[
    _Text,
    _told(
        format="name",
        description="Letters, digits, spaces and - _ . & ' ( ).",
        minLength=SHORTEST_NAME,
        maxLength=LONGEST_NAME,
        examples=["Checkout"],
    ),
]
Line = Annotated[_Text, _told(**_LINE, maxLength=LONGEST_LINE, examples=["Pay by card"])]
PersonName = Annotated[_Text, _told(**_LINE, maxLength=LONGEST_PERSON_NAME, examples=["Grace Hopper"])]
RepositoryName = Annotated[
    _Text,
    _told(
        **_LINE | {"description": "`owner/name` as at GitHub, or any one-line text."},
        maxLength=LONGEST_REPOSITORY,
        examples=["octo-org/checkout"],
    ),
]
ItemKey = Annotated[
    _Text,
    _told(
        **_LINE | {"description": "What agents send as task_id, on one line. Must not look like an id."},
        maxLength=LONGEST_KEY,
        examples=["KIN-42"],
    ),
]
Email = Annotated[_Text, _told(format="email", examples=["grace@example.com"])]
KnownEmail = Annotated[
    _Text,
    _told(
        maxLength=LONGEST_TEXT,
        description="Any text: who asks for one that nobody has is told no more.",
        examples=["grace@example.com"],
    ),
]
TimeZone = Annotated[_Text, _told(format="time-zone", description="An IANA name.", examples=["Europe/Berlin"])]

_DAY_PATTERN = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_PART_PATTERN = "-Q[1-4]|-(0[1-9]|1[0-2])|-W(0[1-9]|[1-4][0-9]|5[0-3])"
PeriodName = Annotated[
    str,
    Field(max_length=50),
    _told(
        pattern=f"^([0-9]{{4}}({_PART_PATTERN})?|{_DAY_PATTERN}/{_DAY_PATTERN})$",
        description="A year, quarter, month, ISO week, or two days, both included.",
        examples=["2026-Q3"],
    ),
]
MetricKey = Annotated[
    str,
    Field(max_length=100),
    _told(enum=[each.key for each in METRICS], description="A key of the catalogue.", examples=["commits"]),
]
_BLANK = r"\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f\u3000"
Note = Annotated[
    str,
    Field(max_length=LONGEST_NOTE, pattern=r"^[^\x00]*$"),
    _told(
        pattern=rf"^[^\x00]*[^{_BLANK}][^\x00]*$",
        maxLength=LONGEST_NOTE,
        description="Not blank.",
        examples=["Moved to the new build servers"],
    ),
]
Password = Annotated[_Text, Field(examples=["lantern orbit mellow gravel"])]
LinkSecret = Annotated[_Text, Field(description="The token of the link.", examples=["eyJhbGciOi…"])]
RefreshToken = Annotated[_Text, Field(examples=["eyJzdWIiOi…"])]
