"""The memory of the web process at full load, and while a body comes in that is far too large."""

import http.client
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import psutil

from kino_ingest.doors import AGENT_PATH, BATCH_PATH
from tests.faults.senders import Address, Load
from tests.torture.system import System, running_system

WARM_UP_SECONDS = 60.0
SENDERS = 16
MEGABYTE = 1024 * 1024
TOO_LARGE_MEGABYTES = 64
MOST_GROWTH = 1.10


@dataclass(frozen=True)
class LargeBody:
    """What a chunked body of 64 MB did to the web process: its answer, and its memory in megabytes."""

    status: int
    before: float
    peak: float


@dataclass(frozen=True)
class Watched:
    """Means of the resident and of the proportional memory in megabytes, first and last minute after the warm-up."""

    minutes: float
    events: int
    first_minute: float
    last_minute: float
    first_minute_pss: float
    last_minute_pss: float
    one_event: LargeBody
    batch: LargeBody

    @property
    def ratio(self) -> float:
        """The last minute by the first."""
        return self.last_minute / self.first_minute

    @property
    def ok(self) -> bool:
        """Whether it stayed flat: within a tenth, and no more than the body's cap above for one event."""
        single = self.one_event
        return self.ratio <= MOST_GROWTH and single.status == 413 and single.peak <= MOST_GROWTH * single.before

    def shown(self) -> dict[str, object]:
        """Return it for JSON."""
        return {"ok": self.ok, "ratio": round(self.ratio, 3), **asdict(self)}


def watch_memory(minutes: float) -> Watched:
    """Load the web process for so many minutes after a minute of warming up, then send what is too large."""
    with running_system(doors=1, workers=1, serve="web") as system:
        [door] = system.doors.values()
        process = psutil.Process(door.pid)
        load = Load(system.addresses, system.token, senders=SENDERS)
        load.start()
        try:
            time.sleep(WARM_UP_SECONDS)
            samples = list(_samples(process, minutes * 60))
        finally:
            load.stop()
        seconds = 60.0 if minutes >= 2 else minutes * 30
        first = [sample for sample in samples if sample[0] <= seconds]
        last = [sample for sample in samples if sample[0] > minutes * 60 - seconds]
        return Watched(
            minutes=minutes,
            events=load.count,
            first_minute=_mean([resident for _, resident, _ in first]),
            last_minute=_mean([resident for _, resident, _ in last]),
            first_minute_pss=_mean([proportional for _, _, proportional in first]),
            last_minute_pss=_mean([proportional for _, _, proportional in last]),
            one_event=send_large(system, process, AGENT_PATH, "application/json"),
            batch=send_large(system, process, BATCH_PATH, "application/x-ndjson"),
        )


def send_large(system: System, process: psutil.Process, path: str, kind: str) -> LargeBody:
    """Send a chunked body of 64 MB to a door and watch the memory of `process` meanwhile."""
    before = peak = process.memory_info().rss
    answered = threading.Event()
    statuses: list[int] = []

    def send() -> None:
        try:
            statuses.append(_post_chunked(system.addresses[0], system.token, path, kind))
        finally:
            answered.set()

    sender = threading.Thread(target=send)
    sender.start()
    while not answered.wait(0.005):
        peak = max(peak, process.memory_info().rss)
    sender.join()
    return LargeBody(statuses[0], round(before / MEGABYTE, 1), round(peak / MEGABYTE, 1))


def _samples(process: psutil.Process, seconds: float) -> Iterator[tuple[float, float, float]]:
    """Yield, once a second, the seconds since the beginning, the resident and the proportional memory."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        memory = process.memory_full_info()
        yield passed, memory.rss / MEGABYTE, memory.pss / MEGABYTE
        time.sleep(1)


def _post_chunked(address: Address, token: str, path: str, kind: str) -> int:
    connection = http.client.HTTPConnection(*address, timeout=60)
    connection.putrequest("POST", path)
    headers = {"authorization": f"Bearer {token}", "content-type": kind, "transfer-encoding": "chunked"}
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    chunk = b"%x\r\n%s\r\n" % (MEGABYTE, b" " * MEGABYTE)
    try:
        for _ in range(TOO_LARGE_MEGABYTES):
            connection.send(chunk)
        connection.send(b"0\r\n\r\n")
    except OSError:
        # Refused before it was all sent; the answer is there all the same.
        pass
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def _mean(values: list[float]) -> float:
    return round(statistics.fmean(values), 2)
