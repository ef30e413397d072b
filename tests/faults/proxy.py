"""A TCP proxy in front of a server, which can be told to spoil the connections through it."""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from sqlalchemy.engine import make_url

from kino_cli.ports import choose_port

CHUNK_BYTES = 64 * 1024


class Kind(StrEnum):
    """What the proxy does with a connection."""

    PASS = "pass"
    REFUSE = "refuse"
    HANG = "hang"
    SLOW = "slow"
    RESET_AFTER = "reset_after"
    HALF_CLOSE = "half_close"


@dataclass(frozen=True)
class Mode:
    """A kind of fault.

    `seconds` is how long SLOW holds back each piece while it lasts, `answered` after how many bytes of the server
    RESET_AFTER cuts a connection, without passing the last of them on.
    """

    kind: Kind = Kind.PASS
    seconds: float = 0.0
    answered: int = 0


class FaultProxy:
    """Listens on a free port of loopback until it is closed; runs in a thread of its own.

    A mode holds from the moment it is set, for the connections that are open too: REFUSE cuts them, HANG holds what
    comes until the next mode, HALF_CLOSE tells the client that the server says no more, and listens on.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._mode = Mode()
        self._answered = 0
        self._flows = asyncio.Event()
        self._changed = asyncio.Event()
        self._connections: set[asyncio.StreamWriter] = set()
        self._listener: asyncio.Server | None = None
        self.cuts = 0
        """How many connections RESET_AFTER has cut."""
        self.port = choose_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault proxy", daemon=True)
        self._thread.start()
        self.set(Mode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def set(self, mode: Mode) -> None:
        """Spoil connections in this way from now on."""
        self._run(self._change(mode))

    def address(self, url: str) -> str:
        """Return `url` with the proxy in the server's place."""
        return make_url(url).set(host="127.0.0.1", port=self.port).render_as_string(hide_password=False)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _change(self, mode: Mode) -> None:
        self._mode, self._answered = mode, 0
        self._changed.set()
        self._changed = asyncio.Event()
        if mode.kind is Kind.HANG:
            self._flows.clear()
        else:
            self._flows.set()
        if mode.kind is Kind.REFUSE:
            await self._close()
        elif self._listener is None:
            self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        if mode.kind is Kind.HALF_CLOSE:
            for client in self._connections:
                if client.can_write_eof():
                    client.write_eof()

    async def _close(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        for client in list(self._connections):
            _reset(client)
        await asyncio.sleep(0)

    async def _end(self) -> None:
        await self._close()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self._connections.add(client)
        try:
            answers, server = await asyncio.open_connection(*self._target)
        except OSError:
            _reset(client)
            self._connections.discard(client)
            return
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass_on(reader, server, client, is_answer=False))
                both.create_task(self._pass_on(answers, client, client, is_answer=True))
        except* OSError:
            pass
        except* asyncio.CancelledError:
            # The proxy ends, and with it every connection.
            pass
        finally:
            self._connections.discard(client)
            _reset(client)
            server.transport.abort()

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, client: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        while data := await source.read(CHUNK_BYTES):
            await self._flows.wait()
            if self._mode.kind is Kind.SLOW:
                await asyncio.wait({asyncio.ensure_future(self._changed.wait())}, timeout=self._mode.seconds)
            if is_answer and self._mode.kind is Kind.RESET_AFTER:
                self._answered += len(data)
                if self._answered >= self._mode.answered:
                    self._answered = 0
                    self.cuts += 1
                    _reset(client)
                    raise ConnectionResetError
            if is_answer and self._mode.kind is Kind.HALF_CLOSE:
                continue
            sink.write(data)
            await sink.drain()
        # One side has ended: so does the other.
        raise ConnectionResetError


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None and not writer.transport.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
