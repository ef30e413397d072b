"""Bodies as they stream in: unpacked whole, within their bounds, and away from the event loop where they are large."""

import gzip
import random
import threading
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from kino_ingest import http_request
from kino_ingest.http_request import UNPACKED_AT_ONCE, BodyTooLarge, Receive, read_body

PART_BYTES = 64 * 1024


class Watched:
    """An unpacker that notes how much each thread unpacked at a time."""

    def __init__(self, unpacker: Any, seen: list[tuple[bool, int]], loops_thread: int) -> None:  # noqa: ANN401
        self._unpacker, self._seen, self._loops_thread = unpacker, seen, loops_thread

    def decompress(self, data: bytes, most: int) -> bytes:
        unpacked: bytes = self._unpacker.decompress(data, most)
        self._seen.append((threading.get_ident() == self._loops_thread, len(unpacked)))
        return unpacked

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._unpacker, name)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bool, int]]:
    """Whether it was on the event loop, and how many bytes: each time something is unpacked."""
    found: list[tuple[bool, int]] = []
    make, loops_thread = zlib.decompressobj, threading.get_ident()
    monkeypatch.setattr(
        http_request.zlib, "decompressobj", lambda wbits: Watched(make(wbits=wbits), found, loops_thread)
    )
    return found


def arriving(body: bytes) -> Receive:
    parts = [body[start : start + PART_BYTES] for start in range(0, len(body), PART_BYTES)]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    return receive


BODIES: dict[str, Callable[[], bytes]] = {
    "nothing to speak of": lambda: b"{}",
    "exactly one slice": lambda: b" " * UNPACKED_AT_ONCE,
    "a byte more": lambda: b" " * (UNPACKED_AT_ONCE + 1),
    "twenty megabytes of blanks": lambda: b" " * 20_000_000,
    "what hardly shrinks": lambda: random.Random(1).randbytes(1_000_000),
    "text": lambda: b"".join(b'{"event_id": "%d"}\n' % number for number in range(100_000)),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_is_unpacked_whole_and_its_bulk_not_on_the_loop(name: str, seen: list[tuple[bool, int]]) -> None:
    body = BODIES[name]()
    packed = gzip.compress(body)
    most = max(len(body), len(packed))
    read = await read_body(arriving(packed), packed=True, max_bytes=most, seconds=60)
    assert read == body
    assert sum(size for _, size in seen) == len(body)
    assert max(size for on_loop, size in seen if on_loop) <= UNPACKED_AT_ONCE


async def test_a_bomb_is_unpacked_no_further_than_it_may_be_large(seen: list[tuple[bool, int]]) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    with pytest.raises(BodyTooLarge):
        await read_body(arriving(bomb), packed=True, max_bytes=1_000_000, seconds=60)
    assert sum(size for _, size in seen) == 1_000_001
