"""States that take more than adding up: what a function makes of the rows that they stand on."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kino_core.metrics.declaration import Direction
from kino_core.statistics import TrendWord, trend
from kino_core.words import plural

Detail = str | int | float | None

MANY_REVIEWS = 3
LATE_REVIEW_DAYS = 3
LONG_LIVED_DAYS = 7


@dataclass(frozen=True)
class State:
    """What a state comes to: like any value, with what else there is to know and the reasons in words."""

    value: float | None = None
    n: int = 0
    entities: int = 0
    details: dict[str, Detail] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Moment:
    """The moment that a state is asked for, and the time zone of whom it is asked for."""

    at: datetime
    time_zone: str


@dataclass(frozen=True)
class Row:
    """One row that a state stands on."""

    entity: str
    occurred_at: datetime
    numerator: float | None
    counted: bool
    reason: str | None


Judgement = Callable[[Sequence[Row], Moment], State]


def events_landed(rows: Sequence[Row], _moment: Moment) -> State:
    """Return how many events came in; the details say from where."""
    by_source = Counter[str]()
    for row in rows:
        by_source[row.reason or ""] += int(row.numerator or 0)
    total = by_source.total()
    return State(total, total, total, dict(sorted(by_source.items())))


def needs_support(rows: Sequence[Row], _moment: Moment) -> State:
    """Return how many signs there are that a person is held up, each with its reason."""
    reviews = [row.numerator or 0 for row in rows if row.counted and row.reason == "review"]
    long_lived = [
        row for row in rows if row.counted and row.reason == "open" and (row.numerator or 0) > LONG_LIVED_DAYS
    ]
    rework = trend([row.numerator for row in rows if row.reason == "rework"], Direction.DOWN)
    reasons = []
    if len(reviews) >= MANY_REVIEWS or max(reviews, default=0) > LATE_REVIEW_DAYS:
        waits = plural(len(reviews), "review waits", "reviews wait")
        reasons.append(f"{waits} for them, the oldest for {plural(int(max(reviews)), 'day')}")
    if long_lived:
        oldest = max(row.numerator or 0 for row in long_lived)
        are = plural(len(long_lived), "pull request of theirs is", "pull requests of theirs are")
        reasons.append(f"{are} open for more than {LONG_LIVED_DAYS} days, the oldest for {plural(int(oldest), 'day')}")
    if rework is not None and rework.word is TrendWord.WORSENING:
        reasons.append("More and more of their work is done again, over the last 8 weeks")
    counted = sum(row.counted for row in rows)
    return State(
        len(reasons), counted, counted, {"reviews": len(reviews), "long_lived": len(long_lived)}, tuple(reasons)
    )


JUDGEMENTS: dict[str, Judgement] = {"events_landed": events_landed, "needs_support": needs_support}
"""By the key of their metric."""
