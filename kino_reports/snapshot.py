"""The frozen data of one report: every form is rendered from it alone, and its bytes have one fingerprint."""

import hashlib
import math
import uuid
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import msgspec

from kino_core.events import canonical_json
from kino_core.metrics import Direction, ScopeType, Unit
from kino_core.periods import Grain, Period

SNAPSHOT_VERSION = 1
"""Raised whenever the shape below changes, so that an old snapshot is never read as a new one."""


class ReportKind(StrEnum):
    """The reports that Kino makes."""

    QBR = "qbr"
    NEWSLETTER = "newsletter"


@dataclass(frozen=True)
class Reading:
    """One number: `value` is None without input; `n` entities stand behind it; `coverage` is 0 to 1."""

    value: float | None = None
    n: int = 0
    coverage: float | None = None
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class Step:
    """One step of a series."""

    start: date
    end: date
    value: float | None
    n: int


@dataclass(frozen=True)
class Number:
    """One metric of one scope: in the period, in the one before, and a year before.

    `steps` cut the period by the snapshot's `step_grain`; `months` are the twelve up to the period's end, for the
    report's own scope only.
    """

    key: str
    now: Reading
    previous: Reading
    year_before: Reading
    steps: tuple[Step, ...] = ()
    months: tuple[Step, ...] = ()

    @property
    def known(self) -> bool:
        """Return whether any of its three readings has a value."""
        return any(reading.value is not None for reading in (self.now, self.previous, self.year_before))


@dataclass(frozen=True)
class Definition:
    """What a metric of the report means, as declared when the report was frozen."""

    key: str
    version: int
    label: str
    definition: str
    unit: Unit
    direction: Direction


@dataclass(frozen=True)
class Actors:
    """How many distinct people, agents and automation accounts committed or reported in a period."""

    humans: int
    agents: int
    automation: int


@dataclass(frozen=True)
class Blocker:
    """A blocker that was open at the end of the period, or at the as-of time when that is earlier."""

    project_id: uuid.UUID
    project: str
    description: str
    task: str
    agent: str
    since: datetime


@dataclass(frozen=True)
class MergedPullRequest:
    """A pull request merged in the period by a human or an agent; `lines` is None where sizes are unknown."""

    project_id: uuid.UUID
    project: str
    repository: str
    number: int
    title: str
    lines: int | None
    merged_on: date


@dataclass(frozen=True)
class ProjectFacts:
    """One project of the report's scope."""

    id: uuid.UUID
    name: str
    initiative: str | None
    sample: bool
    status: str | None
    status_reason: str | None
    start_date: date | None
    end_date: date | None
    repositories: tuple[str, ...]
    actors: Actors
    last_commit_on: date | None
    numbers: tuple[Number, ...]

    def number(self, key: str) -> Number:
        """Return the project's number for the metric `key`; without data when it was not frozen."""
        return _number(self.numbers, key)


@dataclass(frozen=True)
class ReportSnapshot:
    """Everything a report says. Times are UTC; `as_of` is the moment the data was pinned at.

    `complete` says whether the period was over when the report was asked for. The lake's last change, which is what
    `as_of` names, may be older than that.
    """

    kind: ReportKind
    scope_type: ScopeType
    scope_id: uuid.UUID | None
    scope_name: str
    start: date
    end: date
    as_of: datetime
    complete: bool
    lake_snapshot_id: int
    step_grain: Grain
    definitions: tuple[Definition, ...]
    numbers: tuple[Number, ...]
    actors: Actors
    actors_before: Actors
    projects: tuple[ProjectFacts, ...]
    blockers: tuple[Blocker, ...]
    merged: tuple[MergedPullRequest, ...]
    version: int = SNAPSHOT_VERSION

    @property
    def period(self) -> Period:
        """Return the days the report is about."""
        return Period(self.start, self.end)

    @property
    def last_day(self) -> date:
        """Return the last day of the period that the data can know about."""
        return self.end if self.complete else min(self.end, self.as_of.date())

    def number(self, key: str) -> Number:
        """Return the scope's number for the metric `key`; without data when it was not frozen."""
        return _number(self.numbers, key)

    def definition(self, key: str) -> Definition:
        """Return the definition of `key`; raises KeyError for a metric the report does not hold."""
        return {definition.key: definition for definition in self.definitions}[key]

    def to_json(self) -> bytes:
        """Return the canonical JSON: equal snapshots, equal bytes."""
        return canonical_json(msgspec.to_builtins(self))

    @property
    def sha256(self) -> str:
        """Return the fingerprint of the canonical JSON, in hex."""
        return hashlib.sha256(self.to_json()).hexdigest()


def thaw(frozen: dict[str, Any]) -> ReportSnapshot:
    """Return the snapshot stored as JSON object `frozen`; raises msgspec.ValidationError on another shape."""
    return msgspec.convert(frozen, ReportSnapshot)


def finite(value: float | None) -> float | None:
    """Return `value` as a float, or None when it is missing, infinite or no number."""
    return float(value) if value is not None and math.isfinite(value) else None


def _number(numbers: tuple[Number, ...], key: str) -> Number:
    nothing = Reading()
    return next((number for number in numbers if number.key == key), Number(key, nothing, nothing, nothing))
