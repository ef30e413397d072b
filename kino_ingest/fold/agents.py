"""What agents report about themselves."""

from typing import Any

import msgspec

from kino_core.identities import agent_type_of
from kino_core.live import LiveKind
from kino_ingest.fold.facts import Change, Facts, LandedEvent, UnfoldableEvent
from kino_ingest.fold.rows import ActivityRow


class _Report(msgspec.Struct):
    agent_id: str
    task_id: str
    data: dict[str, Any]
    agent_type: str | None = None
    session_id: str | None = None
    model: str | None = None


def fold_agent(event: LandedEvent) -> Facts:
    """Fold one report: the agent that was seen, and what it did."""
    facts = Facts()
    report = msgspec.convert(event.body, _Report)
    if event.project_id is None:
        raise UnfoldableEvent("an agent's event belongs to the project of its token, and this one names none")
    agent_type = agent_type_of(report.agent_id, report.agent_type)
    row = ActivityRow(
        occurred_at=event.occurred_at,
        source=event.source,
        event_id=event.event_id,
        event_row=event.id,
        project_id=event.project_id,
        agent_id=facts.tell_agent(report.agent_id, agent_type, event.occurred_at, event.type),
        event_type=event.type,
        task_id=report.task_id,
        session_id=report.session_id,
        model=report.model,
        data=report.data,
        clock_ahead=event.clock_ahead,
    )
    facts.tell_activity(row)
    item = {
        "event_row": row.event_row,
        "occurred_at": row.occurred_at,
        "agent_id": row.agent_id,
        "agent_name": report.agent_id,
        "agent_type": agent_type,
        "event_type": row.event_type,
        "task_id": row.task_id,
        "data": row.data,
        "clock_ahead": row.clock_ahead,
    }
    facts.changes.append(Change(LiveKind.AGENT_ACTIVITY, item, event.project_id))
    return facts
