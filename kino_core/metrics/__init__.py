"""Every metric, declared once; gold, the API, the pages, the reports and the docs all read it from here."""

from kino_core.errors import NotFound
from kino_core.metrics import agents, code, delivery, platform, quality, states, work
from kino_core.metrics.declaration import Direction, Kind, Metric, ScopeType, Unit

__all__ = ["METRICS", "Direction", "Kind", "Metric", "ScopeType", "Unit", "UnknownMetric", "metric"]

METRICS: tuple[Metric, ...] = (
    *work.METRICS,
    *code.METRICS,
    *agents.METRICS,
    *delivery.METRICS,
    *quality.METRICS,
    *states.METRICS,
    *platform.METRICS,
)


class UnknownMetric(NotFound):
    """No metric has that key."""

    code = "UNKNOWN_METRIC"


def metric(key: str) -> Metric:
    """Return the metric named `key`; raises UnknownMetric with the keys that exist."""
    for declared in METRICS:
        if declared.key == key:
            return declared
    known = ", ".join(declared.key for declared in METRICS)
    raise UnknownMetric(f"There is no metric {key!r}. Known metrics: {known}.")
