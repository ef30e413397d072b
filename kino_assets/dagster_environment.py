"""The environment in which Dagster's commands find Kino's instance. Imports no Dagster: `kino up` must start fast."""

import shutil
from importlib.resources import files
from pathlib import Path

from sqlalchemy.engine import make_url

from kino_core.settings import Settings


def dagster_environment(settings: Settings) -> dict[str, str]:
    """Return the variables that name the instance, whose home folder with its configuration is made when missing."""
    home = settings.home / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(str(files("dagster_home") / "dagster.yaml")), home / "dagster.yaml")
    # Dagster listens for new events as psycopg2 does it; and a schema of its own keeps its migrations from Kino's.
    storage = make_url(settings.database_url).set(drivername="postgresql+psycopg2")
    storage = storage.update_query_dict({"options": "-csearch_path=dagster"})
    return {
        "DAGSTER_HOME": str(home),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "KINO_DAGSTER_POSTGRES_URL": storage.render_as_string(hide_password=False),
    }
