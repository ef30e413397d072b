"""One event, one row: in a batch, later, and from two sides at once."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kino_core.database import Database
from kino_core.events import Event
from kino_ingest.landing import Outcome
from tests.kino_ingest.events import PROJECT, agent_event, landed, one, rows


def test_an_event_repeated_later_is_a_duplicate_and_other_content_a_conflict(database: Database) -> None:
    event = agent_event("a")
    assert landed(database, [event]) == [Outcome.ACCEPTED]
    assert landed(database, [event]) == [Outcome.DUPLICATE]
    assert landed(database, [agent_event("a", model="other")]) == [Outcome.CONFLICT]
    assert one(database, "SELECT count(*) FROM landing.event") == 1


def test_the_first_of_a_key_in_one_batch_wins_and_the_others_are_compared_with_it(database: Database) -> None:
    first, other, neighbour = agent_event("a"), agent_event("a", model="other"), agent_event("b")
    outcomes = landed(database, [first, neighbour, first, other])
    assert outcomes == [Outcome.ACCEPTED, Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.CONFLICT]
    assert landed(database, [other, first, other]) == [Outcome.CONFLICT, Outcome.DUPLICATE, Outcome.CONFLICT]


def test_the_order_of_keys_does_not_make_other_content(database: Database) -> None:
    event = agent_event("a")
    turned = msgspec.structs.replace(event, body=dict(reversed(event.body.items())))
    assert landed(database, [event, turned]) == [Outcome.ACCEPTED, Outcome.DUPLICATE]


def test_nul_is_replaced_in_the_json_and_kept_in_the_raw_bytes(database: Database) -> None:
    event = agent_event("a", **{"ke\0y": "va\0lue", "escaped": "\\u0000", "deep": [{"x": "\0"}]})
    assert landed(database, [event]) == [Outcome.ACCEPTED]
    [(body, raw)] = rows(database, "SELECT body, raw FROM landing.event")
    assert body["ke\ufffdy"] == "va\ufffdlue"
    assert body["escaped"] == "\\u0000"
    assert body["deep"] == [{"x": "\ufffd"}]
    assert raw == event.raw
    assert landed(database, [event]) == [Outcome.DUPLICATE]


def test_numbers_and_texts_come_back_as_they_were(database: Database) -> None:
    data = {"big": 2**64 - 1, "small": -(2**63), "float": 1.5, "text": "é🎉\u2028", "none": None, "no": False}
    landed(database, [agent_event("a", data=data)])
    assert one(database, "SELECT body -> 'data' FROM landing.event") == data


def test_what_an_event_leaves_out_may_stand_beside_what_another_has(database: Database) -> None:
    plain = agent_event("a")
    full = msgspec.structs.replace(agent_event("b"), repository="acme/engine", token_id=PROJECT)
    bare = msgspec.structs.replace(agent_event("c"), project_id=None)
    landed(database, [plain, full, bare])
    kept = rows(database, "SELECT project_id, repository, token_id FROM landing.event ORDER BY id")
    assert kept == [(PROJECT, None, None), (PROJECT, "acme/engine", PROJECT), (None, None, None)]


def test_batches_that_overlap_in_opposite_orders_neither_deadlock_nor_double(database: Database) -> None:
    events = [agent_event(f"e{number}") for number in range(200)]
    results: list[list[Outcome]] = []

    def run(batch: list[Event]) -> None:
        results.append(landed(database, batch))

    threads = [threading.Thread(target=run, args=(batch,)) for batch in (events, events[::-1]) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(outcomes.count(Outcome.ACCEPTED) for outcomes in results) == 200
    assert sum(outcomes.count(Outcome.DUPLICATE) for outcomes in results) == 7 * 200
    assert one(database, "SELECT count(*) FROM landing.event") == 200


@dataclass
class Told:
    """What a simple dictionary would answer."""

    seen: dict[str, str]

    def outcome(self, key: str, content: str) -> Outcome:
        if key not in self.seen:
            self.seen[key] = content
            return Outcome.ACCEPTED
        return Outcome.DUPLICATE if self.seen[key] == content else Outcome.CONFLICT


@examples(max_examples=30)
@given(st.lists(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("xy")), max_size=8), max_size=5))
def test_outcomes_are_those_of_a_dictionary(database: Database, batches: list[list[tuple[str, str]]]) -> None:
    with database.write() as session:
        session.exec_driver_sql("TRUNCATE landing.event, landing.claim")
    told = Told({})
    for batch in batches:
        at = datetime(2026, 1, 1, tzinfo=UTC)
        outcomes = landed(database, [agent_event(key, at=at, model=content) for key, content in batch])
        assert outcomes == [told.outcome(key, content) for key, content in batch]
    assert one(database, "SELECT count(*) FROM landing.event") == len(told.seen)
