"""The lake computed step by step: hand-made examples, and what may go wrong while it is computed."""

import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
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
from kino_core.gold import PORTFOLIO, MetricValue, NoSnapshot, Scope, open_gold
from kino_core.identities import identify
from kino_core.lake import LakeNotReady, connect_lake
from kino_core.metrics import ScopeType
from kino_core.periods import Grain, parse_period
from kino_core.settings import Settings
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

MAY = datetime(2026, 5, 10, 12, tzinfo=UTC)
Land = Callable[[Sequence[Event]], None]
Ask = Callable[..., MetricValue]


def test_commits_lines_and_zero_months(landed: Land, project_id: uuid.UUID, writer: LakeWriter, value: Ask) -> None:
    landed(
        [
            commit(REPOSITORY, sha("1"), MAY, files=(("a.py", 5, 2), ("logo.png", None, None))),
            commit(REPOSITORY, sha("2"), MAY + timedelta(days=70), files=()),
        ]
    )
    writer.refresh(everything=True)

    assert value("commits", "2026-Q2", by=Grain.MONTH).value == 1
    assert [point.value for point in value("commits", "2026", by=Grain.MONTH).series][3:8] == [None, 1, 0, 1, 0]
    assert value("lines_added", "2026").value == 5
    assert value("lines_deleted", "2026").value == 2
    assert value("commits", "2026-05-11/2026-07-31").value == 1
    assert value("commits", "2025").value is None
    assert value("tasks_started", "2026").value is None


def test_agent_share_has_bounds_and_leaves_out_merges_and_automation(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, value: Ask
) -> None:
    landed(
        [
            commit(REPOSITORY, sha("marked"), MAY, author=HUMAN, co_authors=(CLAUDE,)),
            commit(REPOSITORY, sha("after"), MAY + timedelta(days=10), author=HUMAN),
            commit(REPOSITORY, sha("before"), MAY - timedelta(days=1), author=HUMAN),
            commit(REPOSITORY, sha("other"), MAY + timedelta(days=1), author=OTHER_HUMAN),
            commit(REPOSITORY, sha("bot"), MAY + timedelta(days=1), author=DEPENDABOT),
            commit(REPOSITORY, sha("merge"), MAY + timedelta(days=2), parents=(sha("after"), sha("other"))),
        ]
    )
    writer.refresh(everything=True)

    share = value("agent_commit_share", "2026-05")
    assert (share.value, share.lower, share.upper, share.n, share.coverage) == (0.25, 0.25, 0.5, 4, 1.0)
    claude = Scope(ScopeType.AGENT, agent_key("claude"))
    assert value("commits", "2026-05", claude).value == 1
    assert value("commits", "2026-05", Scope(ScopeType.PERSON, identify(*HUMAN).person_id)).value == 4
    assert value("commits", "2026-05", Scope(ScopeType.REPOSITORY, repository_id(REPOSITORY.upper()))).value == 6


def test_a_late_marked_commit_moves_the_upper_bound_of_the_month_after(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, value: Ask, settings: Settings
) -> None:
    landed([commit(REPOSITORY, sha("plain"), MAY + timedelta(days=29))])
    writer.refresh(everything=True)
    assert value("agent_commit_share", "2026-06").upper == 0

    landed([commit(REPOSITORY, sha("marked"), MAY, co_authors=(CLAUDE,))])
    writer.refresh(everything=True)
    assert value("agent_commit_share", "2026-06").upper == 1
    assert check_warehouse(settings).ok


def test_merged_pull_requests_of_a_git_history(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, value: Ask
) -> None:
    base, feature, merge = sha("base"), sha("feature"), sha("merge")
    landed(
        [
            commit(REPOSITORY, base, MAY - timedelta(days=3), parents=(), subject="Begin"),
            commit(REPOSITORY, feature, MAY - timedelta(days=2), parents=(base,), co_authors=(CLAUDE,)),
            commit(
                REPOSITORY,
                merge,
                MAY,
                author=OTHER_HUMAN,
                parents=(base, feature),
                subject="Merge pull request #7 from robin/topic",
                files=(),
            ),
            commit(
                REPOSITORY,
                sha("squash"),
                MAY + timedelta(days=1),
                parents=(merge,),
                subject="Add it (#8)",
                files=(("a.py", 30, 10), ("poetry.lock", 900, 800), ("web/dist/app.min.js", 1, 1)),
            ),
            commit(REPOSITORY, sha("again"), MAY + timedelta(days=40), subject="Revert, then redo (#8)"),
        ]
    )
    writer.refresh(everything=True)

    assert value("prs_merged", "2026-05").value == 2
    assert value("prs_merged", "2026-06").value == 0
    assert value("pr_size", "2026-05").value == 22, "the median of 4 (the merged branch) and 40 (without the lock file)"
    share = value("agent_pr_share", "2026-05")
    assert (share.lower, share.upper, share.n) == (0.5, 1.0, 2)
    opened = value("prs_opened", "2026-05")
    assert (opened.value, opened.n, opened.coverage) == (None, 0, 0.0)


