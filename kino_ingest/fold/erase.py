"""What a person's identities and rows become in the folded tables when the log names only the pseudonym.

Decided here as folding the rewritten log would decide it, so that both come out the same.
"""

import random
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import text

from kino_core.database import Database, DatabaseUnavailable, WriteSession, query
from kino_core.events import agent_key, stable_id
from kino_core.privacy.erasures import Work
from kino_core.privacy.pseudonyms import Rewriter, needle_pattern
from kino_ingest.partitions import lock_refused
from kino_ingest.sql import read_sql

MOST_TRIES = 50


@dataclass(frozen=True)
class _Renamed:
    """An identity as it was and as it is to be; the person behind it, None behind an agent's."""

    old_key: str
    key: str
    kind: str
    name: str
    email: str | None
    old_person_id: uuid.UUID | None
    person_id: uuid.UUID | None
    agent_id: uuid.UUID | None

    @property
    def people_before(self) -> list[uuid.UUID]:
        """Who stood behind it: by its own key, and since somebody joined it with others."""
        return [stable_id("person", self.old_key), *([self.old_person_id] if self.old_person_id else [])]


def erase_folded(database: Database, work: Work, rewriter: Rewriter, still_named: Callable[[], bool]) -> bool:
    """Give the person's rows to the pseudonym and return True, or False where `still_named` says that it is too early.

    While it looks and writes nothing lands and nothing is folded: for as long as the person's rows take, not the log's.
    """
    for left in reversed(range(MOST_TRIES)):
        try:
            with database.write() as session:
                session.exec_driver_sql(read_sql("erase_lock"))
                if still_named():
                    return False
                _erase(session, work, rewriter)
                return True
        except DatabaseUnavailable as error:
            if not left or not lock_refused(error.__cause__):
                raise
            time.sleep(random.uniform(0.05, 0.3))
    raise AssertionError("unreachable")


def _erase(session: WriteSession, work: Work, rewriter: Rewriter) -> None:
    pattern = needle_pattern(work.traces.needles)
    keys = sorted(work.traces.keys)
    found = query(session, read_sql("erase_identities"), pattern=pattern, keys=keys)
    renamed = [each for row in found if (each := _renamed(row, work, rewriter)) is not None]
    for each in renamed:
        _put_person(session, each)
    session.execute(
        text("DELETE FROM kino.identity WHERE key = ANY (:keys)"), {"keys": [each.old_key for each in renamed]}
    )
    for each in renamed:
        session.execute(text(read_sql("erase_identity_put")), _values(each))
    moved = {each.old_key: each.key for each in renamed if each.old_key != each.key}
    values = {"old": list(moved), "new": list(moved.values())}
    for statement in ("erase_commit_authors", "erase_pull_request_authors"):
        session.execute(text(read_sql(statement)), values)
    _drop_people(session, work, renamed)
    _rename_agents(session, pattern, rewriter)


def _renamed(row: Any, work: Work, rewriter: Rewriter) -> _Renamed | None:  # noqa: ANN401  a row of kino.identity
    """Return what becomes of an identity, None where nothing does."""
    key, person_id = rewriter.key(row.key), row.person_id
    if rewriter.is_their_key(row.key):
        name, email = rewriter.name_like(row.name), work.pseudonym.email if row.email else None
        person_id = stable_id("person", key) if row.agent_id is None else None
    else:
        name, email = rewriter.signature(row.name, row.email or "")
        email = email or None
        if person_id == stable_id("person", row.key):
            person_id = stable_id("person", key)
    if (key, name, email) == (row.key, row.name, row.email):
        return None
    return _Renamed(row.key, key, row.kind, name, email, row.person_id, person_id, row.agent_id)


def _put_person(session: WriteSession, renamed: _Renamed) -> None:
    if renamed.person_id is not None:
        session.execute(text(read_sql("erase_person_put")), _values(renamed) | {"old": renamed.people_before})


def _values(renamed: _Renamed) -> dict[str, Any]:
    return {key: value for key, value in asdict(renamed).items() if key != "old_key"}


def _drop_people(session: WriteSession, work: Work, renamed: list[_Renamed]) -> None:
    """Take away the people that no identity leads to any more, and what refers to them."""
    kept = {each.person_id for each in renamed}
    before = {person_id for each in renamed for person_id in each.people_before} | set(work.person_ids)
    gone = sorted(each for each in before if each not in kept)
    values = {"gone": gone, "person_id": stable_id("person", work.pseudonym.key)}
    for statement in ("erase_user_person", "erase_people"):
        session.execute(text(read_sql(statement)), values)


def _rename_agents(session: WriteSession, pattern: str, rewriter: Rewriter) -> None:
    """Rename agents that go by the person's address or name: their id is made of their name."""
    for agent in query(session, read_sql("erase_agents"), pattern=pattern):
        name = rewriter.text(agent.name)
        if name != agent.name:
            session.execute(text(read_sql("erase_agent_put")), {"old": agent.id, "new": agent_key(name), "name": name})
            for column in query(session, read_sql("erase_agent_columns")):
                session.exec_driver_sql(column.statement, {"old": agent.id, "new": agent_key(name)})
            session.execute(text("DELETE FROM kino.agent WHERE id = :old"), {"old": agent.id})
