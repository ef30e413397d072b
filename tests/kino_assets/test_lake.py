"""The lake computed step by step: hand-made examples, and what may go wrong while it is computed."""

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Any, cast

import duckdb
import psycopg
import pytest

from kino_assets.check import check_warehouse
from kino_assets.pipeline import Changes
from kino_assets.refresh import LakeWriter, LogReplaced
from kino_assets.sql import read_sql
from kino_assets.window import anything_since
from kino_core.database import Database, libpq_url
from kino_core.events import Event, agent_key, repository_id
from kino_core.gold import PORTFOLIO, MetricValue, Scope, open_gold
from kino_core.identities import identify
from kino_core.lake import LakeNotReady, NoSnapshot, connect_lake
from kino_core.metrics import METRICS, Kind, ScopeType
from kino_core.periods import Grain, parse_period
from kino_core.settings import Settings
from kino_ingest.landing import land
from tests.factories.events import (
    CLAUDE,
    DEPENDABOT,
    HUMAN,
    OTHER_HUMAN,
    agent_report,
    commit,
    project_created,
    project_deleted,
    pull_request,
    repository_connected,
    repository_disconnected,
    sha,
)
from tests.kino_assets.conftest import REPOSITORY
from tests.kino_assets.grown import GrownLake, grown_lake

MAY = datetime(2026, 5, 10, 12, tzinfo=UTC)
MARCH = datetime(2026, 3, 10, 12, tzinfo=UTC)
YEAR_BEFORE = datetime(2025, 5, 10, 12, tzinfo=UTC)
Windows = Sequence[Sequence[Event]]
Land = Callable[[Sequence[Event]], None]
Ask = Callable[..., MetricValue]


@dataclass(frozen=True)
class Story:
    """A project with a repository of its own, and what comes in of it window by window."""

    name: str
    project_id: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def scope(self) -> Scope:
        return Scope(ScopeType.PROJECT, self.project_id)

    def made(self) -> list[Event]:
        return [project_created(self.project_id, self.name), repository_connected(self.project_id, self.name)]


STORIES = [Story(f"own/{number}") for number in range(11)]
LINES, SHARED, BOUNDED, MERGED, HUB, AGENTS, UNASSIGNED, DELETED, LISTED, PAST, KEPT = STORIES
FAR_EAST, HEIR = uuid.uuid4(), uuid.uuid4()


@pytest.fixture(scope="module")
def lake(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrownLake]:
    """Every story of this module, each with places of its own, and where the portfolio is asked with months too."""
    stories = (lines(), shared(), bounded(), merged(), hub(), agents(), far_east(), unassigned(), deleted(), listed())
    windows = zip_longest(*stories, past(), kept(), fillvalue=())
    landed = [[event for window in at_once for event in window] for at_once in windows]
    with grown_lake(module_database_url, tmp_path_factory.mktemp("home"), landed) as grown:
        yield grown


def lines() -> Windows:
    return [
        [
            *LINES.made(),
            commit(LINES.name, sha("1"), MAY, files=(("a.py", 5, 2), ("logo.png", None, None))),
            commit(LINES.name, sha("2"), MAY + timedelta(days=70), files=()),
        ]
    ]


def test_commits_lines_and_zero_months(lake: GrownLake) -> None:
    def value(key: str, period: str, by: Grain | None = None) -> MetricValue:
        return lake.ask(key, period, LINES.scope, by)

    assert value("commits", "2026-Q2", by=Grain.MONTH).value == 1
    assert [point.value for point in value("commits", "2026", by=Grain.MONTH).series][3:8] == [None, 1, 0, 1, 0]
    assert value("lines_added", "2026").value == 5
    assert value("lines_deleted", "2026").value == 2
    assert value("commits", "2026-05-11/2026-07-31").value == 1
    assert value("commits", "2025").value is None
    assert value("tasks_started", "2026").value is None


def shared() -> Windows:
    def told(name: str, days: float, author: tuple[str, str] = HUMAN, **more: Any) -> Event:  # noqa: ANN401 - what `commit` takes
        return commit(SHARED.name, sha(name), MARCH + timedelta(days=days), author=author, **more)

    return [
        [
            *SHARED.made(),
            told("marked", 0, co_authors=(CLAUDE,)),
            told("after", 10),
            told("before", -1),
            told("other", 1, OTHER_HUMAN),
            told("bot", 1, DEPENDABOT),
            told("merge", 2, parents=(sha("after"), sha("other"))),
        ]
    ]


