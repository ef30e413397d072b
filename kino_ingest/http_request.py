"""What the doors read of a request: headers, and a body that may be neither too large nor too slow."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, ClassVar

from kino_core.errors import Category, InvalidInput, KinoError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Disconnected(Exception):
    """The sender left before the body was whole: nobody waits for an answer and nothing may be stored."""


class RequestRefused(KinoError):
    """The request is refused for its form, under a status of HTTP's own."""

    category = Category.VALIDATION
    status: ClassVar[int] = 400


class WrongContentType(RequestRefused):
    """The body is not declared as JSON."""

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


class Headers:
    """A request's headers by lower-case name; the last of several wins."""

    def __init__(self, scope: Scope) -> None:
        self._values: dict[bytes, bytes] = dict(scope["headers"])

    def get(self, name: str) -> str:
        """Return a header's text, empty where there is none; bytes that are not ASCII stay apart from any ASCII."""
        return self._values.get(name.encode(), b"").decode("latin-1").strip()


async def read_json_body(
    headers: Headers, receive: Receive, *, max_bytes: int, seconds: float, gzip_allowed: bool
) -> bytes:
    """Return the body of a request that declares JSON, unpacked.

    Checks in the order of the contract: content type (WrongContentType), declared size, size on the way, packed and
    unpacked (BodyTooLarge), and time for the whole (BodyTooSlow). Raises Disconnected when the sender leaves.
    """
    packed = _check_declared(headers, max_bytes, gzip_allowed)
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


def _check_declared(headers: Headers, max_bytes: int, gzip_allowed: bool) -> bool:
    kind = headers.get("content-type").partition(";")[0].strip().casefold()
    if kind != "application/json":
        raise WrongContentType(f"The content type is {kind or 'missing'!r}. Send application/json.")
    encoding = headers.get("content-encoding").casefold()
    if encoding not in ("", "identity", *(("gzip",) if gzip_allowed else ())):
        raise WrongContentType(f"The content encoding {encoding!r} is not understood. Send plain JSON.")
    declared = headers.get("content-length")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > max_bytes:
        raise _too_large(max_bytes)
    return encoding == "gzip"


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
            unpacked = unpacker.decompress(part, max_bytes - size + 1)
            size += len(unpacked)
            if size > max_bytes:
                raise _too_large(max_bytes)
            yield unpacked
    except zlib.error:
        raise InvalidInput("The body is declared as gzip and is not.") from None
    if not unpacker.eof or unpacker.unused_data:
        raise InvalidInput("The gzip body is cut off, or something follows it.")


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {max_bytes} bytes. Send less at once.")
