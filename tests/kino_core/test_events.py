"""The canonical form: what stored hashes were made of must come out the same for ever."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kino_core.events import Source, canonical_json, content_hash

TEXTS = st.text() | st.text(st.characters(max_codepoint=0x7F)) | st.sampled_from(["\x7f", "\ud83d", "é😀\u2028", "</"])
LEAVES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | TEXTS | st.sampled_from(Source)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=15
)


def by_definition(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def outcome(write: Any, value: object) -> object:  # noqa: ANN401 - either writer
    try:
        return write(value)
    except UnicodeEncodeError:
        return "no text"


@given(VALUES)
@example({"a": 1e16, "b": [1, {"c": 1e-7}]})
@example({"b": {"\ue000": 1, "\U00010000": 2}, "a": {}})
@example({2: "a", 10: "b"})
@example([(1, 2), {True: None}])
@example([-0.0, 1e-4, 9.999e-5, 0.1, 1.0, 123456789.123, 1e15, 9999999999999998.0, 1e16, 1e22, -1e-7])
def test_the_canonical_form_is_that_of_the_standard_library(value: object) -> None:
    assert outcome(canonical_json, value) == outcome(by_definition, value)


@examples(max_examples=300)
@given(st.floats(1e-5, 1e17) | st.floats(-1e6, 1e6).map(lambda number: round(number, 3)))
def test_numbers_are_written_as_the_standard_library_does(number: float) -> None:
    assert canonical_json([number]) == by_definition([number])


@pytest.mark.parametrize("levels", [10, 200])
def test_depth_changes_nothing(levels: int) -> None:
    value: object = 1
    for _ in range(levels):
        value = {"b": [value], "a": None}
    assert canonical_json(value) == by_definition(value)


def test_a_hash_of_long_ago_is_still_the_same() -> None:
    body = {"z": [1, -0.5, True, None], "é": {"b": '\n"\\/', "a": 2**64 - 1}}
    assert content_hash(body).hex() == "d544ce0e517e96437fab4ebbc31bbef9f887be278b6f077fff8a89f89673aa5d"
