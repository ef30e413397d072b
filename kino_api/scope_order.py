"""The order of a project's scope items: set as a whole, or not at all."""

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence

from kino_api.changes import record_change
from kino_api.projects import hold_project
from kino_api.scope_item_rules import ScopeItem
from kino_api.scope_items import list_items, lock_order
from kino_api.sql import read_sql
from kino_core.database import WriteSession, query
from kino_core.errors import InvalidInput

MOST_NAMED = 3
"""Ids that a message names; people cannot read more."""


class InvalidOrder(InvalidInput):
    """An order that does not name every item of the project exactly once."""

    code = "INVALID_ORDER"


def reorder_items(session: WriteSession, project_id: uuid.UUID, order: Sequence[uuid.UUID]) -> list[ScopeItem]:
    """Put the project's items in `order`, which names each of them once, and return them so.

    Whoever adds an item or sets another order at the same time comes before or after, never in between. Raises
    InvalidOrder, or as hold_project.
    """
    lock_order(session, project_id)
    hold_project(session, project_id)
    rows = query(
        session,
        "SELECT id FROM kino.scope_item WHERE project_id = :project_id ORDER BY id FOR NO KEY UPDATE",
        project_id=project_id,
    )
    _check_order(order, [row.id for row in rows])
    if query(session, read_sql("scope_item_reorder"), project_id=project_id, order=list(order)):
        body = {"project_id": str(project_id), "order": [str(each) for each in order]}
        record_change(session, "scope_items_reordered", body, project_id=project_id)
    return list_items(session, project_id)


def _check_order(order: Sequence[uuid.UUID], items: Sequence[uuid.UUID]) -> None:
    given, there = Counter(order), set(items)
    wrong = {
        "missing": [each for each in items if each not in given],
        "unknown": [each for each in given if each not in there],
        "named more than once": [each for each, times in given.items() if times > 1],
    }
    reasons = [f"{what}: {_named(ids)}" for what, ids in wrong.items() if ids]
    if reasons:
        message = f"The order must name every item of the project once. {'; '.join(reasons).capitalize()}."
        raise InvalidOrder(message, field="order")


def _named(ids: Iterable[uuid.UUID]) -> str:
    texts = [str(each) for each in ids]
    more = len(texts) - MOST_NAMED
    return ", ".join(texts[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
