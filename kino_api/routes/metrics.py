"""Metrics over HTTP: the catalogue, values with what it takes to judge them, and the events behind them."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import TypeAdapter

from kino_api.access import sight_of
from kino_api.authentication import CurrentUser, reading
from kino_api.fields import MetricKey, Moment, PeriodName
from kino_api.guarded_route import guarded_router
from kino_api.metrics import (
    ComparedReading,
    MetricFacts,
    Reading,
    RestatedReading,
    compared_reading_of,
    developer_scope,
    facts_of,
    find_scope,
    reading_of,
    restated_reading_of,
)
from kino_api.projects import get_project
from kino_api.resources import resources_of
from kino_api.shapes import (
    DEFAULT_LIMIT,
    CursorText,
    InvalidCursor,
    Limit,
    Page,
    cursor_parts,
    page_of,
)
from kino_api.users import User
from kino_core.errors import InvalidInput
from kino_core.gold import Evidence, Gold, Scope, open_gold
from kino_core.metrics import METRICS, Kind, Metric, ScopeType, metric
from kino_core.periods import Grain, Period, parse_period
from kino_core.published import newest_publication
from kino_core.restatement import restated

router = guarded_router("/api/v1/metrics", "metrics")
project_router = guarded_router("/api/v1/projects/{project_id}/metrics", "metrics")
agent_router = guarded_router("/api/v1/agents/{agent_id}/metrics", "metrics")
developer_router = guarded_router("/api/v1/developers/{developer_id}/metrics", "metrics")

MOST_POINTS = 1_000
LARGEST_OFFSET = 10_000_000
READINGS = TypeAdapter(list[Reading])

Name = Annotated[str | None, Query(max_length=300, pattern=r"^[^\x00]*$")]
PeriodText = Annotated[PeriodName | None, Query(description="This month when left out.")]
AsOf = Annotated[
    Moment | None, Query(description="The newest numbers that are no younger than this; the newest when left out.")
]
Since = Annotated[Moment, Query(description="When the number was read.")]


@dataclass(frozen=True)
class Asked:
    """Whose number is asked for, by name or id; nobody's is the portfolio's."""

    project: Name = None
    initiative: Name = None
    repository: Name = None
    person: Name = None
    agent: Name = None


class SeriesTooLong(InvalidInput):
    """A series of more points than anybody looks at."""

    code = "SERIES_TOO_LONG"


WhoseNumber = Annotated[Asked, Depends()]


@router.get("")
def catalogue(user: CurrentUser) -> Page[MetricFacts]:
    """List every metric with its definition."""
    return Page(items=[facts_of(declared) for declared in METRICS], next_cursor=None)


@router.get("/{key}")
def value(
    request: Request,
    user: CurrentUser,
    key: MetricKey,
    asked: WhoseNumber,
    period: PeriodText = None,
    by: Grain | None = None,
    as_of: AsOf = None,
) -> ComparedReading:
    """Return a metric's value in a period, compared, with a series where `by` asks for one."""
    declared, days = metric(key), _period(period)
    if by is not None and len(list(islice(days.split(by), MOST_POINTS + 1))) > MOST_POINTS:
        raise SeriesTooLong(f"A series has at most {MOST_POINTS} points. Take a longer grain.", field="by")
    scope = _scope(request, user, asked)
    with _gold(request, as_of) as gold:
        found = gold.value(declared.key, scope, days, by, compared=True, projects=_told_of(user))
    return compared_reading_of(found)


