"""Gold and PostgreSQL → one frozen snapshot. Nothing that renders a report reads from anywhere else."""

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from kino_core.database import ReadSession
from kino_core.gold import MetricValue, Point, Scope
from kino_core.metrics import METRICS, ScopeType
from kino_core.periods import Grain, Period
from kino_reports import rows
from kino_reports.snapshot import (
    Actors,
    Definition,
    Number,
    ProjectFacts,
    Reading,
    ReportKind,
    ReportSnapshot,
    Step,
    finite,
)

Values = dict[tuple[str, Scope], MetricValue]

TRENDS = ("commits", "prs_merged", "agent_commit_share", "agent_pr_share", "test_pass_rate")
"""Metrics whose last twelve months a report draws."""

STEPPED: tuple[str, ...] = (
    "commits",
    "prs_merged",
    "tasks_started",
    "tasks_completed",
    "agent_activities",
    "blockers_open",
)
STEPPED += ("test_pass_rate", "agent_commit_share")


class GoldValues(Protocol):
    """What freezing needs of an open reader of gold."""

    snapshot_id: int
    as_of: datetime

    def values(
        self, keys: Sequence[str], scopes: Sequence[Scope], period: Period, by: Grain | None = None, /
    ) -> Values:
        """Return the values of every metric for every scope."""
        ...


def freeze(
    session: ReadSession, gold: GoldValues, kind: ReportKind, scope: Scope, period: Period, asked_at: datetime
) -> ReportSnapshot:
    """Return the snapshot of `scope` in `period`, pinned to what `gold` is pinned to.

    `asked_at` decides whether the period is over: the lake does not change while nothing happens.
    """
    as_of = gold.as_of.astimezone(UTC)
    complete = period.end < asked_at.astimezone(UTC).date()
    last = period.end if complete else min(period.end, as_of.date())
    name = rows.scope_name(session, scope)
    found = rows.projects(session, scope, last, as_of, asked_at)
    names = {row.id: row.name for row in found}
    numbers = _numbers(gold, scope, [row.id for row in found], period, last)
    actors = rows.actors(session, list(names), period, as_of)
    # Midnight UTC after the last day: a blocker reported on that day in any time zone west of Greenwich counts too.
    moment = min(as_of, datetime.combine(period.end + timedelta(days=1), time(), UTC))
    return ReportSnapshot(
        kind=kind,
        scope_type=scope.type,
        scope_id=scope.id if not isinstance(scope.id, str) else None,
        scope_name=name,
        start=period.start,
        end=period.end,
        as_of=as_of,
        complete=complete,
        lake_snapshot_id=gold.snapshot_id,
        step_grain=step_grain(period),
        definitions=_definitions(),
        numbers=numbers[scope],
        actors=actors[None],
        actors_before=rows.actors(session, list(names), period.previous(), as_of)[None],
        projects=tuple(
            _facts(row, numbers[Scope(ScopeType.PROJECT, row.id)], actors.get(row.id, Actors(0, 0, 0))) for row in found
        ),
        blockers=rows.open_blockers(session, names, moment),
        merged=rows.merged_pull_requests(session, names, period, as_of),
    )


def step_grain(period: Period) -> Grain:
    """Return the grain that cuts `period` into a readable number of steps."""
    if period.days > 120:
        return Grain.MONTH
    return Grain.WEEK if period.days > 21 else Grain.DAY


def _numbers(
    gold: GoldValues, scope: Scope, project_ids: Sequence[uuid.UUID], period: Period, last: date
) -> dict[Scope, tuple[Number, ...]]:
    keys = [declared.key for declared in METRICS]
    scopes = list(dict.fromkeys([scope, *(Scope(ScopeType.PROJECT, each) for each in project_ids)]))
    now = gold.values(keys, scopes, period)
    before = gold.values(keys, scopes, period.previous())
    year_before = gold.values(keys, scopes, period.year_before())
    stepped = gold.values(STEPPED, scopes, period, step_grain(period))
    year = Period(_year_back(period.end), period.end)
    months = gold.values(TRENDS, [scope], year, Grain.MONTH)
    return {
        each: tuple(
            Number(
                key=key,
                now=_reading(now, key, each),
                previous=_reading(before, key, each),
                year_before=_reading(year_before, key, each),
                steps=_steps(stepped, key, each, last),
                months=_steps(months, key, each, last),
            )
            for key in keys
        )
        for each in scopes
    }


def _reading(values: Values, key: str, scope: Scope) -> Reading:
    found = values.get((key, scope))
    if found is None:
        return Reading()
    return Reading(finite(found.value), found.n, finite(found.coverage), finite(found.lower), finite(found.upper))


def _steps(values: Values, key: str, scope: Scope, last: date) -> tuple[Step, ...]:
    found = values.get((key, scope))
    return tuple(_step(point) for point in found.series if point.start <= last) if found else ()


def _step(point: Point) -> Step:
    return Step(point.start, point.end, finite(point.value), point.n)


def _year_back(end: date) -> date:
    """Return the first day of the month that begins the twelve months up to `end`."""
    return date(end.year, 1, 1) if end.month == 12 else date(end.year - 1, end.month + 1, 1)


def _definitions() -> tuple[Definition, ...]:
    return tuple(
        Definition(
            declared.key, declared.version, declared.label, declared.definition, declared.unit, declared.direction
        )
        for declared in METRICS
    )


def _facts(row: rows.ProjectRow, numbers: tuple[Number, ...], actors: Actors) -> ProjectFacts:
    return ProjectFacts(
        id=row.id,
        name=row.name,
        initiative=row.initiative,
        sample=row.sample,
        status=row.status,
        status_reason=row.status_reason,
        start_date=row.start_date,
        end_date=row.end_date,
        repositories=row.repositories,
        actors=actors,
        last_commit_on=row.last_commit_on,
        numbers=numbers,
    )
