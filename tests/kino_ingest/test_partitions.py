"""A month that is missing loses nothing and is mended."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from kino_core.database import Database
from kino_ingest.fold.run import fold_next
from kino_ingest.partitions import ensure_activity_months, keep_partitions
from tests.kino_ingest.events import agent_event, landed, one, rows


def months(database: Database, parent: str) -> list[str]:
    names = rows(database, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", parent)
    return sorted(name for (name,) in names)


def test_the_next_three_months_are_made_ahead(database: Database) -> None:
    before = months(database, "landing.event")
    with database.write() as session:
        for name in months(database, "landing.event")[:4] + months(database, "kino.agent_activity")[:4]:
            session.exec_driver_sql(f"DROP TABLE {name}")
    assert keep_partitions(database) == 0
    assert months(database, "landing.event") == before
    assert len(months(database, "kino.agent_activity")) == 5
    assert keep_partitions(database) == 0


def test_strays_move_to_their_month_under_the_transaction_they_landed_in(database: Database) -> None:
    now = datetime.now(UTC)
    with database.write() as session:
        session.exec_driver_sql(f"DROP TABLE landing.event_{now:%Y_%m}")
    landed(database, [agent_event("a", at=now)])
    before = rows(database, "SELECT id, xid::text, event_id, received_at, body FROM landing.event")
    assert one(database, "SELECT count(*) FROM landing.event_default") == 1
    assert keep_partitions(database) == 1
    assert one(database, "SELECT count(*) FROM landing.event_default") == 0
    assert rows(database, "SELECT id, xid::text, event_id, received_at, body FROM landing.event") == before
    assert one(database, "SELECT tableoid::regclass::text FROM landing.event") == f"landing.event_{now:%Y_%m}"


def test_stray_activities_move_and_those_of_odd_years_stay(database: Database) -> None:
    now = datetime.now(UTC)
    landed(database, [agent_event("now", at=now), agent_event("odd", at=datetime(2500, 1, 1, tzinfo=UTC))])
    fold_next(database)
    with database.write() as session:
        session.exec_driver_sql("CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM kino.agent_activity")
        session.exec_driver_sql(f"DROP TABLE kino.agent_activity_{now:%Y_%m}")
        session.exec_driver_sql("INSERT INTO kino.agent_activity SELECT * FROM kept ON CONFLICT DO NOTHING")
    assert one(database, "SELECT count(*) FROM kino.agent_activity_default") == 2
    assert keep_partitions(database) == 1
    where = dict(
        rows(database, "SELECT split_part(event_id, '/', 2), tableoid::regclass::text FROM kino.agent_activity")
    )
    assert where == {"now": f"kino.agent_activity_{now:%Y_%m}", "odd": "kino.agent_activity_default"}


def test_workers_that_need_the_same_month_do_not_wait_for_each_other_in_a_circle(database: Database) -> None:
    now = datetime.now(UTC)
    for age in range(4, 12):
        moment, together = now - timedelta(days=31 * age), threading.Barrier(4)

        def work(moment: datetime = moment, together: threading.Barrier = together) -> None:
            with database.write() as session:
                together.wait(30)
                ensure_activity_months(session, [moment])

        with ThreadPoolExecutor(4) as workers:
            for working in [workers.submit(work) for _ in range(4)]:
                working.result(60)
        assert one(database, "SELECT to_regclass(%s)", f"kino.agent_activity_{moment:%Y_%m}") is not None
