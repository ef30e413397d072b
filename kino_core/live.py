"""What changed a moment ago, told to every open page over Redis pub/sub.

A message is a hint, never the truth: it may be lost, and the page that got none reads PostgreSQL.
"""

import uuid
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

CHANNEL = "kino:live"
PORTFOLIO = "portfolio"
REDIS_TIMEOUT_SECONDS = 0.1


class LiveKind(StrEnum):
    """What kind of thing changed."""

    AGENT_ACTIVITY = "agent_activity"
    COMMIT = "commit"
    PULL_REQUEST = "pull_request"
    PROJECT = "project"
    SCOPE_ITEM = "scope_item"


class LiveMessage(msgspec.Struct, frozen=True):
    """One change. `item` is what a feed shows, or {"count": n} where so much changed that only the number matters."""

    topics: list[str]
    kind: LiveKind
    item: dict[str, Any]


def project_topic(project_id: uuid.UUID) -> str:
    """Return the topic that pages of this project subscribe to."""
    return f"project:{project_id}"


def encode(message: LiveMessage) -> bytes:
    """Return the JSON of `message` as it travels."""
    return msgspec.json.encode(message)


def decode(data: bytes) -> LiveMessage:
    """Return the message that `data` holds; raises msgspec.DecodeError when it is none."""
    return msgspec.json.decode(data, type=LiveMessage)


def connect_publisher(redis_url: str) -> Redis:
    """Return a client that gives up after a tenth of a second, so that a hanging Redis delays nobody."""
    return Redis.from_url(
        redis_url,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def publish(redis: Redis | None, messages: Sequence[LiveMessage]) -> bool:
    """Tell the open pages; returns False, and nothing else happens, where Redis is away."""
    if redis is None:
        return False
    try:
        pipeline = redis.pipeline(transaction=False)
        for message in messages:
            pipeline.publish(CHANNEL, encode(message))
        pipeline.execute()
    except RedisError:
        return False
    return True
