"""The schema of Kino's tables in PostgreSQL: which it is, and whether it is the one this version works with."""

from functools import cache
from pathlib import Path

from sqlalchemy import text

from kino_core.database import ReadSession, WriteSession

MIGRATIONS = Path(__file__).parent / "migrations"


def is_current(session: ReadSession | WriteSession) -> bool:
    """Tell whether the schema is exactly the one this version of Kino works with."""
    return revision(session) == newest_revision()


def revision(session: ReadSession | WriteSession) -> str | None:
    """Return the schema's revision, None where Kino never migrated."""
    found = session.execute(text("SELECT to_regclass('kino.schema_version')")).scalar_one()
    if found is None:
        return None
    return session.execute(text("SELECT version_num FROM kino.schema_version")).scalar_one_or_none()


@cache
def newest_revision() -> str:
    """Return the revision this version of Kino works with: the highest that a migration's name begins with."""
    return max(migration.stem for migration in (MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]
