"""What bodies and queries are made of: each kind of text, day and time once, as the description of the API tells it.

A `format` of our own names the rule where no pattern can say it; the rule itself stands with its noun and answers with
a code of its own.
"""

import re
from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field, StrictBool

from kino_api.names import LONGEST_LINE, LONGEST_NAME, LONGEST_REPOSITORY, SHORTEST_NAME
from kino_api.scope_item_rules import LONGEST_KEY
from kino_api.users import LONGEST_EMAIL, LONGEST_PERSON_NAME
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


Day = Annotated[date, BeforeValidator(_written_day), Field(examples=["2026-11-22"])]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_moment), Field(examples=["2026-11-22T20:00:00Z"])]
Flag = StrictBool

LONGEST_TEXT = 1000
"""What is longer than any rule allows is not looked at."""

Name = Annotated[
    str,
    Field(
        max_length=LONGEST_TEXT,
        description="Letters, digits, spaces and - _ . & ' ( ).",
        examples=["Checkout"],
        json_schema_extra={"format": "name", "minLength": SHORTEST_NAME, "maxLength": LONGEST_NAME},
    ),
]
Line = Annotated[
    str,
    Field(
        max_length=LONGEST_TEXT,
        description="One printable line.",
        examples=["Pay by card"],
        json_schema_extra={"format": "line", "minLength": 1, "maxLength": LONGEST_LINE},
    ),
]
PersonName = Annotated[
    str,
    Field(
        max_length=LONGEST_TEXT,
        description="One printable line.",
        examples=["Grace Hopper"],
        json_schema_extra={"format": "line", "minLength": 1, "maxLength": LONGEST_PERSON_NAME},
    ),
]
Email = Annotated[
    str,
    Field(
        max_length=LONGEST_TEXT,
        examples=["grace@example.com"],
        json_schema_extra={"format": "email", "minLength": 1, "maxLength": LONGEST_EMAIL},
    ),
]
KnownEmail = Annotated[
    str,
    Field(
        max_length=LONGEST_TEXT,
        description="Any text: who has none like it is told no more than who has.",
        examples=["grace@example.com"],
    ),
]
_BLANK = r"\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f\u3000"
Written = Annotated[
    str,
    Field(
        pattern=r"^[^\x00]*$",
        description="Not blank.",
        json_schema_extra={"pattern": rf"^[^\x00]*[^{_BLANK}][^\x00]*$"},
    ),
]
RepositoryName = Annotated[
    str,
    Field(
        max_length=LONGEST_TEXT,
        description="`owner/name` as at GitHub, or any one-line text.",
        examples=["octo-org/checkout"],
        json_schema_extra={"format": "line", "minLength": 1, "maxLength": LONGEST_REPOSITORY},
    ),
]
ItemKey = Annotated[
    str,
    Field(
        max_length=LONGEST_TEXT,
        description="What agents send as task_id. Must not look like an id.",
        examples=["KIN-42"],
        json_schema_extra={"format": "line", "minLength": 1, "maxLength": LONGEST_KEY},
    ),
]
TimeZone = Annotated[
    str,
    Field(
        max_length=LONGEST_TEXT,
        description="An IANA name.",
        examples=["Europe/Berlin"],
        json_schema_extra={"format": "time-zone"},
    ),
]
PeriodName = Annotated[
    str,
    Field(
        max_length=50,
        description="A year, quarter, month, ISO week, or two days, both included.",
        examples=["2026-Q3"],
        json_schema_extra={"format": "period"},
    ),
]
MetricKey = Annotated[
    str,
    Field(
        max_length=100,
        description="A key of the catalogue.",
        examples=["commits"],
        json_schema_extra={"enum": [each.key for each in METRICS]},
    ),
]
Password = Annotated[str, Field(max_length=LONGEST_TEXT, examples=["correct horse battery staple"])]
LinkSecret = Annotated[
    str, Field(max_length=LONGEST_TEXT, description="The token of the link.", examples=["eyJhbGciOi…"])
]
RefreshToken = Annotated[str, Field(max_length=LONGEST_TEXT, examples=["eyJzdWIiOi…"])]
