"""What an HTML form sends: bounded, decoded once, and refused when another site's page sent it."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from kino_api.cross_site import refuse_cross_site
from kino_core.errors import InvalidInput

MOST_FORM_BYTES = 64 * 1024
MOST_FIELDS = 100
_TYPE = "application/x-www-form-urlencoded"


class UnreadableForm(InvalidInput):
    """A body that is not the form it should be."""

    code = "UNREADABLE_FORM"


class Fields:
    """The fields of a form; one that is missing is empty, because a browser sends no unchecked box."""

    def __init__(self, values: list[tuple[str, str]]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> str:
        """Return the field's first value, or an empty text."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        """Return every value of the field, in the form's order."""
        return [value for each, value in self._values if each == name]


async def read_fields(request: Request) -> Fields:
    """Return the form of `request`; raises CrossSite or UnreadableForm."""
    refuse_cross_site(request, with_cookie=True)
    _check_type(request.headers)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_FORM_BYTES:
            raise UnreadableForm("The form holds more than it should. Send less.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise UnreadableForm("The form cannot be read. Open the page again and send it once more.") from error
    return Fields(pairs)


def _check_type(headers: Mapping[str, str]) -> None:
    if headers.get("content-type", "").partition(";")[0].strip().casefold() != _TYPE:
        raise UnreadableForm("That is not a form of Kino's pages. Programs use /api/v1.")


Form = Annotated[Fields, Depends(read_fields)]
