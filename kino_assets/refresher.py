"""The warm refresher: it keeps the lake a moment behind the log, through real Dagster runs in its own process."""

import signal
import threading
import time
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta

import dagster as dg
import psycopg
import structlog

from kino_assets.assets import lake, made_by
from kino_assets.definitions import IN_HAND, defs, refresh_job
from kino_assets.erasure import erase_what_waits
from kino_assets.instance import dagster_instance
from kino_assets.refresh import LakeWriter, LogReplaced, Refresh, Refreshed, lake_cursor
from kino_assets.window import anything_since
from kino_core.database import Database, libpq_url
from kino_core.settings import Settings

POLL_SECONDS = 0.25
QUIET_SECONDS = 0.2
"""Events come in bursts: wait this long for the burst to go on before reading it."""
LONGEST_PAUSE_SECONDS = 5.0
RUNS_KEPT_FOR = timedelta(days=1)
RUNS_PURGED_AT_ONCE = 200
PURGE_EVERY_SECONDS = 3600.0
ERASURES_EVERY_SECONDS = 2.0

log = structlog.get_logger("refresher")


def run_refresher(settings: Settings) -> None:
    """Refresh whenever the log holds something new, until SIGTERM or SIGINT; a refresh under way is finished."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # Not in the main thread: there Dagster takes the signals for itself while a run is under way.
    keeper = threading.Thread(target=_keep_fresh, args=(settings, stop), name="refresher")
    keeper.start()
    while keeper.is_alive() and not stop.wait(POLL_SECONDS):
        pass
    keeper.join()


def _keep_fresh(settings: Settings, stop: threading.Event) -> None:
    pause = POLL_SECONDS
    while not stop.is_set():
        try:
            with dagster_instance(settings) as instance:
                _follow(settings, instance, stop)
        except Exception:
            # PostgreSQL may be restarting; the log loses nothing meanwhile.
            log.exception("refresh_failed", next_try_seconds=pause)
            stop.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        else:
            pause = POLL_SECONDS


def refresh_through_dagster(settings: Settings, *, full: bool = False, everything: bool = False) -> Refreshed:
    """Refresh once, as a Dagster run inside this process, so that its lineage and checks show in the Dagster UI.

    Raises what the refresh raised.
    """
    with dagster_instance(settings) as instance, closing(LakeWriter(settings)) as writer:
        return _run(writer, instance, full=full, everything=everything)


def _follow(settings: Settings, instance: dg.DagsterInstance, stop: threading.Event) -> None:
    low = lake_cursor(settings)
    purged_at = erased_at = 0.0
    with (
        psycopg.connect(
            libpq_url(settings.database_url), autocommit=True, application_name="kino refresher"
        ) as postgres,
        closing(LakeWriter(settings)) as writer,
        closing(Database(settings.database_url, pool_max=1)) as database,
    ):
        while not stop.wait(POLL_SECONDS):
            if time.monotonic() - erased_at > ERASURES_EVERY_SECONDS:
                erase_what_waits(settings, database, lambda: _run(writer, instance, full=True, everything=True))
                erased_at = time.monotonic()
            if anything_since(postgres, low):
                stop.wait(QUIET_SECONDS)
                done = _refreshed(writer, instance)
                low = done.high
                log.info("refreshed", events=done.events, slices=done.changes.slices, seconds=round(done.seconds, 3))
            elif writer.must_publish():
                writer.publish()
            elif time.monotonic() - purged_at > PURGE_EVERY_SECONDS:
                _purge(instance)
                purged_at = time.monotonic()


def _refreshed(writer: LakeWriter, instance: dg.DagsterInstance) -> Refreshed:
    try:
        return _run(writer, instance)
    except LogReplaced as error:
        # The lake lives in the same database, so it is this log's, and only its cursor is another server's.
        log.warning("the lake is rebuilt", reason=error.message)
        return _run(writer, instance, full=True)


def _run(
    writer: LakeWriter, instance: dg.DagsterInstance, *, full: bool = False, everything: bool = False
) -> Refreshed:
    """Refresh, and let a Dagster run of what changed check and commit it.

    A run of the whole lake would tell Dagster's tables of each of its assets and checks, every time: that takes longer
    than the refresh itself.
    """
    with ExitStack() as stack:
        refresh: Refresh = writer
        made = None
        try:
            refresh = prepared = stack.enter_context(writer.prepared(full=full, everything=everything))
            made = made_by(prepared.changes)
        except LogReplaced:
            raise
        except Exception:
            # If a run of its own fails of it too, it shows in Dagster.
            log.exception("refresh_not_prepared")
        _run_in_dagster(refresh, instance, made, full=full, everything=everything)
    assert writer.latest is not None, "a run that did not fail has refreshed"
    return writer.latest


def _run_in_dagster(
    refresh: Refresh, instance: dg.DagsterInstance, made: list[dg.AssetKey] | None, *, full: bool, everything: bool
) -> None:
    config = {
        "ops": {"lake": {"config": {"full": full, "everything": everything}}},
        # Every line goes to the run's log in Dagster; here only what went wrong.
        "loggers": {"console": {"config": {"log_level": "ERROR"}}},
    }
    job = defs.resolve_job_def(refresh_job.name)
    if made is not None:
        # Named one by one: else the checks of the night come along.
        checks = {check for check in lake.check_keys if check.asset_key in made}
        job = job.get_subset(asset_selection=frozenset(made), asset_check_selection=checks)
    before = IN_HAND.set(refresh)
    try:
        job.execute_in_process(instance=instance, run_config=config, raise_on_error=True)
    finally:
        IN_HAND.reset(before)


def _purge(instance: dg.DagsterInstance) -> None:
    """Forget finished refreshes after a day: a busy portfolio makes tens of thousands of them."""
    old = dg.RunsFilter(
        job_name=refresh_job.name,
        statuses=[dg.DagsterRunStatus.SUCCESS],
        created_before=datetime.now(UTC) - RUNS_KEPT_FOR,
    )
    for run_id in instance.get_run_ids(old, limit=RUNS_PURGED_AT_ONCE):
        instance.delete_run(run_id)