@router.get("/{key}/explain")
def explain(
    request: Request,
    user: CurrentUser,
    key: MetricKey,
    asked: WhoseNumber,
    period: PeriodText = None,
    as_of: AsOf = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> Page[Evidence]:
    """List what is behind a value, oldest first, each with the event that told of it."""
    declared, days, offset = metric(key), _period(period), _offset(cursor)
    scope = _scope(request, user, asked)
    with _gold(request, as_of) as gold:
        found = gold.explain(declared.key, scope, days, limit + 1, offset, projects=_told_of(user))
    return page_of(found, limit, lambda _: (offset + limit,))


@router.get("/{key}/restatement")
def restatement(
    request: Request, user: CurrentUser, key: MetricKey, asked: WhoseNumber, since: Since, period: PeriodText = None
) -> RestatedReading:
    """Return what became of a value since it was read, and what came in or went between."""
    declared, days = metric(key), _period(period)
    scope = _scope(request, user, asked)
    settings, projects = resources_of(request).settings, _told_of(user)
    return restated_reading_of(restated(settings, declared.key, scope, days, since, projects=projects))


@project_router.get("")
def of_project(
    request: Request, user: CurrentUser, project_id: uuid.UUID, period: PeriodText = None, as_of: AsOf = None
) -> Page[Reading]:
    """Return every metric of a project in a period."""
    days = _period(period)
    with reading(request) as session:
        scope = Scope(ScopeType.PROJECT, get_project(session, project_id).id)
    return _every_metric(request, user, scope, days, as_of)


@agent_router.get("")
def of_agent(
    request: Request, user: CurrentUser, agent_id: uuid.UUID, period: PeriodText = None, as_of: AsOf = None
) -> Page[Reading]:
    """Return every metric of an agent in a period, over all of its projects."""
    days = _period(period)
    scope = _scope(request, user, Asked(agent=str(agent_id)))
    return _every_metric(request, user, scope, days, as_of)


@developer_router.get("")
def of_developer(
    request: Request, user: CurrentUser, developer_id: uuid.UUID, period: PeriodText = None, as_of: AsOf = None
) -> Page[Reading]:
    """Return every metric of a developer, by the id of the user or of the person; theirs and their leaders' to see."""
    days = _period(period)
    with reading(request) as session:
        scope = developer_scope(session, user, developer_id)
    return _every_metric(request, user, scope, days, as_of)


def _every_metric(request: Request, user: User, scope: Scope, days: Period, as_of: datetime | None) -> Page[Reading]:
    def work_out(metrics: Sequence[Metric]) -> list[Reading]:
        with _gold(request, as_of) as gold:
            values = gold.values([declared.key for declared in metrics], [scope], days, projects=_told_of(user))
        return [reading_of(values[declared.key, scope]) for declared in metrics]

    publication = None
    if as_of is None:
        with reading(request) as session:
            publication = newest_publication(session)
    if publication is None:
        return Page(items=work_out(METRICS), next_cursor=None)
    now = datetime.now(UTC)
    cache = resources_of(request).cache
    # A snapshot of the lake never changes, so nothing but its id has to be the same; that of today ends with the day.
    key = f"metrics:{scope.type}:{scope.id}:{days}:{now.date()}:{publication.snapshot_id}"
    kept = cache.get(key, (), READINGS, lambda: work_out(_KEPT))
    # What changes as time passes is at most a minute old, and its reasons name only what one sees.
    passing = cache.get(f"{key}:{now:%H:%M}:{sight_of(user)}", (), READINGS, lambda: work_out(_PASSING))
    found = {each.metric: each for each in (*kept, *passing)}
    return Page(items=[found[declared.key] for declared in METRICS], next_cursor=None)


def _told_of(user: User) -> list[uuid.UUID] | None:
    """Return the projects whose parts may be named: a person's numbers tell of all they did, but not what it was."""
    return None if user.role is not None else list(user.memberships)


_KEPT = [declared for declared in METRICS if declared.kind is not Kind.STATE]
_PASSING = [declared for declared in METRICS if declared.kind is Kind.STATE]


@contextmanager
def _gold(request: Request, as_of: datetime | None) -> Iterator[Gold]:
    """Yield gold as it is now, from the standing connection, or as it was."""
    resources = resources_of(request)
    if as_of is None:
        with resources.warehouse.gold() as gold:
            yield gold
    else:
        with open_gold(resources.settings, as_of) as gold:
            yield gold


def _scope(request: Request, user: User, asked: Asked) -> Scope:
    named = {
        ScopeType.PROJECT: asked.project,
        ScopeType.INITIATIVE: asked.initiative,
        ScopeType.REPOSITORY: asked.repository,
        ScopeType.PERSON: asked.person,
        ScopeType.AGENT: asked.agent,
    }
    with reading(request) as session:
        return find_scope(session, user, named)


def _period(text: str | None) -> Period:
    return parse_period(text) if text is not None else Period.of(Grain.MONTH, datetime.now(UTC).date())


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    [text] = cursor_parts(cursor, 1)
    if not (text.isascii() and text.isdigit() and int(text[:10]) <= LARGEST_OFFSET):
        raise InvalidCursor("The cursor is not one of this list. Take next_cursor as it came.", field="cursor")
    return int(text)