def test_github_tells_more_than_git_and_its_latest_word_wins(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, value: Ask, settings: Settings
) -> None:
    merged = pull_request(
        REPOSITORY, 5, MAY + timedelta(days=2), action="closed", opened_at=MAY, merged_at=MAY + timedelta(days=2)
    )
    landed([merged])
    writer.refresh(everything=True)
    landed([pull_request(REPOSITORY, 5, MAY), pull_request(REPOSITORY, 6, MAY, branch="claude/fix", labels=("bug",))])
    writer.refresh(everything=True)

    assert value("prs_opened", "2026-05").value == 2
    assert value("prs_merged", "2026-05").value == 1
    assert value("pr_size", "2026-05").value == 15
    assert check_warehouse(settings).ok


def test_what_agents_report(landed: Land, project_id: uuid.UUID, writer: LakeWriter, value: Ask) -> None:
    def report(event_type: str, days: int, task: str = "KIN-1", agent: str = "claude-7", **data: object) -> Event:
        return agent_report(
            project_id, event_type, MAY + timedelta(days=days), task=task, agent=agent, **cast("Any", data)
        )

    landed(
        [
            report("task_completed", 5, "A"),
            report("task_started", 0, "A"),
            report("task_started", 1, "A"),
            report("task_started", 2, "B", agent="worker-1"),
            report("test_execution", 3, passed=8, failed=2, skipped=5),
            report("test_execution", 3, suite="no counts"),
            report("blocker_identified", 3, "A", description="waits for a key"),
            report("blocker_identified", 4, "B", blocker_id="b1", description="waits for a person"),
        ]
    )
    writer.refresh(everything=True)

    assert value("agent_activities", "2026-05").value == 8
    assert value("tasks_started", "2026-05").value == 2
    assert value("tasks_completed", "2026-05").value == 1
    tests = value("test_pass_rate", "2026-05")
    assert (tests.value, tests.n, tests.coverage) == (0.8, 1, 0.5)
    levels = value("blockers_open", "2026-05-11/2026-05-16", by=Grain.DAY)
    assert [point.value for point in levels.series] == [None, None, 1, 2, 1, 1]
    assert value("blockers_open", "2026-06").value == 1, "a level stands until something changes it"
    assert value("tasks_started", "2026-05", Scope(ScopeType.AGENT_TYPE, "CLAUDE")).value == 1


def test_days_follow_the_time_zone_of_the_project(landed: Land, writer: LakeWriter, settings: Settings) -> None:
    late = uuid.uuid4()
    landed(
        [
            project_created(late, "Far east", time_zone="Asia/Tokyo"),
            commit("far/east", sha("x"), datetime(2026, 5, 31, 18, tzinfo=UTC)),
        ]
    )
    writer.refresh(everything=True)
    landed([repository_connected(late, "Far/East")])
    writer.refresh(everything=True)

    with open_gold(settings) as gold:
        assert gold.value("commits", Scope(ScopeType.PROJECT, late), parse_period("2026-06")).value == 1
        assert gold.value("commits", PORTFOLIO, parse_period("2026-05")).value == 1


def test_unassigned_events_count_once_their_repository_is_connected(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, value: Ask, settings: Settings
) -> None:
    landed([commit("example/other", sha("o"), MAY)])
    writer.refresh(everything=True)
    assert value("commits", "2026-05").value is None

    landed([repository_connected(project_id, "example/other")])
    writer.refresh(everything=True)
    assert value("commits", "2026-05").value == 1
    assert check_warehouse(settings).ok


