"""The tiles of a page: a metric's value with its bounds, its change and the way to what is behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dashboards.formats import bounds, number, period_name, plural, quantity, share
from kino_core.comparisons import period_before
from kino_core.gold import Gold, MetricValue, Scope
from kino_core.metrics import Direction, Kind, Metric, Unit, metric
from kino_core.periods import Period

SURE_TREND_N = 8
"""Entities on both sides that a change needs before it is coloured as better or worse."""


@dataclass(frozen=True)
class Change:
    """How a value stands against an earlier one; `verdict` is "better", "worse" or empty."""

    words: str
    against: str
    verdict: str


@dataclass(frozen=True)
class Tile:
    """One figure; `value` is None when there is no data, `range` holds two shares of 0 to 1."""

    label: str
    definition: str
    value: str | None
    href: str | None = None
    range: tuple[float, float] | None = None
    change: Change | None = None
    note: str | None = None


def tiles(gold: Gold, keys: Sequence[str], scope: Scope, period: Period, today: date, link: str) -> list[Tile]:
    """Return a tile for each metric, compared with the period before; `link` is the address of its explanations."""
    now = gold.values(keys, [scope], period)
    before = {key: period_before(metric(key), period, today) for key in keys}
    earlier: dict[tuple[str, Scope], MetricValue] = {}
    for against in set(before.values()):
        earlier |= gold.values([key for key in keys if before[key] == against], [scope], against)
    return [tile(now[key, scope], earlier[key, scope], before[key], f"{link}/{key}?period={period}") for key in keys]


def tile(found: MetricValue, earlier: MetricValue | None, against: Period, href: str) -> Tile:
    """Return the tile of one value."""
    unit = found.metric.unit
    has_range = found.lower is not None and found.upper is not None and unit is Unit.SHARE
    return Tile(
        label=found.metric.label,
        definition=found.metric.definition,
        value=None if found.value is None else quantity(found.value, unit),
        href=href if found.n else None,
        range=(found.lower or 0.0, found.upper or 0.0) if has_range and found.value is not None else None,
        change=_change(found, earlier, against),
        note=_note(found),
    )


_NOUNS = {
    # Beside a tile that counts every commit, the smaller number would look like an error.
    "agent_commit_share": ("commit that is no merge or bot’s", "commits without merges and bots’"),
    "blocker_change": ("blocker", "blockers"),
    "capture_rate": ("session", "sessions"),
    "commit": ("commit", "commits"),
    "pull_request": ("pull request", "pull requests"),
    "pull_request_cost": ("pull request", "pull requests"),
    "task": ("task", "tasks"),
    "test_run": ("test run", "test runs"),
}


def _note(found: MetricValue) -> str | None:
    words = []
    noun = _NOUNS.get(found.metric.key) or _NOUNS.get(found.metric.fact, ("entity", "entities"))
    if (spread := bounds(found)) is not None:
        words.append(f"range {spread}")
    if found.metric.kind in (Kind.RATIO, Kind.QUOTIENT, Kind.MEDIAN) and found.value is not None:
        words.append(f"of {plural(found.n, *noun)}")
    if found.value is not None and found.coverage is not None and found.coverage < 1:
        words.append(f"{share(found.coverage)} known")
    return " · ".join(words) or None


def _change(found: MetricValue, earlier: MetricValue | None, against: Period) -> Change | None:
    if earlier is None or found.value is None or earlier.value is None:
        return None
    words = _change_words(found.value, earlier.value, found.metric)
    verdict = _verdict(found.value - earlier.value, found.metric.direction)
    if min(found.n, earlier.n) < SURE_TREND_N:
        verdict = ""
    return Change(words, f"{period_name(against)}: {quantity(earlier.value, found.metric.unit)}", verdict)


def _change_words(value: float, earlier: float, metric: Metric) -> str:
    difference = value - earlier
    if difference == 0:
        return "unchanged ·"
    sign = "+" if difference > 0 else "\N{MINUS SIGN}"
    if metric.unit is Unit.SHARE:
        return f"{sign}{abs(difference) * 100:.1f} points ·"
    if metric.kind is Kind.LEVEL or min(abs(value), abs(earlier)) < SURE_TREND_N:
        # A percentage of a handful says more than it knows.
        return f"{sign}{number(abs(difference))} ·"
    return f"{sign}{abs(difference) / abs(earlier):.0%} ·".replace("%", "\N{NARROW NO-BREAK SPACE}%")


def _verdict(difference: float, good: Direction) -> str:
    if difference == 0 or good is Direction.NEITHER:
        return ""
    return "better" if (difference > 0) == (good is Direction.UP) else "worse"
