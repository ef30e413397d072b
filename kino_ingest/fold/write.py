"""Facts become rows of the operational tables: one statement a table, whatever the number of rows."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from kino_core.database import WriteSession
from kino_core.events import canonical_json, stable_id
from kino_ingest.fold.facts import Change, Facts
from kino_ingest.fold.rows import ActivityRow, AgentRow, IdentityRow, PersonRow, PullRequestRow, Row
from kino_ingest.fold.scope_items import MOVING, settle_items
from kino_ingest.partitions import ensure_activity_months
from kino_ingest.sql import read_sql

R = TypeVar("R", bound=Row)

MERGE_LOCK = 0x6B696E6F_0001
"""Advisory lock of whoever merges what it has to tell into rows that others tell of too."""


COUNTS = ("tasks_started", "commits", "test_runs", "tasks_completed", "blockers")


def write_facts(session: WriteSession, facts: Facts) -> list[Change]:
    """Write every row that `facts` tells of and that is not stored already; return what moved because of it.

    First what belongs to these events alone, in the order of its keys so that two workers never wait for one another;
    then, one worker after the other until its commit, the rows that are read, merged and written back.
    """
    ensure_activity_months(session, (row.occurred_at for row in facts.activities.values()))
    activities = [facts.activities[key] for key in sorted(facts.activities)]
    counted = _put(session, "activity_put", activities, {"data": [_json(row.data) for row in activities]})
    _put(session, "commit_put", [facts.commits[key] for key in sorted(facts.commits)])
    lock_merging(session)
    _put(session, "repository_put", facts.repositories.values())
    agents = _stored(session, "agent_get", AgentRow, {"keys": list(facts.agents)})
    _put(session, "agent_put", _changed(facts.agents.values(), {row.id: row for row in agents}, "id"))
    _write_people(session, facts)
    _write_pull_requests(session, facts)
    _write_sessions(session, facts, counted)
    return settle_items(session, _moving_tasks(activities))


def lock_merging(session: WriteSession) -> None:
    """Wait until nobody else merges, and let nobody else until this session commits."""
    session.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (MERGE_LOCK,))


def _moving_tasks(activities: Iterable[ActivityRow]) -> set[tuple[uuid.UUID, str]]:
    return {(row.project_id, row.task_id) for row in activities if row.event_type in MOVING}


def _write_sessions(session: WriteSession, facts: Facts, counted: Iterable[Any]) -> None:
    new = {(row.agent_id, row.project_id, row.session_id): row for row in counted}
    counts = {name: [getattr(new.get(key), name, 0) for key in facts.sessions] for name in COUNTS}
    _put(session, "session_put", facts.sessions.values(), counts)


def _write_people(session: WriteSession, facts: Facts) -> None:
    keys = {"keys": list(facts.identities)}
    behind = {stable_id("person", key): person for key, person in _rows(session, "identity_people", keys)}
    people: dict[uuid.UUID, PersonRow] = {}
    for told in facts.people.values():
        # Where identities were merged, what one of them did is the merged person's.
        row = msgspec.structs.replace(told, id=behind.get(told.id, told.id))
        people[row.id] = people[row.id].merged(row) if row.id in people else row
    stored = _stored(session, "person_get", PersonRow, {"keys": list(people)})
    _put(session, "person_put", _changed(people.values(), {row.id: row for row in stored}, "id"))
    known = _stored(session, "identity_get", IdentityRow, keys)
    identities = _changed(facts.identities.values(), {row.key: row for row in known}, "key")
    own = [None if row.agent_id else stable_id("person", row.key) for row in identities]
    _put(session, "identity_put", identities, {"person_id": own})


def _write_pull_requests(session: WriteSession, facts: Facts) -> None:
    asked: dict[str, list[Any]] = {
        "repository_ids": [repository for repository, _ in facts.pull_requests],
        "numbers": [number for _, number in facts.pull_requests],
    }
    stored = {
        (row.repository_id, row.number): row for row in _stored(session, "pull_request_get", PullRequestRow, asked)
    }
    rows = {key: stored[key].merged(row) if key in stored else row for key, row in facts.pull_requests.items()}
    _put(session, "pull_request_put", [row for key, row in rows.items() if stored.get(key) != row])


def _changed(told: Iterable[R], stored: Mapping[Any, R], key: str) -> list[R]:
    changed = []
    for row in told:
        before = stored.get(getattr(row, key))
        after = before.merged(row) if before is not None else row
        if after != before:
            changed.append(after)
    return changed


def _stored(session: WriteSession, statement: str, row_type: type[R], values: dict[str, list[Any]]) -> list[R]:
    return [msgspec.convert(row._mapping, row_type, strict=False) for row in _rows(session, statement, values)]


def _rows(session: WriteSession, statement: str, values: dict[str, list[Any]]) -> list[Any]:
    if not any(values.values()):
        return []
    return list(session.exec_driver_sql(read_sql(statement), values))


def _put(
    session: WriteSession,
    statement: str,
    rows: Iterable[msgspec.Struct],
    extra: dict[str, list[Any]] | None = None,
) -> list[Any]:
    rows = list(rows)
    if not rows:
        return []
    columns = {name: [getattr(row, name) for row in rows] for name in rows[0].__struct_fields__}
    done = session.exec_driver_sql(read_sql(statement), columns | (extra or {}))
    return list(done) if done.returns_rows else []


def _json(value: dict[str, Any]) -> str:
    return canonical_json(value).decode()
