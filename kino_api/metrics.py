"""Metric values as the API tells them, and whose they are by name or id."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kino_api.access import UnknownInitiative, UnknownProject, sees_initiative, sees_project, viewer
from kino_api.initiatives import find_initiative
from kino_api.permissions import Action, Permission, Resource, may_in_project, not_allowed
from kino_api.projects import find_project
from kino_api.sql import read_sql
from kino_api.users import User
from kino_core.database import ReadSession, query
from kino_core.errors import InvalidInput, NotFound
from kino_core.events import agent_key, repository_id
from kino_core.gold import PORTFOLIO, Evidence, MetricValue, Point, Scope
from kino_core.identities import identify
from kino_core.judgements import Detail
from kino_core.metrics import Direction, Kind, Metric, ScopeType, Unit
from kino_core.restatement import Restatement
from kino_core.statistics import TrendWord

MOST_EVIDENCE = 1_000
READ_METRICS = Permission(Resource.METRIC, Action.READ)


@dataclass(frozen=True)
class MetricFacts:
    """What people read about a metric."""

    key: str
    label: str
    definition: str
    unit: Unit
    direction: Direction
    kind: Kind
    version: int


@dataclass(frozen=True)
class SeriesPoint:
    """One period of a series; `value` is null where there is no input."""

    start: date
    end: date
    value: float | None
    n: int


@dataclass(frozen=True)
class Reading:
    """A number with what it takes to judge it, and its scope.

    `p90` stands beside a median; `interval_low` and `interval_high` say how far a median or a share may be off by
    chance. `details` and `reasons` are what else there is to know of a number that changes as time passes.
    """

    metric: str
    scope_type: ScopeType
    scope_id: uuid.UUID | str | None
    value: float | None
    unit: Unit
    n: int
    coverage: float | None
    lower: float | None
    upper: float | None
    p90: float | None
    interval_low: float | None
    interval_high: float | None
    details: dict[str, Detail]
    reasons: list[str]
    period: str
    as_of: datetime
    snapshot_id: int
    version: int
    series: list[SeriesPoint]


@dataclass(frozen=True)
class Comparison:
    """How the number goes: its last eight periods in a row, the slope a period, and how likely chance is."""

    word: TrendWord
    slope: float
    p: float
    n: int


@dataclass(frozen=True)
class ComparedReading(Reading):
    """A number held against the period before, the same a year ago, and the last eight periods that are over.

    The same members as `kino metrics show --json`, and its scope. While the period runs, sums are compared with as many
    days. `trend` is null where fewer than eight periods have a value.
    """

    previous: SeriesPoint | None
    year_ago: SeriesPoint | None
    trend: Comparison | None


@dataclass(frozen=True)
class RestatedReading:
    """A number then and now; `appeared` and `gone` are what stands behind the one and not behind the other.

    Of each at most MOST_EVIDENCE are told, and `appeared_total` and `gone_total` count all.
    """

    then: Reading
    now: Reading
    appeared: list[Evidence]
    appeared_total: int
    gone: list[Evidence]
    gone_total: int


class ScopesCombined(InvalidInput):
    """A number of two scopes at once."""

    code = "SCOPES_COMBINED"


class UnknownScope(NotFound):
    """Nothing has the name or id whose numbers were asked for."""

    code = "UNKNOWN_SCOPE"


def facts_of(declared: Metric) -> MetricFacts:
    """Return a metric without the expressions that compute it."""
    return MetricFacts(
        declared.key,
        declared.label,
        declared.definition,
        declared.unit,
        declared.direction,
        declared.kind,
        declared.version,
    )


def reading_of(found: MetricValue) -> Reading:
    """Return a value as the API tells it."""
    return Reading(**_members(found))


def compared_reading_of(found: MetricValue) -> ComparedReading:
    """Return a value that was compared as the API tells it."""
    trend = found.trend
    return ComparedReading(
        **_members(found),
        previous=None if found.previous is None else _point(found.previous),
        year_ago=None if found.year_ago is None else _point(found.year_ago),
        trend=None if trend is None else Comparison(trend.word, trend.slope, trend.p, trend.n),
    )


def _members(found: MetricValue) -> dict[str, Any]:
    return {
        "metric": found.metric.key,
        "scope_type": found.scope.type,
        "scope_id": found.scope.id,
        "value": found.value,
        "unit": found.metric.unit,
        "n": found.n,
        "coverage": found.coverage,
        "lower": found.lower,
        "upper": found.upper,
        "p90": found.p90,
        "interval_low": found.interval and found.interval.low,
        "interval_high": found.interval and found.interval.high,
        "details": dict(found.details),
        "reasons": list(found.reasons),
        "period": str(found.period),
        "as_of": found.as_of,
        "snapshot_id": found.snapshot_id,
        "version": found.metric.version,
        "series": [_point(point) for point in found.series],
    }


def _point(point: Point) -> SeriesPoint:
    return SeriesPoint(point.start, point.end, point.value, point.n)


def restated_reading_of(found: Restatement) -> RestatedReading:
    """Return a restatement as the API tells it."""
    return RestatedReading(
        then=reading_of(found.then),
        now=reading_of(found.now),
        appeared=found.appeared[:MOST_EVIDENCE],
        appeared_total=len(found.appeared),
        gone=found.gone[:MOST_EVIDENCE],
        gone_total=len(found.gone),
    )


def find_scope(session: ReadSession, user: User, named: dict[ScopeType, str | None]) -> Scope:
    """Return the scope that the one given name or id means, the portfolio when none is given.

    Raises InvalidInput for more than one; UnknownProject, UnknownInitiative or UnknownScope for what the user does not
    see, in the words for what does not exist; NotAllowed for a number that also tells of projects which the user does
    not see.
    """
    given = [(scope_type, name) for scope_type, name in named.items() if name is not None]
    if len(given) > 1:
        names = " and ".join(scope_type for scope_type, _ in given)
        raise ScopesCombined(f"{names} cannot be combined. Name one of them.", field=given[0][0])
    if given:
        return _find(session, user, *given[0])
    if user.role is None:
        raise not_allowed(READ_METRICS)
    return PORTFOLIO


def developer_scope(session: ReadSession, user: User, developer_id: uuid.UUID) -> Scope:
    """Return the scope of a developer's numbers, by the id of the user or of the person; raises UnknownScope."""
    rows = query(session, read_sql("developer"), id=developer_id)
    if not rows or not _sees_numbers(session, user, ScopeType.PERSON, rows[0].id):
        raise UnknownScope("There is no developer of that id, or none of a project that you lead.")
    return Scope(ScopeType.PERSON, rows[0].id)


