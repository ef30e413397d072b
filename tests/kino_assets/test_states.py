"""Metrics that change as time passes: one lake, asked at different moments."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from msgspec.structs import replace

from kino_assets.check import check_warehouse
from kino_assets.refresh import LakeWriter
from kino_core.database import Database, libpq_url
from kino_core.events import Event, agent_key, repository_id
from kino_core.gold import PORTFOLIO, Evidence, Gold, MetricValue, Scope, Warehouse
from kino_core.identities import identify, identify_login
from kino_core.lake import connect_lake
from kino_core.metrics import METRICS, ScopeType
from kino_core.periods import Grain, parse_period
from kino_core.settings import Settings, settings_from
from kino_ingest.landing import land
from tests.factories.events import (
    agent_report,
    blocker_resolved,
    commit,
    project_created,
    pull_request,
    repository_connected,
    sha,
)
from tests.factories.plans import dependency_told, item_id, project_told, scope_item, update_submitted
from tests.factories.review_requests import review, review_request

NOON = datetime(2026, 5, 13, 12, tzinfo=UTC)
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
FIRST_MONDAY = datetime(2026, 3, 9, tzinfo=UTC)
OAK = ("Oak", "oak@example.org")
AGENTS, FAR_EAST, REVIEWED, TRENDING, HELD_UP, REWORKED = (uuid.uuid4() for _ in range(6))
PLANNED, FINISHED, RULED, LATE = (uuid.uuid4() for _ in range(4))
Land = Callable[[Sequence[Event]], None]


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def project(project_id: uuid.UUID) -> Scope:
    return Scope(ScopeType.PROJECT, project_id)


def person(login: str) -> Scope:
    return Scope(ScopeType.PERSON, identify_login(login).person_id)


@dataclass(frozen=True)
class Lake:
    """The lake of this module's events, and the ways to ask it at a moment."""

    settings: Settings
    warehouse: Warehouse

    def ask(
        self, key: str, now: datetime, scope: Scope, period: str = "2026-05", by: Grain | None = None
    ) -> MetricValue:
        with self.warehouse.gold(now) as gold:
            return gold.value(key, scope, parse_period(period), by)

    def explain(self, key: str, now: datetime, scope: Scope, period: str = "2026-05") -> list[Evidence]:
        with self.warehouse.gold(now) as gold:
            return gold.explain(key, scope, parse_period(period))


