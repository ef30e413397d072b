"""The check of the warehouse finds whatever is wrong in the lake, and says in which table and how much."""

import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

from kino_assets.check import check_warehouse
from kino_assets.refresh import LakeWriter
from kino_core.events import Event
from kino_core.lake import connect_lake
from kino_core.settings import Settings
from tests.factories.events import HUMAN, commit
from tests.kino_assets.conftest import REPOSITORY

MAY = datetime(2026, 5, 10, 12, tzinfo=UTC)


def test_rows_that_lack_are_too_many_or_differ_are_counted(
    landed: Callable[[Sequence[Event]], None], project_id: uuid.UUID, writer: LakeWriter, settings: Settings
) -> None:
    landed([commit(REPOSITORY, str(n) * 40, MAY + timedelta(days=n), author=HUMAN) for n in range(4)])
    writer.refresh(everything=True)
    writer.close()
    assert check_warehouse(settings).ok

    with closing(connect_lake(settings, read_only=False)) as lake:
        lake.execute("DELETE FROM silver.commit WHERE sha = repeat('0', 40)")
        lake.execute("INSERT INTO silver.commit FROM silver.commit WHERE sha = repeat('1', 40)")
        lake.execute("UPDATE silver.commit SET authored_at = NULL WHERE sha = repeat('2', 40)")

    check = check_warehouse(settings)
    assert not check.ok
    assert [(table.name, table.rows, table.differences) for table in check.tables if table.differences] == [
        ("silver.commit", 4, 4)
    ]
