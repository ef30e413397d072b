"""The order of the log, mended where the database came from another server's dump.

Events are read by the ids of the transactions that landed them. In a database that was dumped and restored these are
ids of the old server: those ahead of the new one would keep every reader waiting for a future that may never come.
So all of them land again, as it were, a window at a time, and are folded once more; that changes no table.
"""

import structlog

from kino_core.database import WriteSession
from kino_ingest.sql import read_sql

log = structlog.get_logger(__name__)


def begin_anew(session: WriteSession) -> None:
    """Have every event stamped with transaction ids of this server, unless another worker has seen to it meanwhile."""
    if not _cursor_is_ours(session) or not session.exec_driver_sql(read_sql("fold_state")).one().moved:
        return
    session.exec_driver_sql("DELETE FROM landing.fold_window")
    events = session.exec_driver_sql(read_sql("fold_anew")).scalar_one()
    log.warning("the log came from another server: its events are stamped anew and folded again", up_to_row=events)


def stamp_next(session: WriteSession, batch_events: int, batch_bytes: int) -> None:
    """Stamp about one window of events, unless another worker is at it."""
    if not _cursor_is_ours(session):
        return
    # Before the statement's look at the log: whoever moves events to another partition has ended by then.
    session.exec_driver_sql("LOCK TABLE landing.event IN ROW EXCLUSIVE MODE")
    session.exec_driver_sql(read_sql("fold_stamp"), {"batch_events": batch_events, "batch_bytes": batch_bytes})


def _cursor_is_ours(session: WriteSession) -> bool:
    ours = "SELECT FROM landing.fold_cursor WHERE name = 'fold' FOR UPDATE SKIP LOCKED"
    return session.exec_driver_sql(ours).one_or_none() is not None
