"""Who is told when a run fails: every administrator, by mail, once a day for each job."""

import dagster as dg
from markupsafe import Markup
from sqlalchemy import text

from kino_assets.sql import read_sql
from kino_core.database import Database, WriteSession
from kino_core.logs import hide_in_text
from kino_core.outbox import Mail, put_mail
from kino_core.settings import Settings, load_settings

KIND = "failed_run"
MOST_CHARACTERS = 500


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Mails the administrators when a run fails: once a day for each job.",
)
def failed_run(context: dg.RunFailureSensorContext) -> None:
    """Tell the administrators that a run failed, and where it is seen."""
    settings = load_settings()
    database = Database(settings.database_url, pool_max=1)
    try:
        with database.write() as session:
            run, reason = context.dagster_run, context.failure_event.message or ""
            tell_administrators(session, settings, run.job_name, run.run_id, reason)
    finally:
        database.close()


def tell_administrators(session: WriteSession, settings: Settings, job: str, run_id: str, reason: str) -> int:
    """Put a mail to each administrator into the outbox; returns how many, 0 where they were told today."""
    subject = f"Kino: the run “{job}” failed"
    told = session.execute(text(read_sql("told_today")), {"kind": KIND, "subject": subject}).scalar_one()
    if told:
        return 0
    page = f"http://127.0.0.1:{settings.dagster_port}/runs/{run_id}"
    paragraphs = [
        f"The run “{job}” of Kino's data platform failed.",
        hide_in_text(reason)[:MOST_CHARACTERS],
        f"What it did is seen on the machine that Kino runs on: {page}",
        "Numbers that were there stay; new ones may be late until a run succeeds. "
        "Of its further failures today you will get no mail.",
    ]
    html = Markup('<!doctype html><html lang="en"><body>{}</body></html>').format(
        Markup("").join(Markup("<p>{}</p>").format(each) for each in paragraphs)
    )
    administrators = session.execute(text(read_sql("administrators"))).all()
    for user_id, email in administrators:
        put_mail(session, Mail(KIND, email, subject, "\n\n".join(paragraphs) + "\n", html, user_id=user_id))
    return len(administrators)
