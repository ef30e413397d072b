"""The newest numbers of the lake as PostgreSQL has them, so that lists show, filter and sort by them."""

from dataclasses import dataclass
from datetime import datetime

from kino_core.database import ReadSession, query
from kino_core.metrics import Metric
from kino_core.metrics.agents import AGENT_COMMIT_SHARE, BLOCKERS_OPEN
from kino_core.metrics.code import COMMITS, PRS_MERGED

PUBLISHED: tuple[Metric, ...] = (COMMITS, PRS_MERGED, AGENT_COMMIT_SHARE, BLOCKERS_OPEN)
"""The metrics whose values of the running month are copied to `kino.metric_value`, for every project."""


@dataclass(frozen=True)
class Publication:
    """Which snapshot of the lake `kino.metric_value` stands for, and which month (UTC) its values are of."""

    period: str
    snapshot_id: int
    as_of: datetime


def newest_publication(session: ReadSession) -> Publication | None:
    """Return what was published last, None before the lake's first refresh."""
    rows = query(session, "SELECT period, snapshot_id, as_of FROM kino.metric_publication")
    return Publication(*rows[0]) if rows else None
