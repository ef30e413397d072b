"""The safety net under the warm refresher: when events wait too long for the lake, Dagster starts a run itself."""

import dagster as dg
import psycopg

from kino_assets.refresh import lake_cursor
from kino_core.database import libpq_url
from kino_core.settings import Settings, load_settings

PATIENCE_SECONDS = 30


@dg.sensor(
    job_name="refresh",
    minimum_interval_seconds=PATIENCE_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a refresh when the refresher has left events unread for more than half a minute.",
)
def stale_lake() -> dg.RunRequest | dg.SkipReason:
    """Ask for a refresh when the oldest unread event landed more than half a minute ago."""
    settings = load_settings()
    low = lake_cursor(settings)
    waited = oldest_unread_seconds(settings, low)
    if waited < PATIENCE_SECONDS:
        return dg.SkipReason(f"The oldest unread event has waited {waited:.0f} s; the refresher keeps up.")
    # The same stretch of the log is asked for once, however often this is evaluated.
    return dg.RunRequest(run_key=f"from-{low}")


def oldest_unread_seconds(settings: Settings, low: int) -> float:
    """Return how long the oldest event from transaction `low` on has waited, in seconds; 0 where there is none."""
    with psycopg.connect(libpq_url(settings.database_url), autocommit=True) as connection:
        row = connection.execute(
            "SELECT extract(epoch FROM clock_timestamp() - min(received_at)) FROM landing.event"
            " WHERE xid >= %s::text::xid8",
            [str(low)],
        ).fetchone()
    return float(row[0]) if row and row[0] is not None else 0.0