@pytest.fixture(scope="module")
def lake(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Everything that the tests below ask for, landed twice and in the wrong order, in two refreshes."""
    home = tmp_path_factory.mktemp("home")
    settings = settings_from({"KINO_HOME": str(home), "DATABASE_URL": module_database_url})
    told = [*agents(), *reviews(), *trending(), *held_up(), *reworked(), *planned(), *ruled()]
    database = Database(module_database_url)
    with closing(LakeWriter(settings)) as writer:
        for window in (told[::-2], told):
            with database.write() as session:
                land(session, window)
            writer.refresh(everything=True)
    database.close()
    with closing(Warehouse(settings)) as warehouse:
        yield Lake(settings, warehouse)


def agents() -> list[Event]:
    def told(agent: str, event_type: str, at: datetime, project: uuid.UUID = AGENTS, **data: object) -> Event:
        return agent_report(project, event_type, at, agent=agent, task=f"{agent}'s", **data)

    return [
        project_created(AGENTS, "Agents"),
        project_created(FAR_EAST, "Far east", time_zone="Asia/Tokyo"),
        told("codex-1", "test_execution", NOON, passed=1, failed=0),
        told("codex-1", "task_started", NOON - minutes(90)),
        # It reports, but what it reports is that nothing goes on.
        told("claude-7", "task_started", NOON - minutes(60)),
        told("claude-7", "blocker_identified", NOON - minutes(1), description="waits for a key"),
        told("claude-8", "task_started", NOON - minutes(200)),
        told("claude-8", "task_completed", NOON - minutes(100)),
        told("worker-1", "code_commit", NOON - minutes(20), FAR_EAST, sha="a" * 40),
    ]


def test_stalled_agents(lake: Lake) -> None:
    def ask(now: datetime, scope: Scope | None = None) -> MetricValue:
        return lake.ask("stalled_agents", now, scope or project(AGENTS))

    now = ask(NOON)
    assert (now.value, now.n, now.coverage) == (1, 2, 1.0), "claude-8 has done its task; claude-7 does nothing"
    assert now.reasons == ("claude-7: nothing for 60 minutes",)
    assert ask(NOON + minutes(29)).value == 1
    later = ask(NOON + minutes(30))
    assert (later.value, later.n) == (2, 2), "nothing happened but time"
    assert later.reasons == ("claude-7: nothing for 90 minutes", "codex-1: nothing for 30 minutes")
    # After four hours without a word nobody is at work; before anybody was heard of, there is no data.
    gone = ask(NOON + minutes(240))
    assert (gone.value, gone.n) == (0, 0)
    assert ask(NOON - minutes(201)).value is None
    whole = ask(NOON + minutes(10), PORTFOLIO)
    assert (whole.value, whole.n) == (2, 3), "worker-1 has been silent for 30 minutes too"
    assert ask(NOON, Scope(ScopeType.AGENT, agent_key("claude-7"))).value == 1
    assert ask(NOON, Scope(ScopeType.AGENT_TYPE, "CLAUDE")).n == 1
    assert ask(NOON, project(uuid.uuid4())).value is None, "nobody knows of it"

    found = lake.explain("stalled_agents", NOON, project(AGENTS))
    assert [(each.entity, each.numerator) for each in found] == [("agent claude-7", 1), ("agent codex-1", 0)]
    assert [each.occurred_at for each in found] == [NOON - minutes(60), NOON]


def test_of_a_period_that_is_over_it_is_what_held_when_it_ended(lake: Lake) -> None:
    def ask(now: datetime, period: str, scope: Scope, by: Grain | None = None) -> MetricValue:
        return lake.ask("stalled_agents", now, scope, period, by)

    days = ask(NOON + timedelta(days=40), "2026-05-12/2026-05-14", project(AGENTS), Grain.DAY)
    assert [point.value for point in days.series] == [None, 0, 0]
    tomorrow, tokyo = "2026-05-14/2026-05-14", project(FAR_EAST)
    assert ask(NOON + minutes(179), tomorrow, tokyo).value is None, "there it is still the 13th"
    assert ask(NOON + minutes(181), tomorrow, tokyo).value == 1
    assert ask(NOON + minutes(181), tomorrow, project(AGENTS)).value is None, "in UTC it is the 13th"
    # In Tokyo the 13th was over at 15:00 UTC, three hours after noon; in UTC nine hours later.
    assert ask(at(200), "2026-05-13/2026-05-13", tokyo).value == 1
    assert ask(at(200), "2026-05-13/2026-05-13", project(AGENTS)).n == 0


def reviews() -> list[Event]:
    def told(number: int, hours: float, reviewer: str | None, **more: bool) -> Event:
        return review_request("example/reviewed", number, at(hours), reviewer, **more)

    def opened(number: int) -> Event:
        return pull_request("example/reviewed", number, at(0))

    return [
        project_created(REVIEWED, "Reviewed"),
        repository_connected(REVIEWED, "example/reviewed"),
        opened(1),
        told(1, 1, "kim"),
        told(1, 1, "Lee"),
        told(1, 1, None),
        review("example/reviewed", 1, at(5), "kim"),
        opened(2),
        told(2, 2, "kim"),
        told(2, 3, "kim", removed=True),
        opened(3),
        told(3, 4, "kim"),
        pull_request("example/reviewed", 3, at(20), action="closed", opened_at=at(0), merged_at=at(20)),
        # Nobody is told of by number or time.
        replace(told(4, 1, "kim"), body={"action": "review_requested", "pull_request": []}),
    ]


def test_waiting_on_them(lake: Lake) -> None:
    def ask(hours: float, scope: Scope) -> MetricValue:
        return lake.ask("waiting_on_them", at(hours), scope)

    found = [ask(hour, person("kim")) for hour in (0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 19, 21)]
    assert [each.value for each in found] == [None, 1, 2, 1, 2, 1, 1, 0]
    assert found[4].reasons == (
        "example/reviewed#1 “Change 1” has waited for 3 hours",
        "example/reviewed#3 “Change 3” has waited for 0 hours",
    )
    assert found[4].details == {"oldest_at": at(1).isoformat()}
    with lake.warehouse.gold(at(4.5)) as gold:
        elsewhere = gold.value("waiting_on_them", person("kim"), parse_period("2026-05"), projects=[PLANNED])
    assert (elsewhere.value, elsewhere.reasons) == (2, ()), "how many is no secret, and what they are is"
    assert found[7].details == {"oldest_at": None}
    assert ask(48, person("lee")).value == 1
    assert ask(4.5, project(REVIEWED)).value == 2, "two pull requests, though three reviews"
    assert ask(4.5, Scope(ScopeType.REPOSITORY, repository_id("example/reviewed"))).value == 2
    series = lake.ask("waiting_on_them", at(48), person("lee"), "2026-05-12/2026-05-15", Grain.DAY).series
    assert [point.value for point in series] == [None, 1, 1, 1]


def trending() -> list[Event]:
    """From MONDAY on eight weeks with 1, 3, 2, 4, 5, 6, 7 and 9 merged pull requests of robin's."""
    name = "example/trending"
    told, number = [project_created(TRENDING, "Trending"), repository_connected(TRENDING, name)], 0
    for week, count in enumerate((1, 3, 2, 4, 5, 6, 7, 9)):
        merged_at = MONDAY + timedelta(weeks=week)
        for _ in range(count):
            number += 1
            told.append(pull_request(name, number, merged_at, action="closed", merged_at=merged_at, login="robin"))
    return told


def test_trend(lake: Lake) -> None:
    def ask(now: datetime, period: str) -> MetricValue:
        return lake.ask("trend", now, project(TRENDING), period)

    june = datetime(2026, 6, 1, tzinfo=UTC)
    assert ask(june, "2026-04").value == 1, "eight weeks were over in April"
    assert ask(june, "2026-03").value is None
    found = ask(datetime(2026, 4, 27, 1, tzinfo=UTC), "2026-04")
    assert (found.value, found.n, found.details["trend"]) == (1, 8, "improving")
    # 27 of 28 pairs rise and one falls.
    assert found.details["p"] == pytest.approx(0.00198, abs=0.00001)
    assert ask(datetime(2026, 4, 26, 23, tzinfo=UTC), "2026-04").value is None, "the week still runs"
    assert ask(datetime(2026, 3, 1, tzinfo=UTC), "2026-04").value is None
    evidence = lake.explain("trend", june, project(TRENDING), "2026-04")
    assert len(evidence) == 37, "the pull requests of all eight weeks"


def held_up() -> list[Event]:
    name = "example/held-up"
    return [
        project_created(HELD_UP, "Held up"),
        repository_connected(HELD_UP, name),
        pull_request(name, 1, at(0), login="ash"),
        pull_request(name, 2, at(24), login="ash"),
        pull_request(name, 2, at(30), action="closed", opened_at=at(24), merged_at=at(30), login="ash"),
        *(pull_request(name, number, at(1), login="robin") for number in (11, 12, 13)),
        *(review_request(name, number, at(number), "ash") for number in (11, 12, 13)),
    ]


def test_needs_support(lake: Lake) -> None:
    def ask(hours: float) -> MetricValue:
        return lake.ask("needs_support", at(hours), person("ash"))

    assert ask(-1).value is None
    fine = ask(12.5)
    assert (fine.value, fine.n, fine.reasons) == (0, 3, ()), "two reviews wait, and a pull request is open"
    many = ask(13.5)
    assert (many.value, many.reasons) == (1, ("3 reviews wait for them, the oldest for 0 days",))
    both = ask(24 * 7 + 12)
    assert both.value == 2
    assert both.reasons == (
        "3 reviews wait for them, the oldest for 7 days",
        "1 pull request of theirs is open for more than 7 days, the oldest for 7 days",
    )
    assert lake.ask("needs_support", at(200), project(HELD_UP)).value is None, "it is a person's alone"
    evidence = lake.explain("needs_support", at(13.5), person("ash"))
    assert [each.entity for each in evidence] == [
        "pull request example/held-up#1",
        *(f"review of example/held-up#{number}" for number in (11, 12, 13)),
    ]


def reworked() -> list[Event]:
    """Eight weeks in which more and more of what somebody writes is in a file that they wrote the week before."""
    name = "example/reworked"
    return [
        project_created(REWORKED, "Reworked"),
        repository_connected(REWORKED, name),
        *(
            commit(
                name,
                sha(f"week {week}"),
                FIRST_MONDAY + timedelta(days=7 * week + 1),
                author=OAK,
                files=(("again.py", week, 0), (f"week{week}.py", 10 - week, 0)),
            )
            for week in range(8)
        ),
    ]


def test_needs_support_where_work_is_done_again_and_again(lake: Lake) -> None:
    oak = Scope(ScopeType.PERSON, identify(*OAK).person_id)
    ninth = FIRST_MONDAY + timedelta(days=56, hours=12)
    seven = lake.ask("needs_support", ninth - timedelta(days=7), oak, "2026")
    assert (seven.value, seven.reasons) == (0, ()), "seven weeks are no trend"
    found = lake.ask("needs_support", ninth, oak, "2026")
    assert (found.value, found.reasons) == (1, ("More and more of their work is done again, over the last 8 weeks",))
    assert len(lake.explain("rework_rate", ninth, oak, "2026")) == 8, "the commits behind it"


def planned() -> list[Event]:
    """A project that finished two items a week for five weeks and has five to go, and one that has none to go."""

    def told(key: str, days: float, status: str, project_id: uuid.UUID = PLANNED) -> Event:
        return scope_item(project_id, key, at(24 * days), status)

    made = [project_told(PLANNED, at(-24 * 60), created=True)]
    for number in range(15):
        made.append(scope_item(PLANNED, f"P-{number}", at(-24 * 50), "TODO", created=True))
    for number in range(10):
        done_at = -1 - 7 * (number // 2)
        made += [told(f"P-{number}", done_at - 3, "IN_PROGRESS"), told(f"P-{number}", done_at, "DONE")]
    made += [
        told("P-10", -10, "IN_PROGRESS"),
        told("P-11", -4, "IN_PROGRESS"),
        told("P-11", -2, "BLOCKED"),
        scope_item(PLANNED, "P-15", at(-24 * 50), "TODO", created=True),
        told("P-15", -40, "CANCELLED"),
        project_told(PLANNED, at(-24 * 20), status="AT_RISK", end=date(2026, 5, 20)),
        # The status stays; the end does not.
        project_told(PLANNED, at(-24 * 8), status="AT_RISK", end=date(2026, 5, 27)),
        update_submitted(PLANNED, "first", at(-24 * 9)),
        update_submitted(PLANNED, "second", at(-24 * 3)),
        update_submitted(PLANNED, "second", at(-24), deleted=True),
        project_told(FINISHED, at(-24 * 60), created=True, end=date(2026, 5, 8), time_zone="Asia/Tokyo"),
        scope_item(FINISHED, "F-1", at(-24 * 60), "TODO", created=True),
        told("F-1", -30, "IN_PROGRESS", FINISHED),
        # In Tokyo that is the 3rd.
        scope_item(FINISHED, "F-1", datetime(2026, 5, 2, 16, tzinfo=UTC), "DONE"),
        project_told(FINISHED, at(-24 * 40), status="ON_TRACK", end=date(2026, 5, 8), time_zone="Asia/Tokyo"),
        project_told(FINISHED, at(-12), status="COMPLETED", end=date(2026, 5, 8), time_zone="Asia/Tokyo"),
    ]
    return made


def test_age_of_work_in_progress(lake: Lake) -> None:
    found = lake.ask("aging_wip_days", NOON, project(PLANNED))
    assert (found.value, found.n, found.coverage) == (10, 2, 1)
    assert found.details == {"p85_cycle_time_days": 3}, "every item took three days"
    assert found.reasons == (
        "item P-10 has been in progress for 10 days",
        "item P-11 has been in progress for 4 days",
    )
    assert lake.ask("aging_wip_days", at(12), project(PLANNED)).value == 10.5
    assert lake.ask("aging_wip_days", at(-24 * 3), project(PLANNED)).value == 7
    nothing = lake.ask("aging_wip_days", at(-24 * 45), project(PLANNED), "2026-03")
    assert (nothing.value, nothing.n) == (None, 0)
    days = lake.ask("aging_wip_days", at(500), project(PLANNED), "2026-05-03/2026-05-05", Grain.DAY)
    # At midnight after each of them; what began on the 2nd at noon was done on the 5th.
    assert [point.value for point in days.series] == [1.5, 2.5, 2.5]
    assert [each.entity for each in lake.explain("aging_wip_days", NOON, project(PLANNED))] == [
        "item P-10",
        "item P-11",
    ]


def test_forecast(lake: Lake) -> None:
    # For 32 days something was under way: four whole weeks, in each of which two were done. Five need three more.
    found = lake.ask("forecast_finish", NOON, project(PLANNED))
    assert (found.value, found.n, found.coverage) == (21, 5, 1)
    assert found.details == {"p50": "2026-06-03", "p85": "2026-06-03", "remaining": 5}
    assert lake.ask("schedule_variance_days", NOON, project(PLANNED)).value == 7, "it is to end on the 27th of May"
    early = lake.ask("forecast_finish", at(-24 * 5), project(PLANNED))
    assert (early.value, early.coverage) == (None, 0), "three weeks are too few"
    assert lake.ask("schedule_variance_days", at(-24 * 5), project(PLANNED)).value is None
    assert len(lake.explain("forecast_finish", NOON, project(PLANNED))) == 5
    pooled = lake.ask("forecast_finish", NOON, PORTFOLIO)
    assert pooled.n == 6, "another project has an item too"
    assert lake.ask("schedule_variance_days", NOON, PORTFOLIO).value is None

    finished = lake.ask("forecast_finish", NOON, project(FINISHED))
    assert (finished.value, finished.reasons) == (0, ("Nothing is left to do since 2026-05-03",))
    assert lake.ask("schedule_variance_days", NOON, project(FINISHED)).value == -5
    assert lake.ask("forecast_finish", NOON, project(AGENTS)).value is None, "it has no items"


def test_ages_of_what_people_say(lake: Lake) -> None:
    status = lake.ask("status_age_days", NOON, project(PLANNED))
    assert (status.value, status.n) == (20, 1), "that it was said again is no change"
    assert lake.ask("status_age_days", at(-24 * 30), project(PLANNED), "2026-04").value is None, "nobody had said any"
    assert lake.ask("status_age_days", at(-24), PORTFOLIO).value == 39, "of the oldest"
    assert lake.ask("status_age_days", NOON, PORTFOLIO).value == 20, "the other project is completed"
    update = lake.ask("update_age_days", NOON, project(PLANNED))
    assert (update.value, update.n) == (9, 1), "the second is none any more"
    assert lake.ask("update_age_days", at(-48), PORTFOLIO).value == 1
    assert lake.ask("update_age_days", NOON, project(FINISHED)).value is None


def ruled() -> list[Event]:
    """A project with an agent that waits, and which waits itself for what is late; nobody says how it stands."""
    return [
        project_told(RULED, at(-24 * 60), created=True),
        project_told(LATE, at(-24 * 60), created=True, end=date(2026, 5, 1)),
        scope_item(LATE, "L-1", at(-24 * 60), "TODO", created=True, end=date(2026, 5, 14)),
        agent_report(RULED, "task_started", at(-40), task="R"),
        agent_report(RULED, "blocker_identified", at(-30), task="R", blocker_id="b", description="waits for a key"),
        dependency_told(RULED, LATE, at(-20)),
        dependency_told(RULED, LATE, at(-10), deleted=True),
        dependency_told(RULED, LATE, at(-9), on_item=item_id(LATE, "L-1")),
        blocker_resolved(RULED, "b", at(2)),
    ]


def test_health(lake: Lake) -> None:
    def ask(hours: float, scope: uuid.UUID = RULED) -> MetricValue:
        return lake.ask("health", at(hours), project(scope))

    assert ask(-41).value is None
    fine = ask(-25)
    assert (fine.value, fine.reasons) == (0, ("1 open blocker, the oldest from 5 hours ago",))
    late = ask(-19)
    assert (late.value, late.reasons) == (1, ("1 dependency is late",))
    assert ask(-8).value == 0, "the item that it waits for is not late yet"
    blocked = ask(0)
    assert (blocked.value, blocked.reasons) == (2, ("1 open blocker, the oldest from 1 day ago",))
    assert blocked.details == {"status": "BLOCKED", "rule_status": "BLOCKED"}
    assert ask(3).value == 0
    # On the 15th the item is late; seven days after the last report nothing has happened for too long.
    assert ask(40).reasons == ("1 dependency is late",)
    assert ask(24 * 7).reasons == ("No activity for 8 days", "1 dependency is late")
    assert {each.entity for each in lake.explain("health", at(0), project(RULED))} >= {"blocker b", "latest activity"}

    said = ask(0, PLANNED)
    assert (said.value, said.details) == (1, {"status": "AT_RISK", "rule_status": "AT_RISK"})
    assert said.reasons == ("Set by a manager",)
    done = ask(0, FINISHED)
    assert (done.value, done.details["status"]) == (0, "COMPLETED")
    assert done.reasons[0] == "Set by a manager"


def test_an_older_lake_knows_nothing_of_what_it_does_not_have(lake: Lake) -> None:
    with closing(connect_lake(lake.settings, read_only=False)) as tables:
        tables.execute("BEGIN")
        tables.execute("DROP TABLE silver.review_request")
        tables.execute("DROP TABLE silver.scope_change")
        gold = Gold(tables, NOON)
        found = gold.values([metric.key for metric in METRICS], [project(RULED)], parse_period("2026-05"))
        assert found["waiting_on_them", project(RULED)].value is None
        assert found["health", project(RULED)].value is None
        assert found["stalled_agents", project(RULED)].value == 0
        assert gold.explain("health", project(RULED), parse_period("2026-05")) == []
        tables.execute("ROLLBACK")


def test_the_lake_equals_its_recomputation(lake: Lake) -> None:
    assert check_warehouse(lake.settings).ok


def test_platform(landed: Land, writer: LakeWriter, settings: Settings) -> None:
    project_id = uuid.uuid4()
    landed([project_created(project_id, "Kino"), repository_connected(project_id, "example/kino")])
    landed([commit("example/kino", "1" * 40, NOON), commit("example/nobodys", "2" * 40, NOON)])
    landed([agent_report(project_id, "task_started", NOON, event_id="once")] * 2)
    writer.refresh(everything=True)
    now = datetime.now(UTC) + timedelta(hours=1)
    today = f"{now:%Y-%m-%d}/{now:%Y-%m-%d}"
    with closing(Warehouse(settings)) as warehouse:
        lake = Lake(settings, warehouse)

        def ask(key: str, scope: Scope = PORTFOLIO, period: str = today) -> MetricValue:
            return lake.ask(key, now, scope, period)

        assert [ask(key).value for key in ("ingest_lag_seconds", "dead_letters")] == [0, 0]
        age = ask("lake_age_seconds")
        assert (age.value, age.n) == (pytest.approx((now - age.as_of).total_seconds(), abs=0.01), 1)
        came_in = ask("events_landed", period=f"{now - timedelta(days=1):%Y-%m-%d}/{now:%Y-%m-%d}")
        assert (came_in.value, came_in.n) == (5, 5)
        assert came_in.details == {"agent": 1, "git": 2, "kino": 2}, "of two reports of one id one came in"
        assert ask("events_landed", project(project_id), f"{now:%Y}").value == 4, "one commit is nobody's"
        assert ask("events_landed", period="2026-05").value is None, "it counts when they came in"

        landed([agent_report(project_id, "task_completed", NOON, event_id="twice")])
        with psycopg.connect(libpq_url(settings.database_url)) as postgres:
            received = postgres.execute("SELECT max(received_at) FROM landing.event").fetchone()
            postgres.execute("""
                INSERT INTO landing.dead_letter (event_row, received_at, source, event_id, error, stack, attempts,
                    failed_at, discarded_at)
                SELECT id, received_at, source, event_id, 'no', '', 3, now(), CASE WHEN source = 'git' THEN now() END
                FROM landing.event WHERE source <> 'kino'
            """)
        assert received is not None
        lag = ask("ingest_lag_seconds")
        assert (lag.value, lag.n) == (pytest.approx((now - received[0]).total_seconds(), abs=0.01), 1)
        letters = ask("dead_letters")
        assert (letters.value, letters.n) == (2, 2)
        for key in ("ingest_lag_seconds", "dead_letters"):
            assert ask(key, period="2026-05").value is None, "only the present is known"
            assert ask(key, project(project_id)).value is None, "it is nobody's but the portfolio's"
        assert ask("lake_age_seconds", period="2026-05").value is None, "before it had a snapshot it had no age"
