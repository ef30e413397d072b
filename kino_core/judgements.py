"""States that take more than adding up: what a function makes of the rows that they stand on."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from kino_core.health import Signs, health_of
from kino_core.metrics.declaration import Direction
from kino_core.project_states import ProjectStatus
from kino_core.statistics import FORECAST_WEEKS, TrendWord, forecast, trend
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
    details: Mapping[str, Detail] = field(default_factory=dict)
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


@dataclass(frozen=True)
class Judgement:
    """What makes a state of its rows, and the file below `sql/states` that they come from."""

    rows: str
    judge: Callable[[Sequence[Row], Moment], State]


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


def forecast_finish(rows: Sequence[Row], moment: Moment) -> State:
    """Return in how many days all is done in 85 of 100 draws."""
    remaining = sum(row.reason == "remaining" for row in rows)
    finish = _finish(rows, moment)
    if finish is None:
        return State(n=0, entities=remaining)
    reasons = () if remaining else (f"Nothing is left to do since {finish.p85}",)
    value = (finish.p85 - finish.today).days if remaining else 0
    details: dict[str, Detail] = {"p50": str(finish.p50), "p85": str(finish.p85), "remaining": remaining}
    return State(value, remaining, remaining, details, reasons)


def schedule_variance_days(rows: Sequence[Row], moment: Moment) -> State:
    """Return how many days after its planned end a project is done in 85 of 100 draws."""
    remaining = sum(row.reason == "remaining" for row in rows)
    finish, end = _finish(rows, moment), _planned_end(rows)
    if finish is None or end is None:
        return State(n=0, entities=remaining)
    details = {"p85": str(finish.p85), "planned_end": str(end)}
    return State((finish.p85 - end).days, remaining, remaining, details)


def health(rows: Sequence[Row], moment: Moment) -> State:
    """Return how a project stands: 0 on track or completed, 1 at risk, 2 blocked."""
    opened = [row.occurred_at for row in rows if row.reason == "blocker"]
    finish = _finish(rows, moment) if any(row.reason == "remaining" for row in rows) else None
    signs = Signs(
        open_blockers=len(opened),
        oldest_blocker_at=min(opened, default=None),
        last_activity_at=max((row.occurred_at for row in rows if row.reason == "activity"), default=None),
        end_date=_planned_end(rows),
        time_zone=moment.time_zone,
        slipping=sum(row.reason == "slipping" for row in rows),
        finish_by=None if finish is None else finish.p85,
    )
    said = next((ProjectStatus(row.entity) for row in rows if row.reason == "said" and row.entity in _STATUSES), None)
    found = health_of(said, None, signs, moment.at)
    counted = sum(row.counted for row in rows)
    if found.status is None:
        return State(n=counted, entities=counted, reasons=found.reasons)
    by_rule = tuple(f"By the rules: {reason}" for reason in found.rule_reasons) if found.said else ()
    details = {"status": str(found.status), "rule_status": found.rule_status and str(found.rule_status)}
    return State(_GRAVITY[found.status], counted, counted, details, (*found.reasons, *by_rule))


_STATUSES = frozenset(ProjectStatus)
_GRAVITY = {ProjectStatus.ON_TRACK: 0, ProjectStatus.COMPLETED: 0, ProjectStatus.AT_RISK: 1, ProjectStatus.BLOCKED: 2}


@dataclass(frozen=True)
class _Finish:
    """The days by which all is done in half of the draws and in 85 of 100, or on which it was."""

    today: date
    p50: date
    p85: date


def _finish(rows: Sequence[Row], moment: Moment) -> _Finish | None:
    today = _day(moment.at, moment)
    done = [row.occurred_at for row in rows if row.reason == "done"]
    remaining = sum(row.reason == "remaining" for row in rows)
    if not remaining:
        if not done:
            return None
        last = _day(max(done), moment)
        return _Finish(today, last, last)
    under_way = max((row.numerator or 0 for row in rows if row.reason in _ITEMS), default=0)
    weeks = min(FORECAST_WEEKS, int(under_way // 7))
    ages = [(moment.at - each) // timedelta(weeks=1) for each in done]
    found = forecast([ages.count(week) for week in range(weeks)], remaining)
    if found is None:
        return None
    p50, p85 = (today + timedelta(weeks=weeks) for weeks in (found.p50_weeks, found.p85_weeks))
    return _Finish(today, p50, p85)


_ITEMS = ("remaining", "done", "gone")


def _planned_end(rows: Sequence[Row]) -> date | None:
    return next((date.fromisoformat(row.entity) for row in rows if row.reason == "end"), None)


def _day(moment: datetime, where: Moment) -> date:
    return moment.astimezone(ZoneInfo(where.time_zone)).date()


JUDGEMENTS: dict[str, Judgement] = {
    "events_landed": Judgement("events_landed", events_landed),
    "needs_support": Judgement("needs_support", needs_support),
    "forecast_finish": Judgement("forecast_finish", forecast_finish),
    "schedule_variance_days": Judgement("forecast_finish", schedule_variance_days),
    "health": Judgement("health", health),
}
"""By the key of their metric."""
