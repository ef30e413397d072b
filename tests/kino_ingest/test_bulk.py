"""Many events at once: a bad row costs its neighbours nothing, and only a bad row is refused."""

import os

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from kino_core.database import Database, DatabaseUnavailable
from kino_core.events import Event
from kino_ingest.bulk import land_chunk
from kino_ingest.committer import RefusedRow
from kino_ingest.landing import Outcome
from tests.kino_ingest.events import agent_event, one


def poisoned(event_id: str, kind: str) -> Event:
    event = agent_event(event_id)
    if kind == "nul":
        return msgspec.structs.replace(event, type="nul\0")
    if kind == "surrogate":
        return msgspec.structs.replace(event, type="\ud83d")
    # Too large for an index, and too random to be packed.
    return msgspec.structs.replace(event, event_id=os.urandom(30_000).hex())


@pytest.mark.parametrize("kind", ["nul", "surrogate", "index"])
def test_a_poisoned_row_is_refused_alone(database: Database, kind: str) -> None:
    events = [agent_event(f"e{number}") for number in range(128)]
    events[77] = poisoned("e77", kind)
    outcomes = land_chunk(database, events)
    assert isinstance(outcomes[77], RefusedRow)
    assert outcomes.count(Outcome.ACCEPTED) == 127
    assert one(database, "SELECT count(*) FROM landing.event") == 127


@examples(max_examples=15)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["good", "good", "other", "nul"])), max_size=12))
def test_what_is_refused_changes_nothing_for_the_others(database: Database, wanted: list[tuple[str, str]]) -> None:
    with database.write() as session:
        session.exec_driver_sql("TRUNCATE landing.event, landing.claim")
    first: dict[str, str] = {}
    told: list[type[RefusedRow] | Outcome] = []
    for key, kind in wanted:
        if kind == "nul":
            told.append(RefusedRow)
        elif key not in first:
            first[key] = kind
            told.append(Outcome.ACCEPTED)
        else:
            told.append(Outcome.DUPLICATE if first[key] == kind else Outcome.CONFLICT)
    events = [poisoned(f"{key}-nul", "nul") if kind == "nul" else agent_event(key, model=kind) for key, kind in wanted]
    outcomes = land_chunk(database, events) if events else []
    assert [type(each) if isinstance(each, RefusedRow) else each for each in outcomes] == told


def test_what_is_no_rows_fault_is_not_taken_for_one(database: Database) -> None:
    with database.write() as session:
        session.exec_driver_sql("ALTER TABLE landing.claim RENAME TO elsewhere")
    with pytest.raises(ProgrammingError):
        land_chunk(database, [agent_event("a"), agent_event("b")])


def test_a_database_that_is_away_is_told_and_what_landed_stays(database: Database, database_url: str) -> None:
    assert land_chunk(database, [agent_event("a")]) == [Outcome.ACCEPTED]
    away = Database(make_url(database_url).set(port=1).render_as_string(hide_password=False))
    with pytest.raises(DatabaseUnavailable):
        land_chunk(away, [agent_event("b")])
    away.close()
    assert land_chunk(database, [agent_event("a"), agent_event("b")]) == [Outcome.DUPLICATE, Outcome.ACCEPTED]
