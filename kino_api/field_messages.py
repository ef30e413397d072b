"""What is told of a field that does not fit: what to write, in plain words instead of the validator's own."""

from collections.abc import Mapping
from typing import Any

_OBJECT = "Give a JSON object."
_WHOLE = "Write a whole number."
_NUMBER = "Write a number."
_TRUTH = "Write true or false."
_DAY = "Write a day as YYYY-MM-DD, such as 2026-05-31."
_MOMENT = "Write a moment as ISO 8601 has it, such as 2026-05-31T12:00:00Z."
_ID = "Write an id as Kino gives it, such as 3f2504e0-4f89-41d3-9a0c-0305e82c3301."
_CHOICE = "Write one of {expected}."

_MESSAGES = {
    "missing": "This is needed and was not given.",
    "extra_forbidden": "There is no such field here. Check its name.",
    "string_type": "Write text.",
    "string_unicode": "Write text: this holds half a character.",
    "string_too_short": "This is too short: write {min_length} or more characters.",
    "string_too_long": "This is too long: write {max_length} characters at most.",
    "string_pattern_mismatch": "This is not written as it must be: it has to match {pattern}.",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "This number is too large.",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "uuid_type": _ID,
    "uuid_parsing": _ID,
    "enum": _CHOICE,
    "literal_error": _CHOICE,
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "timezone_aware": _MOMENT,
    "greater_than": "Write a number above {gt}.",
    "greater_than_equal": "Write {ge} or more.",
    "less_than": "Write a number below {lt}.",
    "less_than_equal": "Write {le} or less.",
    "list_type": "Give a list.",
    "too_short": "Give {min_length} or more of them.",
    "too_long": "Give {max_length} of them at most.",
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
}


def field_message(error: Mapping[str, Any]) -> str:
    """Return the sentence for one of Pydantic's errors; our own checks have said theirs already."""
    known = _MESSAGES.get(error["type"])
    if known is None:
        return str(error["msg"]).removeprefix("Value error, ")
    return known.format(**error.get("ctx", {}))
