"""Which version of a topic is the current one: what is cached of an older one is never looked at again.

A version is a random word, so that one that Redis forgot is followed by another, never by an old one.
"""

import uuid
from collections.abc import Iterable

from redis import Redis, RedisError

VERSION_SECONDS = 3600
"""How long a version is remembered after its last change; it must be longer than anything is cached."""


def version_key(topic: str) -> str:
    """Return where the version of a topic of the live channel (`portfolio`, `project:ID`) stands."""
    return f"kino:version:{topic}"


def new_version() -> str:
    """Return a word that no other version has."""
    return uuid.uuid4().hex[:16]


def renew(redis: Redis | None, topics: Iterable[str]) -> bool:
    """Give each topic a new version, after the commit of what changed; returns False where Redis is away.

    What is cached ends by itself then.
    """
    if redis is None:
        return False
    try:
        pipeline = redis.pipeline(transaction=False)
        for topic in topics:
            pipeline.set(version_key(topic), new_version(), ex=VERSION_SECONDS)
        pipeline.execute()
    except (RedisError, OSError):
        return False
    return True
