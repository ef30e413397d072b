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


class Direction(StrEnum):
    """Which way is better, where one is."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


class Kind(StrEnum):
    """How a period's value follows from its measurements.

    SUM adds numerators; FREQUENCY does and divides by the weeks of the period that have begun; DAYS counts the days
    with a numerator above zero; RATIO divides the sum of numerators by the sum of denominators; MEDIAN takes the
    median of numerators, with their 90th percentile; LEVEL adds every change up to the period's end, so it says how
    many there are then; LEVEL_RATIO divides two of those.
    """

    SUM = "sum"
    FREQUENCY = "frequency"
    DAYS = "days"
    RATIO = "ratio"
    MEDIAN = "median"
    LEVEL = "level"
    LEVEL_RATIO = "level_ratio"


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
    whose day the measurement belongs to. `signed` says that values may fall below 0, and shares rise above 1.
    """

    key: str
    label: str
    definition: str
    unit: Unit
    direction: Direction
    kind: Kind
    fact: str
    occurred_at: str
    numerator: str = "1"
    denominator: str = "NULL"
    upper: str = "NULL"
    filter: str = "true"
    version: int = 1
    signed: bool = False
