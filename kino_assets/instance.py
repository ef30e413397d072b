"""The Dagster instance that the processes of one Kino share, stored in the schema `dagster` of its database."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from kino_assets.dagster_environment import dagster_environment
from kino_core.settings import Settings


@contextmanager
def dagster_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Yield the instance, for runs inside this process."""
    environment = dagster_environment(settings)
    os.environ.update(environment)
    with dg.DagsterInstance.from_config(environment["DAGSTER_HOME"]) as instance:
        # Dagster opens a connection for each of a run's hundreds of statements unless told to keep them.
        instance.optimize_for_webserver(statement_timeout=30_000, pool_recycle=600, max_overflow=10)
        yield instance
