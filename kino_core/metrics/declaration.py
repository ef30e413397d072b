"""What a metric is: the words people read about it, and how it is measured."""

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What a value is counted in."""

    COUNT = "count"
    LINES = "lines"
    SHARE = "share"
    HOURS = "hours"
    DAYS = "days"
    SECONDS = "seconds"
    PER_WEEK = "a week"
    TOKENS = "tokens"
    DOLLARS = "dollars"
    GRAVITY = "0 on track, 1 at risk, 2 blocked"


class Direction(StrEnum):
    """Which way is better, where one is."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


class Kind(StrEnum):
    """How a period's value follows from its measurements.

    SUM adds numerators; FREQUENCY does and divides by the weeks of the period that have begun; DAYS counts the days
    with a numerator above zero; RATIO divides the sum of numerators by the sum of denominators, of which they are a
    share; QUOTIENT does where they are none, and so has no interval; MEDIAN takes the median of numerators, with their
    90th percentile; LEVEL adds every change up to the period's end, so it says how many there are then; LEVEL_RATIO
    divides two of those. STATE is what changes although nothing happens, because time
    passes: it is not kept in gold but worked out on reading, as of the end of the period or as of now.
    """

    SUM = "sum"
    FREQUENCY = "frequency"
    DAYS = "days"
    RATIO = "ratio"
    QUOTIENT = "quotient"
    MEDIAN = "median"
    LEVEL = "level"
    LEVEL_RATIO = "level_ratio"
    STATE = "state"


class ScopeType(StrEnum):
    """Whose number it is."""

    PORTFOLIO = "portfolio"
    INITIATIVE = "initiative"
    PROJECT = "project"
    REPOSITORY = "repository"
    PERSON = "person"
    AGENT = "agent"
    AGENT_TYPE = "agent_type"


@dataclass(frozen=True)
class Metric:
    """One metric: what people read about it, and how a row of its fact table is measured.

    `numerator`, `denominator`, `upper` and `filter` are DuckDB expressions over a row of `silver.<fact>`;
    a null numerator means that the input is missing and lowers the coverage. `occurred_at` is the fact's column
    whose day the measurement belongs to.

    A STATE has none of these. It stands on the rows of `sql/states/<key>.sql`, which `value` reduces and `details`
    tell more of, each a name and another DuckDB aggregate over the same rows; where `value` is empty, a function of
    `kino_core.judgements` makes it of them. `also` names the further tables that it looks at. One with `trend_of` is
    how the metric of that key goes by weeks. Only what is `signed` is ever below zero, or as a share above one.
    `scopes` are those that the number can be of, where not of all.
    """

    key: str
    label: str
    definition: str
    unit: Unit
    direction: Direction
    kind: Kind
    fact: str
    occurred_at: str = "occurred_at"
    numerator: str = "1"
    denominator: str = "NULL"
    upper: str = "NULL"
    filter: str = "true"
    version: int = 1
    also: tuple[str, ...] = ()
    value: str = ""
    details: tuple[tuple[str, str], ...] = ()
    trend_of: str | None = None
    signed: bool = False
    scopes: tuple[ScopeType, ...] = ()

    @property
    def facts(self) -> tuple[str, ...]:
        """Return every silver table that the metric is computed from."""
        return (self.fact, *self.also)


def hours(first: str, last: str) -> str:
    """Return the SQL of the hours between two moments, null where one is missing or a clock went backwards."""
    return f"CASE WHEN {last} >= {first} THEN date_diff('second', {first}, {last}) / 3600.0 END"
