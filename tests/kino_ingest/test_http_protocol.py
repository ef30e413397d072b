"""What is answered before any door sees a request: late, large and trailing headers, and half a WebSocket."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from websockets.sync.client import connect

from kino_core.protection import HEADERS
from kino_ingest import http_protocol
from kino_ingest.http_protocol import AnsweredSocket, BoundedHttp
from tests.faults.servers import until

HOST = b"Host: localhost\r\n"
seen: list[dict[str, str]] = []


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Take a request whole and tell which headers it had; `/slow` takes its time."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        return
    while (await receive()).get("more_body"):
        pass
    if scope["path"] == "/slow":
        await asyncio.sleep(1)
    seen.append({name.decode(): value.decode() for name, value in scope["headers"]})
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[uvicorn.Server]:
    monkeypatch.setattr(http_protocol, "HEADER_SECONDS", 0.5)
    seen.clear()
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, http=BoundedHttp, ws=AnsweredSocket, lifespan="off", log_config=None, timeout_graceful_shutdown=5
    )
    started = uvicorn.Server(config)
    thread = threading.Thread(target=started.run, kwargs={"sockets": [listening]})
    thread.start()
    until(lambda: started.started, "it did not start", 10)
    yield started
    started.should_exit = True
    thread.join(20)
    assert not thread.is_alive()


def connection(server: uvicorn.Server) -> socket.socket:
    return socket.create_connection(server.servers[0].sockets[0].getsockname(), timeout=10)


def answered(server: uvicorn.Server, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send the parts and return everything that comes back until the server closes or a second passes in silence."""
    with connection(server) as opened:
        for part in parts:
            opened.sendall(part)
            time.sleep(pause)
        return everything(opened)


def everything(opened: socket.socket) -> bytes:
    opened.settimeout(2)
    found = b""
    try:
        while part := opened.recv(65536):
            found += part
    except (TimeoutError, ConnectionResetError):
        pass
    return found


def error(answer: bytes) -> dict[str, Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    names = {line.partition(b":")[0].decode().lower() for line in head.splitlines()[1:]}
    assert names >= {"x-request-id", "content-security-policy", *(name.lower() for name in HEADERS)}
    assert b"Connection: close" in head
    found: dict[str, Any] = json.loads(body)["error"]
    return found


def test_trailers_are_no_headers(server: uvicorn.Server) -> None:
    chunked = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    answer = answered(server, chunked + b"Authorization: Bearer x\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert [set(each) & {"authorization", "x-forwarded-for"} for each in seen] == [set()]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(b"X-Large: " + b"x" * 70_000 + b"\r\n", id="one of 70 KB"),
        pytest.param(b"".join(b"X-%d: x\r\n" % number for number in range(300)), id="three hundred"),
    ],
)
def test_headers_have_a_size(server: uvicorn.Server, headers: bytes) -> None:
    answer = answered(server, b"GET / HTTP/1.1\r\n" + HOST + headers + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 431")
    assert error(answer)["code"] == "HEADERS_TOO_LARGE"
    assert seen == []


def test_headers_have_a_time(server: uvicorn.Server) -> None:
    assert error(answered(server, b"GET / HTTP/1.1\r\nX-Slow: "))["code"] == "REQUEST_TIMEOUT"


@pytest.mark.parametrize("beginning", [b"", b"\r\n"])
def test_who_asks_nothing_is_cut_without_a_word(server: uvicorn.Server, beginning: bytes) -> None:
    with connection(server) as opened:
        opened.sendall(beginning)
        opened.settimeout(10)
        assert opened.recv(1) == b""


def test_a_connection_rests_between_requests(server: uvicorn.Server) -> None:
    request = b"POST /slow HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\n{}"
    # The answer comes after the time for headers, and the next request as long after it.
    answer = answered(server, request, request, pause=1 + 2 * http_protocol.HEADER_SECONDS)
    assert answer.count(b"HTTP/1.1 200") == 2
    assert b"408" not in answer


def test_a_header_that_drips_is_cut(server: uvicorn.Server) -> None:
    def drip(opened: socket.socket) -> None:
        opened.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        for _ in range(60):
            opened.sendall(b"x")
            time.sleep(0.05)

    with connection(server) as opened, pytest.raises(OSError, match=r"reset|pipe"):
        drip(opened)
    assert seen == []


def test_a_slow_answer_and_a_next_request_have_their_time(server: uvicorn.Server) -> None:
    request = b"POST /slow HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\n{}"
    answer = answered(server, request, request, pause=1.3)
    assert answer.count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize(
    "request_line", [b"GET / HTTP/9.9", b"FOO / HTTP/1.1", b"GET /\x00 HTTP/1.1", b"\x16\x03\x01\x02\x00"]
)
def test_what_is_no_http_is_told_in_the_envelope(server: uvicorn.Server, request_line: bytes) -> None:
    answer = answered(server, request_line + b"\r\n" + HOST + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert error(answer)["code"] == "INVALID_REQUEST"


def test_a_socket_may_be_silent_for_long(server: uvicorn.Server) -> None:
    host, port = server.servers[0].sockets[0].getsockname()
    with connect(f"ws://{host}:{port}/ws") as opened:
        time.sleep(3 * http_protocol.HEADER_SECONDS)
        opened.send("still here")
        assert opened.recv(5) == "still here"


@pytest.mark.parametrize("method", [b"POST", b"GET"])
def test_half_a_handshake_is_refused_and_keeps_nobody_from_ending(server: uvicorn.Server, method: bytes) -> None:
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n"
    handshake = method + b" /webhooks/agent-update HTTP/1.1\r\n" + HOST + upgrade + b"Content-Length: 2\r\n\r\n{}"
    with connection(server) as odd, connection(server) as slow:
        odd.sendall(handshake)
        slow.sendall(b"POST /slow HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\n{}")
        time.sleep(0.2)
        server.should_exit = True
        assert everything(slow).startswith(b"HTTP/1.1 200"), "what is in flight is answered"
        assert everything(odd).startswith(b"HTTP/1.1 4")
