"""Senders as the contract wants them: each sends its events one by one, again under the same id until acknowledged."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from kino_core.database import libpq_url
from kino_ingest.doors import AGENT_PATH, BATCH_PATH
from tests.kino_ingest.events import report_body

PATIENCE_SECONDS = 8.0
"""How long a sender waits for an answer before it sends the same again."""
PAUSE_SECONDS = 0.02

Address = tuple[str, int]


class Sender(threading.Thread):
    """Sends until `stop`, `batch` events at once; `addresses` are processes that are all the same to it."""

    def __init__(
        self,
        name: str,
        addresses: Sequence[Address],
        token: str,
        stop: threading.Event,
        *,
        pause: float = 0.0,
        batch: int = 1,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.acknowledged: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.told_to_wait: list[str | None] = []
        self.batch = batch
        self._addresses, self._stop_sending, self._pause = addresses, stop, pause
        self._path, kind = (AGENT_PATH, "application/json") if batch == 1 else (BATCH_PATH, "application/x-ndjson")
        self._headers = {"authorization": f"Bearer {token}", "content-type": kind}
        self._random = random.Random(name)
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        sent = 0
        while not self._stop_sending.is_set():
            event_ids = [f"{self.name}-{sent + number}" for number in range(self.batch)]
            if self._acknowledged(event_ids):
                self.acknowledged += event_ids
                sent += self.batch
                time.sleep(self._pause)
            else:
                self._stop_sending.wait(PAUSE_SECONDS)
        self._hang_up()

    def _acknowledged(self, event_ids: Sequence[str]) -> bool:
        reports = [json.dumps(report_body(event_id=each, agent_id=self.name)) for each in event_ids]
        try:
            status, answer = self._send("\n".join(reports).encode())
        except (OSError, http.client.HTTPException):
            self._hang_up()
            return False
        self.statuses[status] += 1
        return status == 202 and answer.count(b'"accepted"') + answer.count(b'"duplicate"') == len(event_ids)

    def _send(self, body: bytes) -> tuple[int, bytes]:
        if self._connection is None:
            host, port = self._random.choice(self._addresses)
            self._connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_SECONDS)
        self._connection.request("POST", self._path, body, self._headers)
        answer = self._connection.getresponse()
        if answer.status == 503:
            self.told_to_wait.append(answer.headers["retry-after"])
        return answer.status, answer.read()

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Load:
    """Several senders at once, named after `name`; `batches` gives each further sender the size of its batches."""

    def __init__(
        self,
        addresses: Sequence[Address],
        token: str,
        *,
        senders: int,
        batches: Sequence[int] = (),
        pause: float = 0.0,
        name: str = "sender",
    ) -> None:
        self._stop_sending = threading.Event()
        sizes = [1] * senders + list(batches)
        self.senders = [
            Sender(f"{name}-{number}", addresses, token, self._stop_sending, pause=pause, batch=size)
            for number, size in enumerate(sizes)
        ]

    def start(self) -> None:
        for sender in self.senders:
            sender.start()

    def stop(self) -> None:
        """Return when every sender has ended."""
        self._stop_sending.set()
        for sender in self.senders:
            sender.join(60)
            assert not sender.is_alive(), "a sender hangs"

    @property
    def acknowledged(self) -> list[str]:
        return [event_id for sender in self.senders for event_id in sender.acknowledged]

    @property
    def count(self) -> int:
        return sum(len(sender.acknowledged) for sender in self.senders)

    @property
    def most_unanswered(self) -> int:
        """How many events may be under way without an answer."""
        return sum(sender.batch for sender in self.senders)

    @property
    def statuses(self) -> Counter[int]:
        """How often each status was answered."""
        return sum((sender.statuses for sender in self.senders), Counter[int]())

    @property
    def told_to_wait(self) -> list[str | None]:
        """The Retry-After of every 503."""
        return [told for sender in self.senders for told in sender.told_to_wait]


@contextmanager
def sending(address: Address, token: str, *, senders: int = 8, name: str = "sender") -> Iterator[Load]:
    """Keep up a load inside the block."""
    load = Load([address], token, senders=senders, name=name)
    load.start()
    try:
        yield load
    finally:
        load.stop()


def check_exactly_once(database_url: str, load: Load) -> None:
    """Check that all that was acknowledged is in the log and claimed, once, and no more than was under way besides."""
    with psycopg.connect(libpq_url(database_url)) as connection:
        stored = [row[0] for row in connection.execute("SELECT split_part(event_id, '/', 2) FROM landing.event")]
        claimed = [row[0] for row in connection.execute("SELECT split_part(event_id, '/', 2) FROM landing.claim")]
    assert len(stored) == len(set(stored)), "an event is there twice"
    assert sorted(stored) == sorted(claimed)
    missing = set(load.acknowledged) - set(stored)
    assert not missing, f"acknowledged and not there: {sorted(missing)[:10]}"
    assert len(stored) - load.count <= load.most_unanswered
