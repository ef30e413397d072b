"""The lake: DuckLake tables as Parquet files, their catalog in PostgreSQL.

Many processes read while one writes; every commit is a snapshot that stays readable.
"""

from importlib.resources import files
from pathlib import Path

import duckdb

from kino_core.database import libpq_url
from kino_core.errors import Unavailable

CATALOG_SCHEMA = "lake"
LAKE_LOCK = 0x6B696E6F_01
"""Key of the PostgreSQL advisory lock that the one committer holds."""


class LakeNotReady(Unavailable):
    """The lake has no tables yet: nothing was refreshed so far."""

    code = "LAKE_NOT_READY"


def connect_lake(
    database_url: str, data_path: Path, *, read_only: bool, snapshot_id: int | None = None
) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection whose current catalog is the lake, as `snapshot_id` left it when one is given.

    Raises LakeNotReady when reading before the first refresh, or while PostgreSQL is away.
    """
    connection = duckdb.connect(
        config={
            # The extensions are files of wheels whose hashes are pinned; DuckDB would hash 78 MB at every connection.
            "allow_unsigned_extensions": "true",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )
    for extension in ("postgres_scanner", "ducklake"):
        connection.load_extension(str(_extension_file(extension)))
    # The catalog remembers where its files were; a home that was moved since is still the same lake.
    options = [f"DATA_PATH {quoted(str(data_path))}", "OVERRIDE_DATA_PATH true", f"METADATA_SCHEMA '{CATALOG_SCHEMA}'"]
    if read_only:
        options += ["READ_ONLY", "CREATE_IF_NOT_EXISTS false"]
    else:
        data_path.mkdir(parents=True, exist_ok=True)
    if snapshot_id is not None:
        options.append(f"SNAPSHOT_VERSION {snapshot_id}")
    catalog = quoted(f"ducklake:postgres:{libpq_url(database_url)}")
    try:
        connection.execute(f"ATTACH {catalog} AS lake ({', '.join(options)})")
    except duckdb.Error:
        connection.close()
        # DuckDB's own message holds the catalog's address, and so a password: it must not travel on.
        raise LakeNotReady("The numbers are being prepared. Try again in a moment.") from None
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("USE lake")
    return connection


def quoted(value: str) -> str:
    """Return `value` as an SQL string literal, for the few statements that take no bound values."""
    return "'" + value.replace("'", "''") + "'"


def _extension_file(name: str) -> Path:
    folder = files(f"duckdb_extension_{name}") / "extensions" / f"v{duckdb.__version__}"
    return Path(str(folder / f"{name}.duckdb_extension"))
