"""The lake's upkeep: small files become large ones, and snapshots that nobody will ask for go.

Every refresh makes a snapshot. All of the last week are kept, so that a number can be asked for as of any moment in it;
of the time before, the last of each day; and for as long as there is a report, the one that it stands on.
"""

from collections.abc import Collection, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb
import psycopg

from kino_assets.refresh import has_lake, one_committer
from kino_core.lake import connect_lake
from kino_core.settings import Settings

EVERY_SNAPSHOT_FOR = timedelta(days=7)
READERS_MAY_TAKE = timedelta(days=1)
"""Files that no snapshot needs any more stay so long: somebody may still be reading them."""
_REWRITING = ("ducklake_rewrite_data_files", "ducklake_merge_adjacent_files")


@dataclass(frozen=True)
class Kept:
    """What upkeep left, and what went: files of the lake, and snapshots."""

    snapshots: int
    snapshots_expired: int
    files_merged: int
    files_removed: int


def keep_lake(settings: Settings, now: datetime | None = None) -> Kept:
    """Merge small files, expire what may go, and remove the files of what went long enough ago; raises LakeBusy."""
    if not has_lake(settings):
        return Kept(0, 0, 0, 0)
    moment = now or datetime.now(UTC)
    with (
        one_committer(settings) as postgres,
        closing(connect_lake(settings, read_only=False)) as lake,
    ):
        lake.execute("CALL ducklake_flush_inlined_data('lake')")
        # Files of which much was deleted are written anew, and small ones become one.
        merged = sum(_processed(lake, f"CALL {each}('lake')") for each in _REWRITING)
        snapshots = _snapshots(lake)
        going = expendable(snapshots, _pinned(postgres), moment, settings.lake_history)
        if going:
            lake.execute(f"CALL ducklake_expire_snapshots('lake', versions => {going})")
        clean = "CALL ducklake_cleanup_old_files('lake', older_than => $before)"
        removed = lake.execute(clean, {"before": moment - READERS_MAY_TAKE}).fetchall()
    return Kept(len(snapshots) - len(going), len(going), merged, len(removed))


def expendable(
    snapshots: Iterable[tuple[int, datetime]], pinned: Collection[int], now: datetime, history: timedelta
) -> list[int]:
    """Return the ids of the snapshots (id and time of each) that may go, oldest first.

    Never the newest, none of the last week, none of `pinned`, and within `history` not the last one of a day (UTC).
    """
    ordered = sorted(snapshots)
    last_of_day = {made_at.astimezone(UTC).date(): snapshot_id for snapshot_id, made_at in ordered}
    kept = {snapshot_id for day, snapshot_id in last_of_day.items() if day >= (now - history).date()}
    newest = {snapshot_id for snapshot_id, _ in ordered[-1:]}
    return [
        snapshot_id
        for snapshot_id, made_at in ordered
        if made_at < now - EVERY_SNAPSHOT_FOR and snapshot_id not in kept | newest | set(pinned)
    ]


def _snapshots(lake: duckdb.DuckDBPyConnection) -> list[tuple[int, datetime]]:
    return lake.execute("SELECT snapshot_id, snapshot_time FROM lake.snapshots()").fetchall()


def _pinned(postgres: psycopg.Connection) -> set[int]:
    return {row[0] for row in postgres.execute("SELECT DISTINCT lake_snapshot_id FROM kino.report")}


def _processed(lake: duckdb.DuckDBPyConnection, call: str) -> int:
    return sum(row[2] for row in lake.execute(call).fetchall())