def test_the_numbers_of_a_deleted_project_leave_the_lake_for_good(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, value: Ask, settings: Settings
) -> None:
    landed(
        [
            commit(REPOSITORY, sha("1"), MAY),
            agent_report(project_id, "blocker_identified", MAY),
            agent_report(project_id, "test_execution", MAY, passed=3, failed=1),
        ]
    )
    writer.refresh(everything=True)
    assert [value(key, "2026-05", PORTFOLIO).value for key in ("commits", "blockers_open")] == [1, 1]

    landed([repository_disconnected(project_id, REPOSITORY), project_deleted(project_id)])
    writer.refresh(everything=True)
    for scope in (PORTFOLIO, None, Scope(ScopeType.REPOSITORY, repository_id(REPOSITORY))):
        for key in ("commits", "blockers_open", "test_pass_rate", "pr_size"):
            assert value(key, "2026-05", scope).value is None, (scope, key)
    # A word that was said before, by a clock that goes ahead, comes in after it.
    landed([project_created(project_id, "Kino"), commit(REPOSITORY, sha("2"), MAY)])
    writer.refresh(everything=True)
    assert value("commits", "2026-05", PORTFOLIO).value is None

    other = uuid.uuid4()
    landed([project_created(other, "Other"), repository_connected(other, REPOSITORY)])
    writer.refresh(everything=True)
    assert value("commits", "2026-05", PORTFOLIO).value == 2, "another project has the repository now"
    assert check_warehouse(settings).ok


def test_explains_a_number_down_to_its_events(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, settings: Settings
) -> None:
    landed([commit(REPOSITORY, sha(str(number)), MAY + timedelta(hours=number)) for number in range(5)])
    writer.refresh(everything=True)
    scope = Scope(ScopeType.PROJECT, project_id)
    with open_gold(settings) as gold:
        pages = [gold.explain("commits", scope, parse_period("2026-05"), limit=2, offset=at) for at in (0, 2, 4, 6)]
        left_out = gold.explain("commits", scope, parse_period("2026-05"), projects=[uuid.uuid4()])
        left_in = gold.explain("commits", scope, parse_period("2026-05"), projects=[uuid.uuid4(), project_id])
    assert [entity.event_id for page in pages for entity in page] == [f"{REPOSITORY}@{sha(str(n))}" for n in range(5)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert (left_out, len(left_in)) == ([], 5)


def test_the_past_stays_readable(landed: Land, project_id: uuid.UUID, writer: LakeWriter, settings: Settings) -> None:
    landed([commit(REPOSITORY, sha("1"), MAY)])
    first = writer.refresh(everything=True)
    with open_gold(settings) as gold:
        moment = gold.as_of
    landed([commit(REPOSITORY, sha("2"), MAY)])
    writer.refresh(everything=True)

    with open_gold(settings, as_of=moment) as gold:
        assert gold.snapshot_id == first.snapshot_id
        assert gold.value("commits", PORTFOLIO, parse_period("2026-05")).value == 1
    with open_gold(settings) as gold:
        assert gold.value("commits", PORTFOLIO, parse_period("2026-05")).value == 2
    with pytest.raises(NoSnapshot), open_gold(settings, as_of=datetime(2001, 1, 1, tzinfo=UTC)):
        pass


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
    with closing(connect_lake(settings.database_url, settings.lake_path, read_only=False)) as lake:
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


def test_a_refresh_that_fails_leaves_nothing_behind(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, value: Ask, settings: Settings
) -> None:
    landed([commit(REPOSITORY, sha("1"), MAY)])
    writer.refresh(everything=True)
    landed([commit(REPOSITORY, sha("2"), MAY)])

    def interrupt(_: duckdb.DuckDBPyConnection, changes: Changes) -> None:
        assert "commits" in changes.metrics
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        writer.refresh(everything=True, before_commit=interrupt)
    assert value("commits", "2026-05").value == 1
    writer.refresh(everything=True)
    assert value("commits", "2026-05").value == 2
    assert check_warehouse(settings).ok


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


def test_a_full_refresh_gives_the_same_lake(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, value: Ask, settings: Settings
) -> None:
    landed([commit(REPOSITORY, sha(str(number)), MAY + timedelta(days=number)) for number in range(20)])
    writer.refresh(everything=True)
    before = value("commits", "2026-05").value
    writer.refresh(full=True, everything=True)
    assert value("commits", "2026-05").value == before == 20
    assert check_warehouse(settings).ok
