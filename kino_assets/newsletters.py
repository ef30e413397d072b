"""The monthly newsletter of every project, made into the report store."""

import uuid
from datetime import UTC, date, datetime

import dagster as dg

from kino_core.database import Database, query
from kino_core.gold import Scope
from kino_core.metrics import METRICS, ScopeType
from kino_core.periods import Grain, Period, parse_period
from kino_core.settings import Settings
from kino_reports.make import make_report
from kino_reports.snapshot import ReportKind


class NewsletterConfig(dg.Config):
    """Which month; empty means the month before the run."""

    month: str = ""


@dg.asset(
    key=["reports", "monthly_newsletters"],
    deps=[dg.AssetKey(["gold", metric.key]) for metric in METRICS],
    group_name="reports",
    kinds={"html", "pdf"},
    description="One newsletter a project for a month: HTML and PDF files in the report store.",
)
def monthly_newsletters(
    context: dg.AssetExecutionContext, config: NewsletterConfig, settings: dg.ResourceParam[Settings]
) -> dg.MaterializeResult[None]:
    """Make the newsletter of each project; one that fails does not keep the others from being made."""
    period = parse_period(config.month) if config.month else last_month(datetime.now(UTC).date())
    made, failed = dict[str, str](), dict[str, str]()
    for project_id, name in _projects(settings):
        try:
            files = make_report(
                settings, ReportKind.NEWSLETTER, Scope(ScopeType.PROJECT, project_id), period, ["html", "pdf"]
            )
            made[name] = str(files.report_id)
        except Exception as error:
            context.log.exception(f"The newsletter of {name} was not made.")
            failed[name] = str(error)
    if failed:
        raise dg.Failure(
            f"{len(failed)} of {len(failed) + len(made)} newsletters were not made: {', '.join(sorted(failed))}.",
            metadata={"failed": dg.MetadataValue.json(failed), "made": dg.MetadataValue.json(made)},
        )
    return dg.MaterializeResult(metadata={"period": str(period), "reports": dg.MetadataValue.json(made)})


def last_month(today: date) -> Period:
    """Return the month before the one that holds `today`."""
    return Period.of(Grain.MONTH, today).previous()


def _projects(settings: Settings) -> list[tuple[uuid.UUID, str]]:
    database = Database(settings.database_url)
    try:
        with database.read() as session:
            rows = query(
                session,
                "SELECT id, name FROM kino.project WHERE deleted_at IS NULL AND archived_at IS NULL ORDER BY name",
            )
            return [(row.id, row.name) for row in rows]
    finally:
        database.close()
