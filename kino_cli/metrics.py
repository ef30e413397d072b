"""`kino metrics`: the catalogue, the numbers, and the events behind them."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from kino_cli.moments import AsOfOption, moment_of
from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, print_table
from kino_cli.scopes import AgentOption, InitiativeOption, PersonOption, ProjectOption, RepositoryOption, find_scope
from kino_core.metrics import METRICS, ScopeType, metric
from kino_core.periods import Grain, parse_period

if TYPE_CHECKING:
    from kino_core.gold import MetricValue

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

PeriodOption = Annotated[
    str, typer.Option("--period", metavar="PERIOD", help="2026, 2026-Q3, 2026-09, 2026-W37 or two days with a slash.")
]
SinceOption = Annotated[
    str, typer.Option("--since", metavar="T", help="When the number was read: a day or an RFC 3339 time.")
]


@app.command("list")
def list_metrics(home: HomeOption = None, json: JsonOption = False) -> None:
    """List every metric with its definition."""
    if json:
        items = [{k: v for k, v in asdict(m).items() if k in _PUBLIC} for m in METRICS]
        print_json({"items": items})
    else:
        print_table(["Key", "Unit", "Definition"], [(m.key, m.unit, m.definition) for m in METRICS])


@app.command()
def show(
    key: str,
    period: PeriodOption,
    project: ProjectOption = None,
    initiative: InitiativeOption = None,
    repository: RepositoryOption = None,
    person: PersonOption = None,
    agent: AgentOption = None,
    by: Annotated[Grain | None, typer.Option("--by", help="Also show each day, week or month of the period.")] = None,
    as_of: AsOfOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show one metric, of the whole portfolio unless a scope is named."""
    from kino_core.gold import open_gold

    declared, asked = metric(key), parse_period(period)
    settings = settings_of(home)
    scope = find_scope(settings, _names(project, initiative, repository, person, agent))
    with open_gold(settings, moment_of(as_of, "as_of") if as_of else None) as gold:
        found = gold.value(declared.key, scope, asked, by, compared=True)
    if json:
        print_json(_members(found))
        return
    rows = [(point.start, point.end, point.value, point.n) for point in found.series]
    rows.append((asked.start, asked.end, found.value, found.n))
    print_table(["From", "To", declared.label, "n"], rows)
    for sentence in _told_beside(found):
        print(sentence)
    print(f"{declared.definition} As of {found.as_of:%Y-%m-%d %H:%M} UTC.")


@app.command()
def explain(
    key: str,
    period: PeriodOption,
    project: ProjectOption = None,
    initiative: InitiativeOption = None,
    repository: RepositoryOption = None,
    person: PersonOption = None,
    agent: AgentOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many entities to list.")] = 100,
    offset: Annotated[int, typer.Option("--offset", min=0, help="How many to skip.")] = 0,
    as_of: AsOfOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """List the entities behind a number, each with the event that told of it."""
    from kino_core.gold import open_gold

    declared, asked = metric(key), parse_period(period)
    settings = settings_of(home)
    scope = find_scope(settings, _names(project, initiative, repository, person, agent))
    with open_gold(settings, moment_of(as_of, "as_of") if as_of else None) as gold:
        found = gold.explain(declared.key, scope, asked, limit, offset)
    if json:
        print_json({"metric": declared.key, "period": str(asked), "items": [asdict(entity) for entity in found]})
    else:
        rows = [(e.occurred_at, e.entity, e.numerator, e.denominator, f"{e.event_source} {e.event_id}") for e in found]
        print_table(["When", "What", "Counts", "Of", "Event"], rows)


@app.command()
def restated(
    key: str,
    period: PeriodOption,
    since: SinceOption,
    project: ProjectOption = None,
    initiative: InitiativeOption = None,
    repository: RepositoryOption = None,
    person: PersonOption = None,
    agent: AgentOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Tell what became of a number since it was read, and what came in or went between."""
    from kino_core.restatement import restated as compare

    declared, asked = metric(key), parse_period(period)
    settings = settings_of(home)
    scope = find_scope(settings, _names(project, initiative, repository, person, agent))
    found = compare(settings, declared.key, scope, asked, moment_of(since, "since"))
    if json:
        members = {"then": _members(found.then), "now": _members(found.now)}
        print_json(members | {part: [asdict(each) for each in getattr(found, part)] for part in ("appeared", "gone")})
        return
    signed = [("+", each) for each in found.appeared] + [("-", each) for each in found.gone]
    rows = [(sign, e.occurred_at, e.entity, e.numerator, f"{e.event_source} {e.event_id}") for sign, e in signed]
    print_table(["", "When", "What", "Counts", "Event"], rows)
    print(f"It was {_plain(found.then.value)} as of {found.then.as_of:%Y-%m-%d %H:%M} UTC,", end=" ")
    print(f"and is {_plain(found.now.value)} now: {len(found.appeared)} appeared, {len(found.gone)} went.")


def _plain(value: float | None) -> str:
    return "unknown" if value is None else f"{value:g}"


def _members(found: "MetricValue") -> dict[str, object]:
    return {
        "metric": found.metric.key,
        "value": found.value,
        "unit": found.metric.unit,
        "n": found.n,
        "coverage": found.coverage,
        "lower": found.lower,
        "upper": found.upper,
        "p90": found.p90,
        "interval_low": found.interval and found.interval.low,
        "interval_high": found.interval and found.interval.high,
        "details": found.details,
        "reasons": found.reasons,
        "period": str(found.period),
        "as_of": found.as_of.isoformat(),
        "snapshot_id": found.snapshot_id,
        "version": found.metric.version,
        "previous": found.previous and asdict(found.previous),
        "year_ago": found.year_ago and asdict(found.year_ago),
        "trend": found.trend and asdict(found.trend),
        "series": [asdict(point) for point in found.series],
    }


def _told_beside(found: "MetricValue") -> Iterator[str]:
    """Yield what else a person wants to know of a value, a sentence each."""
    if found.upper is not None and found.lower is not None:
        yield f"Between {found.lower:.1%} and {found.upper:.1%}: the value is the lower bound."
    if found.p90 is not None:
        yield f"Nine of ten are at most {found.p90:g}."
    if found.interval is not None:
        yield f"By chance alone it may lie between {found.interval.low:.3g} and {found.interval.high:.3g}."
    yield from (f"{name.replace('_', ' ')}: {detail}" for name, detail in found.details.items() if detail is not None)
    yield from found.reasons
    for name, point in (("Before", found.previous), ("A year ago", found.year_ago)):
        if point is not None and point.value is not None:
            yield f"{name}, {point.start} to {point.end}: {point.value:g} (n {point.n})."
    if found.trend is not None:
        yield f"Trend of the last {found.trend.n} periods: {found.trend.word} (p = {found.trend.p:.2g})."


_PUBLIC = {"key", "label", "definition", "unit", "direction", "kind", "version"}


def _names(
    project: str | None, initiative: str | None, repository: str | None, person: str | None, agent: str | None
) -> dict[ScopeType, str | None]:
    return {
        ScopeType.PROJECT: project,
        ScopeType.INITIATIVE: initiative,
        ScopeType.REPOSITORY: repository,
        ScopeType.PERSON: person,
        ScopeType.AGENT: agent,
    }
