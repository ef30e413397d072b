"""What the catalogue compiles to: one row a metric and an entity, and the scopes that each row counts in."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from kino_core.metrics import METRICS, Kind, Metric


@dataclass(frozen=True)
class Fact:
    """A silver table whose rows are measured: how to name a row, and the columns that place it in scopes."""

    entity: str
    key: tuple[str, ...]
    repository: str = "NULL"
    project: str = "NULL"
    person: str = "NULL"


FACTS: dict[str, Fact] = {
    "commit": Fact("'commit ' || sha", ("repository_id", "sha"), repository="repository_id", person="person_id"),
    "pull_request": Fact(
        "'pull request #' || number", ("repository_id", "number"), repository="repository_id", person="person_id"
    ),
    "rework": Fact("'commit ' || sha", ("repository_id", "sha"), repository="repository_id", person="person_id"),
    "review": Fact(
        "'review ' || review_id || ' of #' || number",
        ("repository_id", "number", "review_id"),
        repository="repository_id",
        person="person_id",
    ),
    "agent_activity": Fact("'activity ' || event_id", ("event_source", "event_id"), project="project_id"),
    "test_run": Fact("'test run ' || event_id", ("event_source", "event_id"), project="project_id"),
    "agent_quarter": Fact(
        "sitting || ' at ' || strftime(quarter, '%Y-%m-%d %H:%M')",
        ("project_id", "agent_id", "sitting", "quarter"),
        project="project_id",
    ),
    "pull_request_cost": Fact(
        "'pull request #' || number", ("repository_id", "number"), repository="repository_id", person="person_id"
    ),
    "task": Fact("'task ' || task_id", ("project_id", "task_id"), project="project_id"),
    "blocker_change": Fact("'blocker ' || blocker_id", ("project_id", "blocker_id"), project="project_id"),
    "deployment": Fact("deployment_key", ("repository_id", "deployment_key"), repository="repository_id"),
    "delivered_commit": Fact(
        "'commit ' || sha", ("repository_id", "sha"), repository="repository_id", person="person_id"
    ),
    "pull_request_outcome": Fact(
        "'pull request #' || number", ("repository_id", "number"), repository="repository_id", person="person_id"
    ),
    "tested_commit": Fact(
        "name || ' on ' || sha", ("place_id", "name", "sha"), repository="repository_id", project="project_id"
    ),
    "alert_change": Fact(
        "'alert ' || tool || ' #' || number", ("repository_id", "tool", "number"), repository="repository_id"
    ),
    "alert_origin": Fact(
        "'alert ' || tool || ' #' || number",
        ("repository_id", "tool", "number"),
        repository="repository_id",
        person="person_id",
    ),
    "scope_item": Fact(
        "'item ' || coalesce(key, item_id::VARCHAR)",
        ("project_id", "item_id"),
        project="project_id",
        person="person_id",
    ),
    "scope_change": Fact(
        "'item ' || coalesce(key, item_id::VARCHAR)",
        ("project_id", "item_id"),
        project="project_id",
        person="person_id",
    ),
}


def measurement_views(
    facts: Collection[str] = tuple(FACTS),
    *,
    rows: str | None = None,
    projects: str = "silver.project",
    repositories: str = "silver.repository",
) -> str:
    """Return the SQL that defines the views `measurement` and `scoped_measurement` over `facts` of the current catalog.

    `rows` is a table with rows of the one fact, where not all of it is to be measured; `projects` and `repositories`
    are the tables that place them in scopes. What a query over the views costs grows with the facts, also those of
    which it wants no row: name no more than needed.
    """
    measured = "\nUNION ALL\n".join(
        _measured(name, fact, rows or f"silver.{name}") for name, fact in FACTS.items() if name in facts
    )
    scoped = _sql("scoped_measurement").format(projects=projects, repositories=repositories)
    return f"CREATE OR REPLACE TEMP VIEW measurement AS\n{measured};\n{scoped}"


def value_macros() -> str:
    """Return the SQL that defines how sums and sorted values become a value with its interval."""
    return _sql("values")


def _measured(name: str, fact: Fact, rows: str) -> str:
    """Measure one fact for all its metrics at once: what a query over the views costs grows with the tables in them."""
    metrics = [metric for metric in METRICS if metric.fact == name and metric.kind is not Kind.STATE]

    def each(expression: Callable[[Metric], str]) -> str:
        return " ".join(["CASE metric", *(f"WHEN '{m.key}' THEN {expression(m)}" for m in metrics), "END"])

    return _sql("measurement").format(
        name=name,
        rows=rows,
        fact=fact,
        key=", ".join(fact.key),
        metrics=", ".join(f"('{metric.key}', {metric.version}, '{metric.kind}')" for metric in metrics),
        occurred_at=each(lambda metric: metric.occurred_at),
        numerator=each(lambda metric: metric.numerator),
        denominator=each(lambda metric: metric.denominator),
        upper=each(lambda metric: metric.upper),
        filter=each(lambda metric: metric.filter),
    )


@cache
def _sql(name: str) -> str:
    return (files("kino_core") / "sql" / f"{name}.sql").read_text()
