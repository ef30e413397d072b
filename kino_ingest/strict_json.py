"""JSON as it must be to count: one object, no key twice, no number that would change, no text that is no text.

The usual parsers forgive each of these in silence, and what they make of it would be stored as the truth.
"""

import json
import math
import re
from typing import Any, NoReturn

import msgspec

from kino_core.errors import InvalidInput
from kino_core.events import canonical_json

DEEPEST = 100
"""Levels of nesting; real payloads have fewer than twenty."""
SMALLEST_INTEGER = -(2**63)
LARGEST_INTEGER = 2**64 - 1

_ALIKE = bytes.maketrans(b"123456789\t\n\r", b"000000000   ")
_NESTED = (dict, list)
_LONG_NUMBER = b"0" * 19
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


class InvalidJson(InvalidInput):
    """The body is not JSON, or JSON that cannot be kept as it is."""

    code = "INVALID_JSON"


def read_object(raw: bytes) -> dict[str, Any]:
    """Return the object that `raw` holds; raises InvalidJson, which names the field where there is one."""
    value = _beyond_doubt(raw)
    return read_exactly(raw) if value is None else value


def read_exactly(raw: bytes) -> dict[str, Any]:
    """Do what `read_object` does, slowly: this reader decides what is allowed, and words what is not."""
    if not raw.strip():
        raise InvalidJson("The body is empty. Send one JSON object.")
    try:
        value = _DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidJson(f"The body is not UTF-8 (byte {error.start}).") from None
    except RecursionError:
        raise InvalidJson(f"The body nests more than {DEEPEST} levels deep.") from None
    except json.JSONDecodeError as error:
        raise InvalidJson(f"The body is not JSON: {error.msg.removesuffix(' at')} at character {error.pos}.") from None
    if not isinstance(value, dict):
        raise InvalidJson("The body is not a JSON object.")
    if raw.count(b"{") + raw.count(b"[") > DEEPEST and _deeper_than(value, DEEPEST):
        raise InvalidJson(f"The body nests more than {DEEPEST} levels deep.")
    if _SURROGATE_ESCAPE.search(raw):
        _refuse_lone_surrogates(value)
    return value


def _beyond_doubt(raw: bytes) -> dict[str, Any] | None:
    """Return what a fast, forgiving reader makes of `raw` where there was nothing to forgive, else None."""
    alike = raw.translate(_ALIKE)
    if _LONG_NUMBER in alike or b" :" in alike or raw.count(b"{") + raw.count(b"[") > DEEPEST:
        return None
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if not isinstance(value, dict):
        return None
    # Each key of the text stands before one `":`, and texts may hold more: where there are as many as keys are left,
    # no key came twice.
    return value if raw.count(b'":') == _count_keys(value) else None


def _count_keys(value: "dict[str, Any] | list[Any]") -> int:
    number, members = (len(value), value.values()) if isinstance(value, dict) else (0, value)
    for each in members:
        if isinstance(each, _NESTED):
            number += _count_keys(each)
    return number


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InvalidJson(f"The key {key!r} appears twice in one object.", field=_shown(key))
        found[key] = value
    return found


def _integer(text: str) -> int:
    # The length comes first: converting a 5,000-digit number is what an attacker wants us to do.
    if len(text) <= 20 and SMALLEST_INTEGER <= (number := int(text)) <= LARGEST_INTEGER:
        return number
    raise InvalidJson(f"The number {text[:24]}… does not fit into 64 bits. Send it as text.")


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise InvalidJson(f"The number {text[:24]} is too large. Send it as text.")
    return number


def _no_constant(text: str) -> NoReturn:
    raise InvalidJson(f"{text} is not a JSON number.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_repeats, parse_int=_integer, parse_float=_float, parse_constant=_no_constant
)


def _deeper_than(value: Any, limit: int) -> bool:  # noqa: ANN401 - any JSON value
    level = [value]
    for _ in range(limit):
        level = [
            child
            for each in level
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return any(isinstance(each, dict | list) for each in level)


def _refuse_lone_surrogates(value: dict[str, Any]) -> None:
    try:
        canonical_json(value)
    except UnicodeEncodeError:
        raise InvalidJson("The body holds half of a surrogate pair, which is no character.") from None


def _shown(key: str) -> str:
    return key.encode("utf-8", "replace").decode()[:200]
