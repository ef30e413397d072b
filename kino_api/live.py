"""The live channel: one Redis subscription a process, fanned out to every open page."""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import IntEnum

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from starlette.concurrency import run_in_threadpool

from kino_api.sessions import alive_sessions
from kino_api.users import User
from kino_core.database import Database
from kino_core.errors import KinoError
from kino_core.live import CHANNEL, decode

QUEUE_LENGTH = 200
"""Messages that may wait for one page; a page that is further behind reads everything anew instead."""
SESSION_CHECK_SECONDS = 2.0
RECONNECT_SECONDS = 1.0
SILENCE_SECONDS = 5.0
MOST_SOCKETS_OF_A_USER = 250


class Close(IntEnum):
    """Why a socket was closed by us; 4000 and above are our own."""

    SHUTTING_DOWN = 1001
    REFUSED = 1008
    TOO_BIG = 1009
    NO_LIVE_CHANNEL = 1013
    SIGNED_OUT = 4401
    RIGHTS_CHANGED = 4403
    TOO_MANY = 4429
    TOO_SLOW = 4508


@dataclass(eq=False)
class Listener:
    """One open page. Its queue holds JSON texts to send, or the code to close with, which is the last thing in it."""

    user: User
    session_id: uuid.UUID
    queue: asyncio.Queue[str | Close] = field(default_factory=lambda: asyncio.Queue(QUEUE_LENGTH + 1))
    topics: set[str] = field(default_factory=set)
    closing: bool = False

    def offer(self, text: str) -> None:
        """Queue a message; a listener that is too far behind is closed instead of waited for."""
        if self.queue.qsize() >= QUEUE_LENGTH:
            self.close(Close.TOO_SLOW)
        elif not self.closing:
            self.queue.put_nowait(text)

    def close(self, code: Close) -> None:
        """Have the socket closed with `code` after at most the message that is being sent."""
        if self.closing:
            return
        self.closing = True
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(code)


class LiveHub:
    """Knows every open page of this process and what it wants to hear. Used from the event loop only."""

    def __init__(self, redis_url: str | None, database: Database) -> None:
        self._redis_url = redis_url
        self._database = database
        self._by_topic: dict[str, set[Listener]] = defaultdict(set)
        self._listeners: set[Listener] = set()
        self.connected = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen to Redis and watch the sessions while the block runs."""
        tasks = [asyncio.create_task(self._watch_sessions())]
        if self._redis_url is not None:
            tasks.append(asyncio.create_task(self._listen(self._redis_url)))
        try:
            yield
        finally:
            self._close(self._listeners, Close.SHUTTING_DOWN)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def join(self, user: User, session_id: uuid.UUID) -> Listener:
        """Add an open page; it is closing at once when its user has too many, or while Redis is away."""
        listener = Listener(user, session_id)
        if not self.connected:
            listener.close(Close.NO_LIVE_CHANNEL)
        elif sum(other.user.id == user.id for other in self._listeners) >= MOST_SOCKETS_OF_A_USER:
            listener.close(Close.TOO_MANY)
        self._listeners.add(listener)
        return listener

    def subscribe(self, listener: Listener, topics: Collection[str]) -> None:
        """Let the page hear exactly these topics from now on."""
        self._forget_topics(listener)
        listener.topics = set(topics)
        for topic in listener.topics:
            self._by_topic[topic].add(listener)

    def leave(self, listener: Listener) -> None:
        """Forget a page whose socket is closed."""
        self._forget_topics(listener)
        self._listeners.discard(listener)

    def end_session(self, session_id: uuid.UUID) -> None:
        """Close the pages of a session that ended in this process; those of other processes are found by asking."""
        self._close((each for each in self._listeners if each.session_id == session_id), Close.SIGNED_OUT)

    def close_user(self, user_id: uuid.UUID, code: Close) -> None:
        """Close the pages of a user in this process; those of other processes are found by asking."""
        self._close((each for each in self._listeners if each.user.id == user_id), code)

    def deliver(self, data: bytes) -> None:
        """Queue a published message for every page that wants one of its topics."""
        try:
            topics = decode(data).topics
        except msgspec.MsgspecError:
            structlog.get_logger().warning("a live message could not be read", bytes=len(data))
            return
        text = data.decode()
        for listener in set().union(*(self._by_topic.get(topic, ()) for topic in topics)):
            listener.offer(text)

    def _forget_topics(self, listener: Listener) -> None:
        for topic in listener.topics:
            self._by_topic[topic].discard(listener)
            if not self._by_topic[topic]:
                del self._by_topic[topic]
        listener.topics = set()

    def _close(self, listeners: Iterable[Listener], code: Close) -> None:
        for listener in list(listeners):
            listener.close(code)

    async def _listen(self, redis_url: str) -> None:
        while True:
            try:
                await self._listen_once(redis_url)
            except (RedisError, OSError) as error:
                structlog.get_logger().debug("the connection to Redis ended", error=str(error))
            except Exception:
                # uvloop answers a write to a connection that is just closing with a RuntimeError of its own, and
                # whatever else it is: a listener that dies would leave every page waiting for ever.
                structlog.get_logger().exception("listening to Redis failed")
            if self.connected:
                self.connected = False
                structlog.get_logger().warning("Redis is away: open pages ask for news themselves until it is back")
            # Messages were missed: every page connects anew and reads what it missed.
            self._close(self._listeners, Close.NO_LIVE_CHANNEL)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen_once(self, redis_url: str) -> None:
        """Deliver what is published until the connection fails, which raises."""
        # A client that connects anew by itself would hide that messages were missed in between.
        once = Retry(NoBackoff(), 0)
        client = Redis.from_url(redis_url, socket_connect_timeout=SILENCE_SECONDS, retry=once)
        asked = False
        try:
            async with client.pubsub() as channel:
                await channel.subscribe(CHANNEL)
                while True:
                    async with asyncio.timeout(2 * SILENCE_SECONDS):
                        message = await channel.get_message(timeout=SILENCE_SECONDS)
                        if message is None and asked:
                            # A connection that died silently would look like a quiet day.
                            raise TimeoutError("Redis does not answer a ping")
                        if message is None:
                            await channel.ping()
                    asked = message is None
                    if message is not None and message["type"] == "subscribe":
                        self.connected = True
                    elif message is not None and message["type"] == "message":
                        self.deliver(message["data"])
        finally:
            with suppress(Exception):
                await client.aclose()

    async def _watch_sessions(self) -> None:
        while True:
            await asyncio.sleep(SESSION_CHECK_SECONDS)
            asked = {listener.session_id for listener in self._listeners}
            if not asked:
                continue
            try:
                alive = await run_in_threadpool(self._alive, list(asked))
            except KinoError:
                # PostgreSQL is away: nobody could have ended a session either.
                continue
            except Exception:
                structlog.get_logger().exception("the sessions of open pages could not be checked")
                continue
            watched = [each for each in self._listeners if each.session_id in asked]
            self._close((each for each in watched if each.session_id not in alive), Close.SIGNED_OUT)
            # What a page may hear was decided by its user's rights: it asks anew under the new ones.
            changed = (each for each in watched if alive.get(each.session_id, each.user) != each.user)
            self._close(changed, Close.RIGHTS_CHANGED)

    def _alive(self, session_ids: list[uuid.UUID]) -> dict[uuid.UUID, User]:
        with self._database.read() as session:
            return alive_sessions(session, session_ids)
