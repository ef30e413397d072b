"""A portfolio of any size, stored at once: what tests and benchmarks of long lists look at."""

from pathlib import Path

import psycopg

_SEED = Path(__file__).with_suffix(".sql").read_text()


def seed_portfolio(url: str, projects: int) -> None:
    """Fill an empty database with `projects` projects and what belongs to them; `url` is a superuser's.

    Triggers are off meanwhile: what they would have written is written too.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SELECT set_config('seed.projects', %s, false)", (str(projects),))
        connection.execute(_SEED.encode())
        connection.execute("ANALYZE")
