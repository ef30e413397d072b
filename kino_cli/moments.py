"""Moments on the command line: a day, which ends at midnight UTC, or a time."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

import typer

from kino_core.errors import InvalidInput

AsOfOption = Annotated[
    str | None, typer.Option("--as-of", metavar="T", help="What was known then: a day or an RFC 3339 time.")
]


def moment_of(text: str, field: str) -> datetime:
    """Return the moment that `text` names: the end of a day in UTC, or a time with its zone.

    Raises InvalidInput about `field`.
    """
    try:
        if len(text) == len("2026-09-30"):
            return datetime.combine(date.fromisoformat(text) + timedelta(days=1), time(), UTC)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is no time. Use 2026-09-30 or 2026-09-30T18:00:00Z.", field=field) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
