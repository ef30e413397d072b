"""What people may call things: one rule for projects, initiatives and people, another for repositories."""

import unicodedata

from kino_core.errors import InvalidInput

SHORTEST_NAME = 3
LONGEST_NAME = 100
LONGEST_REPOSITORY = 200
LONGEST_LINE = 200
_PUNCTUATION = frozenset(" -_.&'()")
_LETTERS_MARKS_DIGITS = ("L", "M", "Nd")


class InvalidName(InvalidInput):
    """A name with characters or a length that Kino does not take."""

    code = "INVALID_NAME"


def checked_name(text: str, *, field: str = "name") -> str:
    """Return `text` in NFC without spaces at its ends; raises InvalidName.

    Line breaks and control characters would travel into mail headers, logs and spreadsheets.
    """
    name = unicodedata.normalize("NFC", text).strip(" ")
    if not SHORTEST_NAME <= len(name) <= LONGEST_NAME:
        raise InvalidName(f"A {field} has {SHORTEST_NAME} to {LONGEST_NAME} characters.", field=field)
    if not all(
        letter in _PUNCTUATION or unicodedata.category(letter).startswith(_LETTERS_MARKS_DIGITS) for letter in name
    ):
        raise InvalidName(
            f"A {field} has letters, digits, spaces and - _ . & ' ( ) only. Remove the other characters.", field=field
        )
    return name


def checked_repository(text: str) -> str:
    """Return the full name of a repository, `owner/name` or any one-line text; raises InvalidName."""
    name = unicodedata.normalize("NFC", text).strip()
    if not 0 < len(name) <= LONGEST_REPOSITORY or not name.isprintable():
        raise InvalidName(
            f"A repository is named like owner/name, on one line of at most {LONGEST_REPOSITORY} characters.",
            field="full_name",
        )
    return name


def checked_line(text: str, *, field: str = "name") -> str:
    """Return a title in NFC without spaces at its ends, one printable line; raises InvalidName."""
    line = unicodedata.normalize("NFC", text).strip()
    if not 0 < len(line) <= LONGEST_LINE or not line.isprintable():
        raise InvalidName(f"A {field} is one line of 1 to {LONGEST_LINE} characters.", field=field)
    return line
