"""The Dagster instance that the processes of one Kino share, stored in the schema `dagster` of its database."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import dagster as dg
from sqlalchemy.engine import make_url

from kino_core.settings import Settings


def dagster_environment(settings: Settings) -> dict[str, str]:
    """Return the environment in which Dagster's own commands find the instance; makes its home folder."""
    home = settings.home / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(str(files("dagster_home") / "dagster.yaml")), home / "dagster.yaml")
    url = make_url(settings.database_url).set(drivername="postgresql+psycopg2")
    storage = url.update_query_dict({"options": "-csearch_path=dagster"})
    return {
        "DAGSTER_HOME": str(home),
        "KINO_DAGSTER_POSTGRES_URL": storage.render_as_string(hide_password=False),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "DAGSTER_EVENT_BATCH_SIZE": "200",
    }


@contextmanager
def dagster_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Yield the instance, for runs inside this process."""
    environment = dagster_environment(settings)
    os.environ.update(environment)
    with dg.DagsterInstance.from_config(environment["DAGSTER_HOME"]) as instance:
        # Dagster opens a connection for each of a run's hundreds of statements unless told to keep them.
        instance.optimize_for_webserver(statement_timeout=30_000, pool_recycle=600, max_overflow=10)
        yield instance
