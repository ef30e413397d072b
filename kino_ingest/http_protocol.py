"""HTTP/1.1 as uvicorn speaks it, closed where it is open: late, large and trailing headers, and half a WebSocket.

What is wrong before a request can be read is answered here, in the envelope that every error of Kino has.
"""

import asyncio
import uuid
from typing import ClassVar

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from kino_core.protection import HEADERS, NO_PAGE
from kino_ingest.answers import error_envelope
from kino_ingest.http_request import RequestRefused

HEADER_SECONDS = 10.0
"""How long the line and the headers of a request may take to come in, from the connection or the last request on."""
MOST_HEADER_BYTES = 64 * 1024
MOST_HEADERS = 200

_HEADERS = {"Content-Type": "application/json", "Connection": "close", "Content-Security-Policy": NO_PAGE, **HEADERS}


class NotHttp(RequestRefused):
    """What came in is no HTTP/1.1 request, or one that could be read in two ways."""

    code = "INVALID_REQUEST"


class HeadersTooLarge(RequestRefused):
    """The headers are larger than any request needs."""

    code = "HEADERS_TOO_LARGE"
    status: ClassVar[int] = 431


class HeadersTooSlow(RequestRefused):
    """The headers did not arrive in time."""

    code = "REQUEST_TIMEOUT"
    status: ClassVar[int] = 408
    retryable = True


def refusal(error: RequestRefused) -> bytes:
    """Return the whole answer to a connection that is closed for `error`."""
    request_id = uuid.uuid4().hex
    content = msgspec.json.encode({"error": error_envelope(error, request_id)})
    headers = {**_HEADERS, "X-Request-ID": request_id, "Content-Length": str(len(content))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return STATUS_LINE[error.status] + lines.encode() + b"\r\n" + content


class BoundedHttp(HttpToolsProtocol):
    """A connection whose requests begin in time and with headers of a sensible size."""

    _header_bytes = 0
    _headers_begun = _headers_whole = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        super().connection_made(transport)
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        became_socket = self.transport.get_protocol() is not self
        # Bytes that begin no request do not end the wait for one.
        if not (self._headers_whole or self._deadline or became_socket or self.transport.is_closing()):
            self._expect_headers()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._header_bytes, self._headers_begun, self._headers_whole = 0, True, False
        self._expect_headers()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._weigh(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        # A header that follows the body was seen by nobody who let the request through: a token, an address.
        if not self._headers_whole:
            super().on_header(name, value)
            self._weigh(name + value)

    def on_headers_complete(self) -> None:
        self._headers_whole = True
        self._stop_waiting()
        if not self.transport.is_closing():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._headers_begun = self._headers_whole = False

    def send_400_response(self, msg: str) -> None:
        self._refuse(NotHttp("This is no valid HTTP request."))

    def _weigh(self, part: bytes) -> None:
        self._header_bytes += len(part)
        if self._header_bytes > MOST_HEADER_BYTES or len(self.headers) > MOST_HEADERS:
            self._refuse(HeadersTooLarge("The request's address and headers are too large."))

    def _expect_headers(self) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(HEADER_SECONDS, self._too_late)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if self.cycle is not None and not self.cycle.response_complete:
            # Whoever waits for an answer may be silent meanwhile.
            return
        if self._headers_begun:
            self._refuse(HeadersTooSlow(f"The headers did not arrive within {HEADER_SECONDS:g} seconds."))
        elif self.timeout_keep_alive_task is None:
            # Nothing was asked: an answer would be taken for that to the next request. Between requests uvicorn waits.
            self.transport.close()

    def _refuse(self, error: RequestRefused) -> None:
        self._stop_waiting()
        if not self.transport.is_closing():
            self.transport.write(refusal(error))
            self.transport.close()


class AnsweredSocket(WebSocketsSansIOProtocol):
    """A WebSocket whose handshake is refused when it cannot be read; uvicorn would leave it open and end on it."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.close_sent:
            self.close_sent = self.handshake_complete = True
            self.transport.write(refusal(NotHttp("This is no valid WebSocket handshake.")))
            self.transport.close()
