"""A load generator that costs little: plain sockets, one request after the other on each of them."""

import asyncio
import json
import time
import uuid
from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True)
class Figures:
    """What came of a run; `milliseconds` are the times of the requests, sorted."""

    requests: int
    seconds: float
    milliseconds: list[float]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    def percentile(self, share: float) -> float:
        """Return the time below which that share of the requests stayed."""
        return self.milliseconds[min(len(self.milliseconds) - 1, int(share * len(self.milliseconds)))]


def agent_event(number: int, run: str) -> bytes:
    """Return the body of one event with an id of its own."""
    return json.dumps(
        {
            "event_id": f"{run}-{number}",
            "agent_id": f"claude-{number % 40}",
            "event_type": "test_execution",
            "timestamp": "2026-11-22T20:00:00Z",
            "task_id": f"KIN-{number % 500}",
            "session_id": "s-1",
            "model": "a-model",
            "data": {"passed": number % 90, "failed": 0, "skipped": 1, "duration_s": 1.5, "suite": "unit"},
        }
    ).encode()


async def send_single(port: int, token: str, *, requests: int, concurrent: int = 100) -> Figures:
    """Send that many events through the single door, `concurrent` at a time; raises when one is not accepted."""
    run, numbers, times = uuid.uuid4().hex[:8], count(), list[float]()
    head = (
        f"POST /webhooks/agent-update HTTP/1.1\r\nHost: kino\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    ).encode()

    async def sender() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (number := next(numbers)) < requests:
            body = agent_event(number, run)
            began = time.perf_counter()
            writer.write(head + str(len(body)).encode() + b"\r\n\r\n" + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            if not answer.startswith(b"HTTP/1.1 202"):
                raise RuntimeError(answer.decode())
            length = answer.lower().index(b"content-length:") + 15
            await reader.readexactly(int(answer[length : answer.index(b"\r\n", length)]))
            times.append((time.perf_counter() - began) * 1000)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(sender() for _ in range(concurrent)))
    return Figures(requests, time.perf_counter() - began, sorted(times))
