"""The one reader of gold: metric values with their sample size, coverage and bounds, at one snapshot of the lake."""

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime

from kino_core.metrics import Metric, ScopeType
from kino_core.periods import Period


@dataclass(frozen=True)
class Scope:
    """Whose number is asked for; `id` is None for the portfolio, a UUID or an agent type's name otherwise."""

    type: ScopeType
    id: uuid.UUID | str | None = None


PORTFOLIO = Scope(ScopeType.PORTFOLIO)


@dataclass(frozen=True)
class Point:
    """One period of a series; `value` is None where there is no input."""

    start: date
    end: date
    value: float | None
    n: int


@dataclass(frozen=True)
class MetricValue:
    """A number and everything needed to judge it.

    `n` counts the entities behind it and `coverage` (0 to 1, None without entities) the share of them whose input
    exists. `lower` and `upper` are None where the metric has no bounds.
    """

    metric: Metric
    scope: Scope
    period: Period
    value: float | None
    n: int
    coverage: float | None
    lower: float | None
    upper: float | None
    as_of: datetime
    snapshot_id: int
    series: list[Point] = field(default_factory=list)