def test_agent_share_has_bounds_and_leaves_out_merges_and_automation(lake: GrownLake) -> None:
    share = lake.ask("agent_commit_share", "2026-03", SHARED.scope)
    assert (share.value, share.lower, share.upper, share.n, share.coverage) == (0.25, 0.25, 0.5, 4, 1.0)
    for who, count in (
        (Scope(ScopeType.AGENT, agent_key("claude")), 1),
        (Scope(ScopeType.PERSON, identify(*HUMAN).person_id), 4),
        (Scope(ScopeType.REPOSITORY, repository_id(SHARED.name.upper())), 6),
    ):
        assert lake.ask("commits", "2026-03", who).value == count


def bounded() -> Windows:
    return [
        [*BOUNDED.made(), commit(BOUNDED.name, sha("plain"), MAY + timedelta(days=29))],
        [commit(BOUNDED.name, sha("marked"), MAY, co_authors=(CLAUDE,))],
    ]


def test_a_late_marked_commit_moves_the_upper_bound_of_the_month_after(lake: GrownLake) -> None:
    assert [lake.ask("agent_commit_share", "2026-06", BOUNDED.scope, after=window).upper for window in (0, 1)] == [0, 1]


def merged() -> Windows:
    base, feature, merge = sha("base"), sha("feature"), sha("merge")
    return [
        [
            *MERGED.made(),
            commit(MERGED.name, base, MAY - timedelta(days=3), parents=(), subject="Begin"),
            commit(MERGED.name, feature, MAY - timedelta(days=2), parents=(base,), co_authors=(CLAUDE,)),
            commit(
                MERGED.name,
                merge,
                MAY,
                author=OTHER_HUMAN,
                parents=(base, feature),
                subject="Merge pull request #7 from robin/topic",
                files=(),
            ),
            commit(
                MERGED.name,
                sha("squash"),
                MAY + timedelta(days=1),
                parents=(merge,),
                subject="Add it (#8)",
                files=(("a.py", 30, 10), ("poetry.lock", 900, 800), ("web/dist/app.min.js", 1, 1)),
            ),
            commit(MERGED.name, sha("again"), MAY + timedelta(days=40), subject="Revert, then redo (#8)"),
        ]
    ]


def test_merged_pull_requests_of_a_git_history(lake: GrownLake) -> None:
    def value(key: str, period: str) -> MetricValue:
        return lake.ask(key, period, MERGED.scope)

    assert value("prs_merged", "2026-05").value == 2
    assert value("prs_merged", "2026-06").value == 0
    assert value("pr_size", "2026-05").value == 22, "the median of 4 (the merged branch) and 40 (without the lock file)"
    share = value("agent_pr_share", "2026-05")
    assert (share.lower, share.upper, share.n) == (0.5, 1.0, 2)
    opened = value("prs_opened", "2026-05")
    assert (opened.value, opened.n, opened.coverage) == (None, 0, 0.0)


def hub() -> Windows:
    end = MAY + timedelta(days=2)
    return [
        [*HUB.made(), pull_request(HUB.name, 5, end, action="closed", opened_at=MAY, merged_at=end)],
        [pull_request(HUB.name, 5, MAY), pull_request(HUB.name, 6, MAY, branch="claude/fix", labels=("bug",))],
    ]


def test_github_tells_more_than_git_and_its_latest_word_wins(lake: GrownLake) -> None:
    values = [lake.ask(key, "2026-05", HUB.scope).value for key in ("prs_opened", "prs_merged", "pr_size")]
    assert values == [2, 1, 15]


def agents() -> Windows:
    def report(event_type: str, days: int, task: str = "KIN-1", agent: str = "claude-7", **data: object) -> Event:
        at = MAY + timedelta(days=days)
        return agent_report(AGENTS.project_id, event_type, at, task=task, agent=agent, **cast("Any", data))

    return [
        [
            *AGENTS.made(),
            report("task_completed", 5, "A"),
            report("task_started", 0, "A"),
            report("task_started", 1, "A"),
            report("task_started", 2, "B", agent="worker-1"),
            report("test_execution", 3, passed=8, failed=2, skipped=5),
            report("test_execution", 3, suite="no counts"),
            report("blocker_identified", 3, "A", description="waits for a key"),
            report("blocker_identified", 4, "B", blocker_id="b1", description="waits for a person"),
        ]
    ]


def test_what_agents_report(lake: GrownLake) -> None:
    def value(key: str, period: str, by: Grain | None = None) -> MetricValue:
        return lake.ask(key, period, AGENTS.scope, by)

    assert value("agent_activities", "2026-05").value == 8
    assert value("tasks_started", "2026-05").value == 2
    assert value("tasks_completed", "2026-05").value == 1
    tests = value("test_pass_rate", "2026-05")
    assert (tests.value, tests.n, tests.coverage) == (0.8, 1, 0.5)
    levels = value("blockers_open", "2026-05-11/2026-05-16", by=Grain.DAY)
    assert [point.value for point in levels.series] == [None, None, 1, 2, 1, 1]
    assert value("blockers_open", "2026-06").value == 1, "a level stands until something changes it"
    assert lake.ask("tasks_started", "2026-05", Scope(ScopeType.AGENT_TYPE, "CLAUDE")).value == 1


