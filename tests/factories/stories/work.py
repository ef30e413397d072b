"""What people plan, who they are in the histories, and what agents move."""

import uuid
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from kino_core.events import Event, stable_id
from tests.factories.events import agent_report, blocker_resolved
from tests.factories.plans import account_linked, item_deleted, item_told, project_told
from tests.factories.stories.places import NOON, Places

ADA, GRACE, GRACE_IN_GIT = (stable_id("person", name) for name in ("ada", "grace", "grace in git"))
_MOMENTS = st.integers(0, 12).map(lambda steps: NOON + timedelta(hours=4 * steps))
_KEYS = st.sampled_from(["KIN-1", "kin-2", None])
_STATUSES = st.sampled_from([None, "TODO", "IN_PROGRESS", "BLOCKED", "DONE", "CANCELLED"])
_USERS = st.sampled_from([None, ADA, GRACE])
_KINDS = st.sampled_from(["task_started", "task_completed", "blocker_identified"])
_DATA: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {"blocker_id": "b"}, {"resolved": True}, {"blocker_id": {"odd": 1}}]
)


@st.composite
def work(draw: st.DrawFn, places: Places) -> list[Event]:
    """Return what became of three items of both projects."""
    projects, items = st.sampled_from(places.projects), [uuid.uuid4() for _ in range(3)]
    home = dict(zip(items, [places.projects[0], *places.projects], strict=True))
    events = [
        item_told(home[item], item, draw(_MOMENTS), created=True, key=draw(_KEYS), user=draw(_USERS)) for item in items
    ]
    for _ in range(draw(st.integers(3, 14))):
        item, moment = draw(st.sampled_from(items)), draw(_MOMENTS)
        events.append(item_told(home[item], item, moment, key=draw(_KEYS), said=draw(_STATUSES), user=draw(_USERS)))
    tasks = st.sampled_from(["KIN-1", "KIN-2", str(items[0])])
    for _ in range(draw(st.integers(3, 14))):
        events.append(agent_report(draw(projects), draw(_KINDS), draw(_MOMENTS), task=draw(tasks), **draw(_DATA)))
    for _ in range(draw(st.integers(0, 3))):
        events.append(blocker_resolved(draw(projects), draw(st.sampled_from(["b", "KIN-1"])), draw(_MOMENTS)))
    for project in places.projects:
        zone, start = draw(st.sampled_from(["UTC", "Asia/Tokyo"])), draw(st.sampled_from([None, date(2026, 5, 11)]))
        events.append(project_told(project, draw(_MOMENTS), time_zone=zone, start=start))
    for item in draw(st.lists(st.sampled_from(items), max_size=1)):
        events.append(item_deleted(home[item], item, draw(_MOMENTS)))
    for person in draw(st.lists(st.sampled_from([GRACE_IN_GIT, None]), max_size=2)):
        events.append(account_linked(GRACE, person, draw(_MOMENTS)))
    return events
