"""Versions of what is changed: an ETag names one, and `If-Match` says which one a change is based on."""

from datetime import datetime
from typing import Annotated

from fastapi import Header

from kino_api.problems import PreconditionFailed

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=1000,
        description="The ETag that the change is based on; 412 when it is no longer the current.",
        json_schema_extra={"pattern": r'^(\*|"[0-9]+"( *, *"[0-9]+")*)$'},
    ),
]


def etag_of(updated_at: datetime) -> str:
    """Return the ETag of the version that was stored at that moment."""
    return f'"{int(updated_at.timestamp() * 1_000_000)}"'


def check_match(if_match: str | None, updated_at: datetime, *, noun: str) -> None:
    """Raise PreconditionFailed when `If-Match` names versions and none of them is the current one.

    The row must be locked by then, or somebody could still change it in between.
    """
    if if_match is None or if_match.strip() == "*":
        return
    if etag_of(updated_at) not in [tag.strip() for tag in if_match.split(",")]:
        raise PreconditionFailed(f"The {noun} was changed meanwhile. Read it again, then change it.")
