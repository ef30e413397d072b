"""What lists show of a project is kept beside it, and always comes to what the history itself says."""

import hashlib
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kino_api.activity import recent_activity
from kino_api.portfolio import weekly_commits
from kino_api.projects import create_project
from kino_core.database import Database, query
from kino_core.events import Event, repository_id
from kino_ingest import summaries
from kino_ingest.fold.run import fold_next, fold_pending
from kino_ingest.landing import land
from kino_ingest.summaries import SummaryKeeper, recount_touched, touch_old
from tests.factories.events import CLAUDE, DEPENDABOT, HUMAN, OTHER_HUMAN, agent_report, commit

BY_HAND = Path(__file__).with_name("cards_counted_by_hand.sql").read_text()
BLOCKED_BY_HAND = """
SELECT count(*) AS open_blockers, min(opened_at) AS oldest_blocker_at
FROM kino.open_blocker(ARRAY[CAST(:id AS uuid)], 'infinity')
"""
AUTHORS = (HUMAN, OTHER_HUMAN, CLAUDE, DEPENDABOT)
MONDAY = datetime.combine(datetime.now(UTC).date() - timedelta(days=datetime.now(UTC).weekday()), time(), UTC)

people = st.sampled_from(AUTHORS)
places = st.integers(0, 1)
days = st.integers(-100, 6)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), places, people, days),
        st.tuples(st.just("report"), places, st.sampled_from(["one", "two"]), days),
        st.tuples(st.just("block"), places, st.sampled_from(["KIN-1", "KIN-2"]), days),
        st.tuples(st.just("complete"), places, st.sampled_from(["KIN-1", "KIN-2"]), days),
        st.tuples(st.just("connect"), places, places, st.none()),
        st.tuples(st.just("disconnect"), places, st.none(), st.none()),
        st.tuples(st.just("merge"), people, people, st.none()),
        st.tuples(st.just("lose"), places, st.none(), st.none()),
        st.tuples(st.just("count"), st.none(), st.none(), st.none()),
    ),
    min_size=1,
    max_size=14,
)


