"""What the doors read of a request: headers, and a body that may be neither too large nor too slow."""

import asyncio
import re
import uuid
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, MutableMapping
from typing import Any, ClassVar

from kino_core.errors import Category, InvalidInput, KinoError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


JSON = ("application/json",)
UNPACKED_AT_ONCE = 64 * 1024
"""What is unpacked on the event loop at a time; what is more is unpacked in a thread."""
_REQUEST_ID = re.compile(r"[0-9A-Za-z._-]{8,128}", re.ASCII)


class Disconnected(Exception):
    """The sender left before the body was whole: nobody waits for an answer and nothing may be stored."""


class RequestRefused(KinoError):
    """The request is refused for its form, under a status of HTTP's own."""

    category = Category.VALIDATION
    status: ClassVar[int] = 400


class WrongContentType(RequestRefused):
    """The body is not declared as what this door takes."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415


class BodyTooLarge(RequestRefused):
    """The body is larger than this door takes."""

    code = "PAYLOAD_TOO_LARGE"
    status = 413


class BodyTooSlow(RequestRefused):
    """The body did not arrive in time."""

    code = "REQUEST_TIMEOUT"
    status = 408
    retryable = True


class WrongMethod(RequestRefused):
    """The doors take POST alone."""

    code = "METHOD_NOT_ALLOWED"
    status = 405


class Headers:
    """A request's headers by lower-case name; the last of several wins."""

    def __init__(self, scope: Scope) -> None:
        self._values: dict[bytes, bytes] = dict(scope["headers"])

    def get(self, name: str) -> str:
        """Return a header's text, empty where there is none; bytes that are not ASCII stay apart from any ASCII."""
        return self._values.get(name.encode(), b"").decode("latin-1").strip()


def request_id_of(headers: Headers) -> str:
    """Return the request's own id where it sends a plain one, else a new one."""
    given = headers.get("x-request-id")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


class Request:
    """One request at a door. `answer_headers` go with the answer, whatever it turns out to be."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.path: str = scope["path"]
        self.method: str = scope["method"]
        self.headers = Headers(scope)
        self.receive = receive
        # Inside the whole web application the request has its id already.
        self.id: str = scope.get("state", {}).get("request_id") or request_id_of(self.headers)
        self.answer_headers: dict[str, str] = {}


def check_declared(headers: Headers, *, kinds: Collection[str], max_bytes: int, gzip_allowed: bool) -> bool:
    """Check what a request says of its body, before a byte of it is read, and return whether it is packed.

    In the order of the contract: content type (WrongContentType), declared size (BodyTooLarge).
    """
    kind = headers.get("content-type").partition(";")[0].strip().casefold()
    if kind not in kinds:
        raise WrongContentType(f"The content type is {kind or 'missing'!r}. Send {' or '.join(kinds)}.")
    encoding = headers.get("content-encoding").casefold()
    if encoding not in ("", "identity", *(("gzip",) if gzip_allowed else ())):
        known = "plain or as gzip" if gzip_allowed else "plain"
        raise WrongContentType(f"The content encoding {encoding!r} is not understood. Send it {known}.")
    declared = headers.get("content-length")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > max_bytes:
        raise _too_large(max_bytes)
    return encoding == "gzip"


async def read_body(receive: Receive, *, packed: bool, max_bytes: int, seconds: float) -> bytes:
    """Return the body, unpacked.

    Raises BodyTooLarge when it turns out too large, packed or unpacked, BodyTooSlow when it is not whole in time, and
    Disconnected when the sender leaves.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for part in (
                _unpacked(_parts(receive, max_bytes), max_bytes) if packed else _parts(receive, max_bytes)
            ):
                body += part
    except TimeoutError:
        raise BodyTooSlow(f"The body did not arrive within {seconds:g} seconds. Send it again.") from None
    return bytes(body)


async def _parts(receive: Receive, max_bytes: int) -> AsyncIterator[bytes]:
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > max_bytes:
            raise _too_large(max_bytes)
        yield part
        if not message.get("more_body", False):
            return


async def _unpacked(parts: AsyncIterator[bytes], max_bytes: int) -> AsyncIterator[bytes]:
    unpacker = zlib.decompressobj(wbits=31)
    size = 0
    try:
        async for part in parts:
            # One byte more than allowed is enough to know; a bomb is never unpacked whole.
            most = max_bytes - size + 1
            unpacked = unpacker.decompress(part, min(UNPACKED_AT_ONCE, most))
            yield unpacked
            size += len(unpacked)
            if len(unpacked) == UNPACKED_AT_ONCE < most:
                # There may be more in it, and up to a thousand times as much as came.
                tail, most = unpacker.unconsumed_tail, most - UNPACKED_AT_ONCE
                unpacked = await asyncio.to_thread(unpacker.decompress, tail, most)
                yield unpacked
                size += len(unpacked)
            if size > max_bytes:
                raise _too_large(max_bytes)
    except zlib.error:
        raise InvalidInput("The body is declared as gzip and is not.") from None
    if not unpacker.eof or unpacker.unused_data:
        raise InvalidInput("The gzip body is cut off, or something follows it.")


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {max_bytes} bytes. Send less at once.")