def far_east() -> Windows:
    return [
        [
            project_created(FAR_EAST, "Far east", time_zone="Asia/Tokyo"),
            commit("far/east", sha("x"), datetime(2026, 1, 31, 18, tzinfo=UTC)),
        ],
        [repository_connected(FAR_EAST, "Far/East")],
    ]


def test_days_follow_the_time_zone_of_the_project(lake: GrownLake) -> None:
    assert lake.ask("commits", "2026-02", Scope(ScopeType.PROJECT, FAR_EAST)).value == 1
    assert lake.ask("commits", "2026-01", PORTFOLIO).value == 1


def unassigned() -> Windows:
    return [
        [project_created(UNASSIGNED.project_id, "Unassigned"), commit(UNASSIGNED.name, sha("o"), MAY)],
        [repository_connected(UNASSIGNED.project_id, UNASSIGNED.name)],
    ]


def test_unassigned_events_count_once_their_repository_is_connected(lake: GrownLake) -> None:
    assert [lake.ask("commits", "2026-05", UNASSIGNED.scope, after=each).value for each in (0, 1)] == [None, 1]


def deleted() -> Windows:
    project_id, name = DELETED.project_id, DELETED.name
    return [
        [
            *DELETED.made(),
            commit(name, sha("1"), YEAR_BEFORE),
            agent_report(project_id, "blocker_identified", YEAR_BEFORE),
            agent_report(project_id, "test_execution", YEAR_BEFORE, passed=3, failed=1),
        ],
        [repository_disconnected(project_id, name), project_deleted(project_id)],
        # A word that was said before, by a clock that goes ahead, comes in after it.
        [project_created(project_id, "Kino"), commit(name, sha("2"), YEAR_BEFORE)],
        [project_created(HEIR, "Other"), repository_connected(HEIR, name)],
    ]


def test_the_numbers_of_a_deleted_project_leave_the_lake_for_good(lake: GrownLake) -> None:
    def value(key: str, after: int, scope: Scope = PORTFOLIO) -> float | None:
        return lake.ask(key, "2025-05", scope, after=after).value

    assert [value(key, 0) for key in ("commits", "blockers_open")] == [1, 1]
    for scope in (PORTFOLIO, DELETED.scope, Scope(ScopeType.REPOSITORY, repository_id(DELETED.name))):
        for key in ("commits", "blockers_open", "test_pass_rate", "pr_size"):
            assert value(key, 1, scope) is None, (scope, key)
    assert value("commits", 2) is None
    assert value("commits", 3) == 2, "another project has the repository now"


def listed() -> Windows:
    return [
        [*LISTED.made(), *(commit(LISTED.name, sha(str(number)), MAY + timedelta(hours=number)) for number in range(5))]
    ]