class History:
    """Two projects and two repositories of their own, and what happens to them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.word = uuid.uuid4().hex
        with database.write() as session:
            self.projects = [create_project(session, f"{name} {self.word[:20]}").id for name in ("First", "Second")]
        self.repositories = [f"{self.word}/{name}" for name in ("one", "two")]
        self.number = 0

    def step(self, what: str, first: Any, second: Any, day: int | None) -> None:  # noqa: ANN401 - by `what`
        moment = MONDAY + timedelta(days=day or 0, hours=3)
        self.number += 1
        match what:
            case "commit":
                sha = hashlib.sha1(f"{self.word}{self.number}".encode(), usedforsecurity=False).hexdigest()
                self._fold(commit(self.repositories[first], sha, moment, author=self._own(second)))
            case "report":
                self._fold(self._report(first, "task_started", moment, agent=f"{second}-{self.word}"))
            case "block":
                self._fold(self._report(first, "blocker_identified", moment, task=second, description="stuck"))
            case "complete":
                self._fold(self._report(first, "task_completed", moment, task=second))
            case "connect":
                self._run(
                    "INSERT INTO kino.repository (id, full_name, project_id) VALUES (%s, %s, %s)"
                    " ON CONFLICT (id) DO UPDATE SET project_id = excluded.project_id",
                    repository_id(self.repositories[first]), self.repositories[first], self.projects[second],
                )  # fmt: skip
            case "disconnect":
                self._run("UPDATE kino.repository SET project_id = NULL WHERE id = %s",
                          repository_id(self.repositories[first]))  # fmt: skip
            case "merge":
                self._run(
                    "UPDATE kino.identity SET person_id = kept.person_id FROM kino.identity AS kept"
                    " WHERE kept.email = %s AND identity.email = %s AND kept.person_id IS NOT NULL",
                    self._own(first)[1], self._own(second)[1],
                )  # fmt: skip
            case "lose":
                self._run('DELETE FROM kino."commit" WHERE repository_id = %s AND sha < %s',
                          repository_id(self.repositories[first]), "8")  # fmt: skip
            case "count":
                recount_touched(self.database)

    def counted(self) -> list[dict[str, Any]]:
        with self.database.read() as session:
            rows = query(session, "SELECT * FROM kino.project_summary WHERE project_id = ANY (:ids)", ids=self.projects)
        told = [row._asdict() for row in rows]
        for each in told:
            each["id"] = each.pop("project_id")
            each["weeks"] = weekly_commits(each["weeks"], datetime.now(UTC).date())
            del each["counted_at"]
            each["busiest_week"] = max(each["weeks"]) == each["busiest_week"]
        return sorted(told, key=lambda each: str(each["id"]))

    def by_hand(self) -> list[dict[str, Any]]:
        told = []
        with self.database.read() as session:
            rows = query(session, BY_HAND, ids=self.projects, first_week=MONDAY - timedelta(weeks=11))
            for row in rows:
                [blocked] = query(session, BLOCKED_BY_HAND, id=row.id)
                weeks = tuple(row.weeks.get(str(week), 0) for week in range(12))
                told.append(row._asdict() | blocked._asdict() | {"weeks": weeks, "busiest_week": True})
        return sorted(told, key=lambda each: str(each["id"]))

    def _own(self, author: tuple[str, str]) -> tuple[str, str]:
        """Return the author under an address of this history; agents and bots are known by theirs."""
        name, address = author
        return (name, f"{self.word}.{address}") if author in (HUMAN, OTHER_HUMAN) else author

    def _report(self, project: int, kind: str, moment: datetime, **values: Any) -> Event:  # noqa: ANN401 - any JSON
        return agent_report(self.projects[project], kind, moment, **values)

    def _fold(self, event: Event) -> None:
        with self.database.write() as session:
            land(session, [event])
        while fold_pending(self.database):
            fold_next(self.database)

    def _run(self, statement: str, *values: object) -> None:
        with self.database.write() as session:
            session.exec_driver_sql(statement, values)


def count_all(database: Database) -> None:
    while recount_touched(database):
        pass


@examples(max_examples=15)
@given(steps)
def test_whatever_happens_a_summary_comes_to_what_the_history_says(
    database: Database, taken: list[tuple[str, Any, Any, int | None]]
) -> None:
    history = History(database)
    for step in taken:
        history.step(*step)
    count_all(database)
    assert history.counted() == history.by_hand()


def test_agents_of_a_project_come_and_go_with_its_repositories(database: Database) -> None:
    history = History(database)
    for step in (("connect", 0, 0, None), ("commit", 0, CLAUDE, 0), ("report", 0, "one", 0)):
        history.step(*step)
    count_all(database)
    known = "SELECT agent.name FROM kino.project_agent JOIN kino.agent ON agent.id = agent_id WHERE project_id = :id"
    with database.read() as session:
        names = {row.name for row in query(session, known, id=history.projects[0])}
    assert len(names) == 2
    history.step("disconnect", 0, None, None)
    count_all(database)
    with database.read() as session:
        assert [row.name for row in query(session, known, id=history.projects[0])] == [f"one-{history.word}"]


def test_many_count_side_by_side_and_none_writes_an_older_count(database: Database) -> None:
    history = History(database)
    history.step("connect", 0, 0, None)

    def work(number: int) -> None:
        if number % 2:
            recount_touched(database, most=1)
        else:
            with database.write() as session:
                land(session, [agent_report(history.projects[0], "task_started", MONDAY, agent=f"{number}")])
            fold_next(database)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(40)))
    while fold_pending(database):
        fold_next(database)
    count_all(database)
    assert history.counted() == history.by_hand()
    assert {each["agents"] for each in history.counted()} == {0, 20}


def test_a_clock_that_is_far_ahead_keeps_no_project_alive(database: Database) -> None:
    history = History(database)
    now = datetime.now(UTC).replace(microsecond=0)
    with database.write() as session:
        land(session, [agent_report(history.projects[0], "task_started", now - timedelta(days=30), task="KIN-1")])
        land(session, [agent_report(history.projects[0], "task_started", now.replace(year=2999), task="KIN-2")])
        land(session, [agent_report(history.projects[1], "task_started", now.replace(year=2999), task="KIN-3")])
    while fold_pending(database):
        fold_next(database)
    recount_touched(database)
    with database.read() as session:
        found = query(session, "SELECT project_id, last_activity_at, agents_report FROM kino.project_summary")
        assert {row.project_id: (row.last_activity_at, row.agents_report) for row in found} == {
            history.projects[0]: (now - timedelta(days=30), True),
            history.projects[1]: (None, True),
        }
        feed = recent_activity(session, history.projects[0])
        assert [each.task_id for each in feed] == ["KIN-1"], "it would stay on top for ever"


def test_a_count_that_nobody_asked_for_is_made_within_a_day(database: Database) -> None:
    history = History(database)
    history.step("connect", 0, 0, None)
    count_all(database)
    with database.write() as session:
        session.exec_driver_sql("UPDATE kino.project_summary SET repositories = 7")
    touch_old(database)
    assert recount_touched(database) == []
    touch_old(database, older_than=-1)
    count_all(database)
    assert history.counted() == history.by_hand()


def test_counting_takes_turns_with_folding(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(database)
    keeper, now = SummaryKeeper(database), [1000.0]
    monkeypatch.setattr(summaries.time, "monotonic", lambda: now[0])
    keeper._looks_back_at = 2000.0
    history.step("connect", 0, 0, None)
    assert keeper.keep() == [history.projects[0]]
    history.step("disconnect", 0, None, None)
    assert keeper.keep() == [], "it has just counted"
    now[0] += summaries.LEAST_REST_SECONDS
    assert keeper.keep() == [history.projects[0]]


def test_what_takes_too_long_to_count_is_counted_in_smaller_parts(
    postgres_url: str, database: Database, database_url: str
) -> None:
    History(database).step("connect", 0, 0, None)
    hurried = Database(database_url, statement_timeout_ms=1)
    keeper = SummaryKeeper(hurried)
    with database.write() as held:
        held.exec_driver_sql("LOCK TABLE kino.project_summary")
        assert keeper.keep() == []
    assert keeper._most < summaries.MOST_CHANGES
    hurried.close()
