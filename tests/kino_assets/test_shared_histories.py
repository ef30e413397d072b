"""Two real histories: what Kino makes of them, month by month, is what was counted by other means."""

import uuid
from collections.abc import Iterator
from contextlib import closing
from statistics import median

import pytest

from kino_assets.refresh import LakeWriter
from kino_core.database import Database
from kino_core.events import Event
from kino_core.gold import Gold, Scope, Warehouse
from kino_core.metrics import ScopeType
from kino_core.periods import Grain, parse_period
from kino_core.settings import settings_from
from kino_ingest.backfill import read_history_file
from kino_ingest.git import commit_events, read_records
from kino_ingest.landing import land
from tests import independent
from tests.factories.events import project_created, repository_connected
from tests.independent import DATA

HISTORIES = {"claude-code-action": uuid.uuid4(), "fastapi": uuid.uuid4()}

SHARES_OF_MONTHS = 6

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the shared histories are not here")


@pytest.fixture(scope="module")
def gold(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gold]:
    home = tmp_path_factory.mktemp("home")
    settings = settings_from({"KINO_HOME": str(home), "DATABASE_URL": module_database_url})
    with closing(Database(module_database_url)) as database, database.write() as session:
        for name, project in HISTORIES.items():
            records = read_records(read_history_file(DATA / f"{name}.gitlog.gz"))
            events = list(commit_events(records, repository=f"example/{name}", project_id=None))
            assert all(isinstance(event, Event) for event in events)
            land(session, [project_created(project, name), repository_connected(project, f"example/{name}"), *events])
    with closing(LakeWriter(settings)) as writer:
        writer.refresh(everything=True)
    with closing(Warehouse(settings)) as warehouse, warehouse.gold() as opened:
        yield opened


@pytest.mark.parametrize("name", HISTORIES)
def test_each_month_is_as_counted_by_other_means(name: str, gold: Gold) -> None:
    commits = independent.history(name)
    project = Scope(ScopeType.PROJECT, HISTORIES[name])
    months = sorted({commit.month for commit in commits})

    whole = parse_period(f"{months[0]}-01/{months[-1]}-28")

    def values(key: str) -> dict[str, float | None]:
        points = gold.value(key, project, whole, Grain.MONTH).series
        return {f"{point.start:%Y-%m}": point.value for point in points if point.n}

    assert values("commits") == independent.commits_by_month(commits)
    lines = independent.lines_by_month(commits)
    assert values("lines_added") == {month: lines[month][0] for month in months}
    assert values("lines_deleted") == {month: lines[month][1] for month in months}
    assert values("prs_merged") == independent.merged_by_month(commits)
    sizes = independent.pull_request_sizes_by_month(commits)
    assert values("pr_size") == {month: median(each) for month, each in sizes.items()}
    rework = independent.rework_by_month(commits)
    assert values("rework_rate") == pytest.approx({month: a / n for month, (a, n) in rework.items() if n})
    shares = independent.agent_share_by_month(commits)
    for month in months[-SHARES_OF_MONTHS:]:
        found = gold.value("agent_commit_share", project, parse_period(month))
        assert (found.lower, found.upper, found.n) == pytest.approx(shares[month])
