"""The fast reader and the exact one agree about every body."""

import json
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kino_ingest.strict_json import InvalidJson, _beyond_doubt, read_exactly, read_object

ODD_TEXTS = ['":', '\\":', ":", "a :", '{"', "\0", "\ud83d", "é😀", "NaN", '"a":1', "0" * 19]
TEXTS = st.text() | st.sampled_from(ODD_TEXTS)
NUMBERS = st.integers(-(2**66), 2**66) | st.floats() | st.just(-0.0)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
PIECES = [
    *(b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"\t", b"\x0b", b"\x01", b'"a":', b'"a" :', b'"\\u0061":'),
    *(b'"a"', b"1", b"-0", b"01", b"1.", b"1.5e3", b"1e400", b"18446744073709551616", b"999999999999999999", b"NaN"),
    *(b"null", b"true", b"-Infinity"),
    *(b'"\\ud83d"', b'"\\ud83d\\ude00"', b'"\\u0000"', b'"\\x"', b"\xff", b"\xef\xbb\xbf"),
]  # fmt: skip


def outcome(read: Any, raw: bytes) -> tuple[str, str]:  # noqa: ANN401 - either reader
    try:
        return "value", repr(read(raw))
    except InvalidJson as error:
        return "refused", f"{error.message} {error.details}"


def agree(raw: bytes) -> None:
    assert outcome(read_object, raw) == outcome(read_exactly, raw)


@given(st.dictionaries(TEXTS, VALUES, max_size=5), st.booleans(), st.sampled_from([None, 1]), st.booleans())
def test_they_agree_about_json(value: dict[str, Any], ascii_only: bool, indent: int | None, twice: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    if twice and value:
        text = "{" + json.dumps(next(iter(value)), ensure_ascii=not ascii_only) + ":1," + text.lstrip()[1:]
    agree(text.encode("utf-8", "surrogatepass"))


@examples(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join))
@example(b'{"a" :1,"a":2}')
@example(b'{"a":":","a" :2}')
@example(b'{"a":[{"b":1,"b":1}]}')
@example(b'{"a":1,"\\u0061":2}')
@example(b'{"a":' + b"[" * 120 + b"]" * 120 + b"}")
@example(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
@example(b'{"a":' + b"[" + b"[]," * 200 + b"1]}")
def test_they_agree_about_what_is_nearly_json(raw: bytes) -> None:
    agree(raw)
    agree(b'{"b":1,' + raw + b"}")
    agree(b'{"b":[' + raw + b"]}")


@given(st.dictionaries(st.text(), VALUES, max_size=3).map(lambda value: json.dumps(value).encode()), st.data())
def test_they_agree_about_what_was_damaged_on_the_way(raw: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(raw)))
    agree(raw[:place] + data.draw(st.binary(max_size=2)) + raw[place + data.draw(st.integers(0, 2)) :])


@given(st.from_regex(rb"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_they_agree_about_numbers(number: bytes) -> None:
    agree(b'{"a":%b}' % number)


@pytest.mark.parametrize(
    "raw",
    [b'{"a":1,"b":[{"c":"d"}],"e":-1.5e-7}', b'{"a": "x",\n "b": {"c": null, "d": true}}', '{"é": "😀"}'.encode()],
)
def test_ordinary_bodies_take_the_fast_way(raw: bytes) -> None:
    assert _beyond_doubt(raw) == json.loads(raw)


@pytest.mark.parametrize(
    "raw",
    [
        *(b'{"a":1,"a":1}', b'{"a" :1}', b'{"a":1e400}', b'{"a":NaN}', b'{"a":"\\ud83d"}', b'{"a":"\xed\xa0\x80"}'),
        *(b'{"a":18446744073709551615}', b'{"a":"\x01"}', b"\xef\xbb\xbf{}", b"[]", b"", b'{"a":%b}' % (b"[" * 5000)),
    ],
)
def test_what_is_in_doubt_goes_to_the_exact_reader(raw: bytes) -> None:
    assert _beyond_doubt(raw) is None


def test_one_key_twice_among_a_hundred_thousand_is_found_at_once() -> None:
    keys = [f"k{number}" for number in range(100_000)]
    raw = ("{" + ",".join(f'"{key}":0' for key in [*keys, keys[-1]]) + "}").encode()
    began = time.thread_time()
    with pytest.raises(InvalidJson, match="k99999"):
        read_object(raw)
    # Comparing each with each takes minutes; this is the thread's own time, whatever else the machine does.
    assert time.thread_time() - began < 10
