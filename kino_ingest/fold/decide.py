"""Which module folds which source."""

import uuid

from kino_core.events import Source
from kino_core.live import LiveKind
from kino_ingest.fold.agents import fold_agent
from kino_ingest.fold.commits import fold_git
from kino_ingest.fold.facts import Change, Facts, LandedEvent, UnfoldableEvent
from kino_ingest.fold.github import fold_github


def fold_event(event: LandedEvent) -> Facts:
    """Return what one event tells; raises when it lacks what its kind needs."""
    match event.source:
        case Source.GIT:
            return fold_git(event)
        case Source.GITHUB:
            return fold_github(event)
        case Source.AGENT:
            return fold_agent(event)
        case Source.KINO:
            return _fold_own(event)
        case _:
            raise UnfoldableEvent(f"this version knows no source {event.source!r}")


def _fold_own(event: LandedEvent) -> Facts:
    # What people enter is written together with its event; only the open pages have yet to hear of it.
    facts = Facts()
    if project_id := event.project_id or event.body.get("project_id"):
        item = {"type": event.type, **event.body}
        kind = LiveKind.SCOPE_ITEM if event.type.startswith("scope_item") else LiveKind.PROJECT
        facts.changes.append(Change(kind, item, uuid.UUID(str(project_id))))
    return facts