def _find(session: ReadSession, user: User, scope_type: ScopeType, name: str) -> Scope:
    if scope_type is ScopeType.PROJECT:
        return _find_project(session, user, name)
    if scope_type is ScopeType.INITIATIVE:
        return _find_initiative(session, user, name)
    found = _id_of(session, scope_type, name)
    if found is None or not _sees_numbers(session, user, scope_type, found):
        unless = "" if user.role is not None else ", or not all of its projects are yours"
        raise UnknownScope(f"There is no {scope_type} {name!r}{unless}. Check the spelling, or use its id.")
    return Scope(scope_type, found)


def _find_project(session: ReadSession, user: User, name: str) -> Scope:
    found = find_project(session, name)
    if found is None or not sees_project(session, user, found.id):
        raise UnknownProject(f"There is no project {name!r}.")
    if not may_in_project(user, READ_METRICS, found.id):
        raise not_allowed(READ_METRICS)
    return Scope(ScopeType.PROJECT, found.id)


def _find_initiative(session: ReadSession, user: User, name: str) -> Scope:
    found = find_initiative(session, name)
    if found is None or not sees_initiative(session, user, found.id):
        raise UnknownInitiative(f"There is no initiative {name!r}.")
    if user.role is None:
        raise not_allowed(READ_METRICS)
    return Scope(ScopeType.INITIATIVE, found.id)


def _sees_numbers(session: ReadSession, user: User, scope_type: ScopeType, scope_id: uuid.UUID) -> bool:
    """Return whether the numbers of a repository, a person or an agent tell of nothing that the user does not see."""
    return user.role is not None or bool(
        query(session, read_sql(f"visible_{scope_type}_numbers"), id=scope_id, **viewer(user))
    )


def project_of(scope: Scope) -> uuid.UUID | None:
    """Return the project that a scope is, None where it is something else."""
    return scope.id if scope.type is ScopeType.PROJECT and isinstance(scope.id, uuid.UUID) else None


_FIND = {
    ScopeType.REPOSITORY: ("SELECT id FROM kino.repository WHERE id = :id OR id = :named_id", repository_id),
    ScopeType.AGENT: ("SELECT id FROM kino.agent WHERE id = :id OR id = :named_id", agent_key),
}


def _id_of(session: ReadSession, scope_type: ScopeType, name: str) -> uuid.UUID | None:
    """Return the id of the repository, person or agent that is meant by its name or id."""
    try:
        by_id: uuid.UUID | None = uuid.UUID(name)
    except ValueError:
        by_id = None
    if scope_type is ScopeType.PERSON:
        rows = query(
            session,
            "SELECT person_id AS id FROM kino.identity WHERE person_id IS NOT NULL"
            " AND (person_id = :id OR key = :key) LIMIT 1",
            id=by_id,
            key=identify("", name).key,
        )
    else:
        sql, key_of = _FIND[scope_type]
        rows = query(session, sql, id=by_id, named_id=key_of(name))
    return rows[0].id if rows else None
