"""Whose word on a caller's address is taken."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from kino_cli.serve import http_server
from tests.loopback import NO_CERTIFICATES


async def tell_caller(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer with who called, and how."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": f"{scope['client'][0]} {scope['scheme']}".encode()})


@contextmanager
def running(proxies: Sequence[str]) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = http_server(tell_caller, "127.0.0.1", 0, proxies=proxies)
        server.config.lifespan = "off"
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        server.should_exit = True
        thread.join(10)


@pytest.mark.parametrize(
    ("proxies", "told"),
    [((), "127.0.0.1 http"), (("10.1.0.0/16",), "127.0.0.1 http"), (("127.0.0.1/32",), "203.0.113.7 https")],
)
def test_only_a_trusted_proxy_says_who_calls(proxies: Sequence[str], told: str) -> None:
    said = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7", "X-Forwarded-Proto": "https"}
    with running(proxies) as url:
        assert httpx.get(url, headers=said, verify=NO_CERTIFICATES).text == told
