"""The lake: DuckLake tables as Parquet files, their catalog in PostgreSQL.

Many processes read while one writes; every commit is a snapshot that stays readable.
"""

from datetime import datetime
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

from kino_core.database import libpq_url
from kino_core.errors import KinoError, NotFound, Unavailable
from kino_core.settings import Settings

CATALOG_SCHEMA = "lake"
LAKE_LOCK = 0x6B696E6F_01
"""Key of the PostgreSQL advisory lock that the one committer holds."""

_IS_PLAIN = "the database is not encrypted"
_NOTHING_SO_OLD = "No snapshot found at"


class LakeNotReady(Unavailable):
    """The lake has no tables yet: nothing was refreshed so far."""

    code = "LAKE_NOT_READY"


class LakeNotEncrypted(KinoError):
    """The lake was made without encryption, and the settings ask for it."""

    code = "LAKE_NOT_ENCRYPTED"


class NoSnapshot(NotFound):
    """The lake held no numbers yet at a moment that somebody asked for, or holds them no longer."""

    code = "NO_SNAPSHOT"


def connect_lake(
    settings: Settings, *, read_only: bool, snapshot: int | datetime | None = None
) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection whose current catalog is the lake.

    Where a `snapshot` is given it is as that one left it, named by its id or by a moment when it was the newest. The
    connection reaches the lake's own files and no others. Raises LakeNotReady when reading before the first refresh or
    while PostgreSQL is away, NoSnapshot, and LakeNotEncrypted when writing to a lake that is not as LAKE_ENCRYPTION
    says.
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
    if settings.lake_bucket is not None or settings.lake_encryption:
        # It speaks with object stores, and brings the ciphers that DuckDB writes with.
        connection.load_extension(str(_extension_file("httpfs")))
    if settings.lake_bucket is not None:
        connection.execute(_bucket_secret(settings))
    try:
        connection.execute(_attach(settings, read_only=read_only, snapshot=snapshot))
    except duckdb.Error as error:
        connection.close()
        if _IS_PLAIN in str(error):
            raise LakeNotEncrypted(
                "LAKE_ENCRYPTION is on, but this lake was made without. Unset it, or let Kino make the lake anew: stop "
                "Kino, drop the schema “lake” in PostgreSQL, remove the lake's files, and start Kino."
            ) from None
        if _NOTHING_SO_OLD in str(error):
            raise NoSnapshot("The lake holds no numbers that old. Ask for a later moment.") from None
        # DuckDB's own message holds the catalog's address, and so a password: it must not travel on.
        raise LakeNotReady("The numbers are being prepared. Try again in a moment.") from None
    connection.execute(f"SET allowed_directories = [{quoted(_files(settings))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("USE lake")
    return connection


def quoted(value: str) -> str:
    """Return `value` as an SQL string literal, for the few statements that take no bound values."""
    return "'" + value.replace("'", "''") + "'"


def _attach(settings: Settings, *, read_only: bool, snapshot: int | datetime | None) -> str:
    # The catalog remembers where its files were; a home that was moved since is still the same lake.
    options = [f"DATA_PATH {quoted(_files(settings))}", "OVERRIDE_DATA_PATH true"]
    options.append(f"METADATA_SCHEMA '{CATALOG_SCHEMA}'")
    if read_only:
        options += ["READ_ONLY", "CREATE_IF_NOT_EXISTS false"]
    else:
        if settings.lake_bucket is None:
            settings.lake_path.mkdir(parents=True, exist_ok=True)
        if settings.lake_encryption:
            options.append("ENCRYPTED")
    if isinstance(snapshot, datetime):
        options.append(f"SNAPSHOT_TIME '{snapshot.isoformat(sep=' ')}'")
    elif snapshot is not None:
        options.append(f"SNAPSHOT_VERSION {snapshot}")
    catalog = quoted(f"ducklake:postgres:{libpq_url(settings.database_url)}")
    return f"ATTACH {catalog} AS lake ({', '.join(options)})"


def _files(settings: Settings) -> str:
    """Return the folder of the Parquet files, with a slash at its end."""
    return f"{settings.lake_path}/" if settings.lake_bucket is None else f"s3://{settings.lake_bucket}/lake/"


def _bucket_secret(settings: Settings) -> str:
    address = urlsplit(settings.s3_endpoint or "")
    options = {
        "TYPE": "s3",
        "SCOPE": quoted(f"s3://{settings.lake_bucket}/"),
        "ENDPOINT": quoted(address.netloc),
        "USE_SSL": str(address.scheme == "https").lower(),
        "URL_STYLE": "'path'",
        "REGION": quoted(settings.s3_region),
    }
    if settings.s3_access_key is not None and settings.s3_secret_key is not None:
        options["KEY_ID"] = quoted(settings.s3_access_key.get_secret_value())
        options["SECRET"] = quoted(settings.s3_secret_key.get_secret_value())
    return f"CREATE SECRET lake_files ({', '.join(f'{name} {value}' for name, value in options.items())})"


def _extension_file(name: str) -> Path:
    folder = files(f"duckdb_extension_{name}") / "extensions" / f"v{duckdb.__version__}"
    return Path(str(folder / f"{name}.duckdb_extension"))
