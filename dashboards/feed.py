"""What an agent's event reads like in the feed; live.js writes the same words for events that arrive live."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

KINDS: Mapping[str, tuple[str, str]] = {
    "task_started": ("play", "started"),
    "code_commit": ("commit", "committed for"),
    "test_execution": ("test", "ran tests for"),
    "task_completed": ("check", "completed"),
    "blocker_identified": ("stop", "is blocked on"),
}
"""Icon and verb of each type of event."""

LONGEST_DETAIL = 300


@dataclass(frozen=True)
class FeedLine:
    """One line of the feed: who did what to which task, and a detail that may be empty."""

    row: int
    type: str
    icon: str
    agent: str
    verb: str
    task: str
    detail: str
    occurred_at: datetime


def feed_line(row: int, event_type: str, agent: str, task: str, data: Mapping[str, Any], at: datetime) -> FeedLine:
    """Return the line of one activity."""
    icon, verb = KINDS.get(event_type, ("info", "reported on"))
    if event_type == "blocker_identified" and data.get("resolved") is True:
        icon, verb = "check", "is no longer blocked on"
    return FeedLine(row, event_type, icon, agent, verb, task, detail(event_type, data)[:LONGEST_DETAIL], at)


def detail(event_type: str, data: Mapping[str, Any]) -> str:
    """Return what the event's data adds to its sentence; agents may send anything, so every part may be missing."""
    match event_type:
        case "test_execution":
            counts = [f"{data[key]} {key}" for key in ("passed", "failed", "skipped") if isinstance(data.get(key), int)]
            return " · ".join([*counts, *_texts(data, "suite")])
        case "code_commit":
            sha = [text[:7] for text in _texts(data, "sha")]
            return " · ".join([*sha, *_texts(data, "message")])
        case "blocker_identified":
            return " · ".join(_texts(data, "description"))
        case _:
            return " · ".join((_texts(data, "title") or _texts(data, "summary") or _texts(data, "description"))[:1])


def _texts(data: Mapping[str, Any], key: str) -> list[str]:
    value = data.get(key)
    return [value] if isinstance(value, str) and value else []
