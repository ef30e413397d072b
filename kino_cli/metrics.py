"""`kino metrics`: the catalogue, the numbers, and the events behind them."""

from dataclasses import asdict
from typing import Annotated

import typer

from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, print_table
from kino_cli.scopes import AgentOption, InitiativeOption, PersonOption, ProjectOption, RepositoryOption, find_scope
from kino_core.metrics import METRICS, ScopeType, metric
from kino_core.periods import Grain, parse_period

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

PeriodOption = Annotated[
    str, typer.Option("--period", metavar="PERIOD", help="2026, 2026-Q3, 2026-09, 2026-W37 or two days with a slash.")
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
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show one metric, of the whole portfolio unless a scope is named."""
    from kino_core.gold import MetricValue, open_gold

    declared, asked = metric(key), parse_period(period)
    settings = settings_of(home)
    scope = find_scope(settings, _names(project, initiative, repository, person, agent))
    with open_gold(settings) as gold:
        found: MetricValue = gold.value(declared.key, scope, asked, by)
    if json:
        print_json(
            {
                "metric": declared.key,
                "value": found.value,
                "unit": declared.unit,
                "n": found.n,
                "coverage": found.coverage,
                "lower": found.lower,
                "upper": found.upper,
                "period": str(asked),
                "as_of": found.as_of.isoformat(),
                "snapshot_id": found.snapshot_id,
                "version": declared.version,
                "series": [asdict(point) for point in found.series],
            }
        )
        return
    rows = [(point.start, point.end, point.value, point.n) for point in found.series]
    rows.append((asked.start, asked.end, found.value, found.n))
    print_table(["From", "To", declared.label, "n"], rows)
    if found.upper is not None:
        print(f"Between {found.lower:.1%} and {found.upper:.1%}: the value is the lower bound.")
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
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """List the entities behind a number, each with the event that told of it."""
    from kino_core.gold import open_gold

    declared, asked = metric(key), parse_period(period)
    settings = settings_of(home)
    scope = find_scope(settings, _names(project, initiative, repository, person, agent))
    with open_gold(settings) as gold:
        found = gold.explain(declared.key, scope, asked, limit, offset)
    if json:
        print_json({"metric": declared.key, "period": str(asked), "items": [asdict(entity) for entity in found]})
    else:
        rows = [(e.occurred_at, e.entity, e.numerator, e.denominator, f"{e.event_source} {e.event_id}") for e in found]
        print_table(["When", "What", "Counts", "Of", "Event"], rows)


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
