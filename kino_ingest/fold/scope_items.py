"""What agents tell of a task moves the scope item that has the task's id as its key or id."""

import uuid
from collections.abc import Iterable

from kino_core.database import WriteSession
from kino_core.live import LiveKind
from kino_ingest.fold.facts import Change
from kino_ingest.sql import read_sql

MOVING = frozenset({"task_started", "task_completed", "blocker_identified"})
"""The types of event that may move an item."""

Task = tuple[uuid.UUID, str]
"""(project id, task id)"""


def settle_items(session: WriteSession, tasks: Iterable[Task]) -> list[Change]:
    """Bring the items of `tasks` to the state that everything told of them makes, and return those that moved.

    The session must hold the merge lock (`lock_merging`): what another one has written and not committed is not seen.
    """
    asked = sorted(set(tasks))
    projects = {project_id for project_id, _ in asked}
    if not projects:
        return []
    # Most projects have no items, and the statement below takes its time to plan.
    found = session.exec_driver_sql(read_sql("scope_items_any"), {"project_ids": list(projects)})
    concerned = set(found.scalars())
    if not concerned:
        return []
    told = [(project_id, task_id) for project_id, task_id in asked if project_id in concerned]
    moved = session.exec_driver_sql(
        read_sql("scope_items_settle"),
        {"project_ids": [project_id for project_id, _ in told], "task_ids": [task_id for _, task_id in told]},
    )
    return [
        Change(
            LiveKind.SCOPE_ITEM,
            {"type": "scope_item_moved", "item_id": row.id, "key": row.key, "status": row.status},
            row.project_id,
        )
        for row in moved
    ]
