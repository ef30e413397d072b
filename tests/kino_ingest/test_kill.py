"""kill -9 and SIGTERM while events pour in: every acknowledged event is there, exactly once."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from kino_cli.ports import choose_port
from kino_core.database import Database
from tests.kino_ingest.conftest import Door, make_token
from tests.kino_ingest.events import one, report_body, rows
from tests.loopback import NO_CERTIFICATES

PROGRAM = """
import sys, uvicorn
from kino_core.settings import load_settings
from kino_ingest.doors import create_doors
uvicorn.run(create_doors(load_settings()), port=int(sys.argv[1]), log_config=None, timeout_graceful_shutdown=5)
"""
SENDERS = 8


@pytest.fixture
def start(database_url: str) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Start the doors in a process of their own, always on the same port."""
    port = choose_port()
    started: list[subprocess.Popen[bytes]] = []

    def run() -> "subprocess.Popen[bytes]":
        environment = {**os.environ, "DATABASE_URL": database_url, "KINO_RATE_LIMITS": "off"}
        started.append(subprocess.Popen([sys.executable, "-c", PROGRAM, str(port)], env=environment))
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return started[-1]
            except OSError:
                assert time.monotonic() < deadline, "the doors did not start"
                time.sleep(0.02)

    run.url = f"http://127.0.0.1:{port}"  # type: ignore[attr-defined]
    yield run
    for process in started:
        process.kill()
        process.wait()


class Sender(threading.Thread):
    """Sends its own events one after the other, each again under its id until it is acknowledged."""

    def __init__(self, name: str, url: str, token: str, stop: threading.Event) -> None:
        super().__init__(name=name)
        self.acknowledged: list[str] = []
        self._door, self._ended = Door(url, token, httpx.Client(verify=NO_CERTIFICATES, timeout=5)), stop

    def run(self) -> None:
        while not self._ended.is_set():
            event_id = f"{self.name}-{len(self.acknowledged)}"
            raw = json.dumps(report_body(event_id=event_id)).encode()
            try:
                answer = self._door.send_raw(raw)
            except httpx.TransportError:
                time.sleep(0.01)
                continue
            assert answer.status_code in (202, 503), answer.text
            if answer.status_code == 202:
                self.acknowledged.append(event_id)


def test_what_was_acknowledged_is_there_once(
    start: Callable[[], "subprocess.Popen[bytes]"], database: Database
) -> None:
    process = start()
    stop = threading.Event()
    token = make_token(database)
    senders = [Sender(f"s{number}", start.url, token, stop) for number in range(SENDERS)]  # type: ignore[attr-defined]
    for sender in senders:
        sender.start()
    for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        enough = sum(len(sender.acknowledged) for sender in senders) + 200
        deadline = time.monotonic() + 30
        while sum(len(sender.acknowledged) for sender in senders) < enough:
            assert time.monotonic() < deadline, "nothing comes in"
            time.sleep(0.01)
        process.send_signal(how)
        process.wait(20)
        process = start()
    stop.set()
    for sender in senders:
        sender.join(20)
        assert not sender.is_alive()
    stored = [event_id for (event_id,) in rows(database, "SELECT split_part(event_id, '/', 2) FROM landing.event")]
    acknowledged = [event_id for sender in senders for event_id in sender.acknowledged]
    assert len(stored) == len(set(stored))
    assert set(acknowledged) <= set(stored)
    # What is stored without an answer is at most the one event that each sender had under way.
    assert len(stored) - len(acknowledged) <= SENDERS
    assert one(database, "SELECT count(*) FROM landing.claim") == len(stored)
