"""What the open pages are told after a fold: each change, or how many where there are too many to read."""

import uuid
from collections.abc import Iterable

from kino_core.live import PORTFOLIO, LiveKind, LiveMessage, project_topic
from kino_ingest.fold.facts import Change

MOST_MESSAGES = 50
"""Changes of one kind in one project that are told one by one; a backfill is told as a number."""


def announcements(changes: Iterable[Change]) -> list[LiveMessage]:
    """Return the messages for `changes`, in their order; what belongs to no project interests no page yet."""
    groups: dict[tuple[uuid.UUID, LiveKind], list[Change]] = {}
    for change in changes:
        if change.project_id is not None:
            groups.setdefault((change.project_id, change.kind), []).append(change)
    messages: list[LiveMessage] = []
    for (project_id, kind), group in groups.items():
        topics = [project_topic(project_id), PORTFOLIO]
        items = [change.item for change in group] if len(group) <= MOST_MESSAGES else [{"count": len(group)}]
        messages.extend(LiveMessage(topics, kind, item) for item in items)
    return messages