def test_explains_a_number_down_to_its_events(lake: GrownLake) -> None:
    scope, gold, may = LISTED.scope, lake.gold(), parse_period("2026-05")
    pages = [gold.explain("commits", scope, may, limit=2, offset=at) for at in (0, 2, 4, 6)]
    left_out = gold.explain("commits", scope, may, projects=[uuid.uuid4()])
    left_in = gold.explain("commits", scope, may, projects=[uuid.uuid4(), LISTED.project_id])
    assert [entity.event_id for page in pages for entity in page] == [f"{LISTED.name}@{sha(str(n))}" for n in range(5)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert (left_out, len(left_in)) == ([], 5)


def past() -> Windows:
    return [[*PAST.made(), commit(PAST.name, sha("1"), MAY)], [commit(PAST.name, sha("2"), MAY)]]


def test_the_past_stays_readable(lake: GrownLake) -> None:
    with open_gold(lake.settings, as_of=lake.gold(0).as_of) as gold:
        assert gold.snapshot_id == lake.windows[0].snapshot_id
        assert gold.value("commits", PAST.scope, parse_period("2026-05")).value == 1
    with open_gold(lake.settings) as gold:
        assert gold.value("commits", PAST.scope, parse_period("2026-05")).value == 2
    with pytest.raises(NoSnapshot), open_gold(lake.settings, as_of=datetime(2001, 1, 1, tzinfo=UTC)):
        pass


def kept() -> Windows:
    return [[*KEPT.made(), *(commit(KEPT.name, sha(str(day)), MAY + timedelta(days=day)) for day in range(20))]]


def test_a_refresh_that_fails_leaves_nothing_behind(lake: GrownLake) -> None:
    with closing(Database(lake.settings.database_url)) as database, database.write() as session:
        land(session, [commit(KEPT.name, sha("new"), MAY)])

    def interrupt(_: duckdb.DuckDBPyConnection, changes: Changes) -> None:
        assert "commits" in changes.metrics
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lake.writer.refresh(everything=True, before_commit=interrupt)
    with open_gold(lake.settings) as gold:
        assert gold.value("commits", KEPT.scope, parse_period("2026-05")).value == 20
    lake.grow()
    assert lake.ask("commits", "2026-05", KEPT.scope).value == 21


def test_the_lake_equals_its_recomputation(lake: GrownLake) -> None:
    assert check_warehouse(lake.settings).ok


def test_a_full_refresh_gives_the_same_lake(lake: GrownLake) -> None:
    """That nothing else is left either, test_erasure checks."""
    keys = [metric.key for metric in METRICS if metric.kind is not Kind.STATE]
    scopes, year = [PORTFOLIO, *(story.scope for story in STORIES)], parse_period("2026")

    def values() -> dict[tuple[str, Scope], tuple[object, ...]]:
        found = lake.gold().values(keys, scopes, year)
        return {of: (each.value, each.n, each.coverage, each.lower, each.upper) for of, each in found.items()}

    before = values()
    lake.grow(full=True)
    assert values() == before


def test_before_the_first_refresh_there_is_no_lake(settings: Settings) -> None:
    with pytest.raises(LakeNotReady), open_gold(settings):
        pass


def test_looking_for_more_does_not_go_through_the_log(database: Database) -> None:
    with database.write() as session:
        session.exec_driver_sql("""
            INSERT INTO landing.event (received_at, xid, source, event_id, type, occurred_at, body, raw)
            SELECT now(), (number / 100)::text::xid8, 'agent', number::text, 'task_started', now(), '{}', '{}'
            FROM generate_series(1, 30000) AS landed (number)
        """)
    with database.write() as session:
        session.exec_driver_sql("ANALYZE landing.event")
    for low, some in (("299", True), ("301", False)):
        with database.read() as session:
            statement, values = read_sql("bronze/anything_since"), {"low": low}
            assert session.exec_driver_sql(statement, values).scalar_one() is some
            explained = session.exec_driver_sql("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement, values)
            [plan] = explained.scalar_one()
        assert plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] < 100


def test_a_cursor_that_is_ahead_of_the_server_is_noticed(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, settings: Settings
) -> None:
    landed([commit(REPOSITORY, sha("1"), MAY)])
    low = writer.refresh(everything=True).high
    with psycopg.connect(libpq_url(settings.database_url), autocommit=True) as postgres:
        assert not anything_since(postgres, low)
        assert anything_since(postgres, low + 10**9)
    with closing(connect_lake(settings, read_only=False)) as lake:
        lake.execute("UPDATE bronze.cursor SET low = low + 1000000000")
    with pytest.raises(LogReplaced, match="kino refresh --full"):
        writer.refresh()
    assert writer.refresh(full=True, everything=True).events == 3
    assert writer.refresh(everything=True).events == 0


def test_a_transaction_that_commits_late_is_not_skipped(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, value: Ask, database_url: str
) -> None:
    with psycopg.connect(libpq_url(database_url)) as slow:
        slow.execute("SELECT pg_current_xact_id()")
        landed([commit(REPOSITORY, sha("quick"), MAY)])
        writer.refresh()
        slow.execute(
            "INSERT INTO landing.event (source, event_id, type, occurred_at, repository, body, raw)"
            " SELECT source, replace(event_id, %(quick)s, %(slow)s), type, occurred_at, repository,"
            " jsonb_set(body, '{sha}', to_jsonb(%(slow)s::text)), raw FROM landing.event WHERE source = 'git'",
            {"quick": sha("quick"), "slow": sha("slow")},
        )
    writer.refresh(everything=True)
    assert value("commits", "2026-05").value == 2


def test_two_refreshes_at_once_take_turns(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, value: Ask, settings: Settings
) -> None:
    landed([commit(REPOSITORY, sha(str(number)), MAY) for number in range(20)])
    other = LakeWriter(settings)
    thread = threading.Thread(target=lambda: other.refresh(everything=True))
    thread.start()
    writer.refresh(everything=True)
    thread.join()
    other.close()
    assert value("commits", "2026-05").value == 20


def test_a_refresh_that_is_prepared_and_not_committed_leaves_nothing_behind(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, value: Callable[..., MetricValue]
) -> None:
    landed([commit(REPOSITORY, sha("1"), MAY)])
    with writer.prepared(everything=True) as prepared:
        assert (prepared.events, prepared.done) == (3, None)
        assert "commits" in prepared.changes.metrics
    assert writer.refresh(everything=True).events == 3
    landed([commit(REPOSITORY, sha("2"), MAY)])
    with writer.prepared(everything=True) as prepared:
        assert prepared.refresh(before_commit=lambda lake, changes: None) is writer.latest
    assert value("commits", "2026-05").value == 2
