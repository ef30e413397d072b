"""Who acts: told to PostgreSQL once a transaction, so that the audit knows the author of every change."""

import json
import uuid
from dataclasses import dataclass
from enum import StrEnum


class ActorType(StrEnum):
    """What kind of somebody it is."""

    USER = "user"
    AGENT = "agent"
    SYSTEM = "system"
    GITHUB = "github"


@dataclass(frozen=True)
class Actor:
    """Who acts; `id` is a user's or a token's, None for the system, and `request_id` the request that it comes from."""

    type: ActorType
    id: uuid.UUID | None = None
    request_id: str | None = None

    def as_setting(self) -> str:
        """Return the text of PostgreSQL's setting `kino.actor`."""
        return json.dumps(
            {"type": self.type.value, "id": str(self.id) if self.id else None, "request_id": self.request_id}
        )


SYSTEM = Actor(ActorType.SYSTEM)
"""Kino itself: commands at the machine, schedules, upkeep."""
