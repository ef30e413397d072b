"""Where the lake's files are, who can read them, and what a connection to it reaches."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from kino_core.lake import LakeNotEncrypted, LakeNotReady, connect_lake
from kino_core.settings import Settings, WrongSettings, settings_from
from tests.object_store import KEY_ID, SECRET, object_store

WORD = "somebody's name"
Configured = Callable[..., Settings]


@pytest.fixture
def configured(tmp_path: Path, database_url: str) -> Configured:
    """Settings of one lake, with variables of the test's choice."""

    def act(**variables: str) -> Settings:
        return settings_from({"KINO_HOME": str(tmp_path / "home"), "DATABASE_URL": database_url, **variables})

    return act


def fill(settings: Settings) -> None:
    with closing(connect_lake(settings, read_only=False)) as lake:
        lake.execute("CREATE TABLE word AS SELECT range AS place, ? AS word FROM range(5000)", [WORD])


def count(settings: Settings) -> int:
    with closing(connect_lake(settings, read_only=True)) as lake:
        row = lake.execute("SELECT count(*) FROM word WHERE word = ?", [WORD]).fetchone()
    assert row is not None
    return int(row[0])


def parquet(settings: Settings) -> bytes:
    return b"".join(file.read_bytes() for file in settings.lake_path.rglob("*.parquet"))


@pytest.mark.parametrize("read_only", [True, False])
def test_a_connection_reaches_the_files_of_the_lake_and_no_others(
    configured: Configured, tmp_path: Path, read_only: bool
) -> None:
    settings = configured()
    fill(settings)
    aside = tmp_path / "aside.csv"
    aside.write_text("a\n1\n")
    with closing(connect_lake(settings, read_only=read_only)) as lake:
        for statement in (
            f"FROM read_csv('{aside}')",
            f"FROM glob('{tmp_path}/*')",
            f"COPY word TO '{tmp_path / 'out.csv'}'",
            f"ATTACH '{tmp_path / 'other.db'}'",
            "INSTALL spatial",
        ):
            with pytest.raises(duckdb.PermissionException):
                lake.execute(statement)
        with pytest.raises(duckdb.InvalidInputException):
            lake.execute("SET enable_external_access = true")
        assert lake.execute("SELECT count(*) FROM word").fetchone() == (5000,)


def test_a_reader_goes_on_where_memory_does_not_suffice(configured: Configured) -> None:
    settings = configured()
    fill(settings)
    with closing(connect_lake(settings, read_only=True)) as lake:
        lake.execute("SET memory_limit = '60MB'")
        lake.execute("SET threads = 1")
        many = "SELECT word FROM range(500) r, word ORDER BY hash(place + r.range) OFFSET 1"
        assert lake.execute(f"SELECT count(*) FROM ({many})").fetchone() == (2_499_999,)


def test_encrypted_files_say_nothing_without_the_catalog(configured: Configured) -> None:
    plain, encrypted = configured(), configured(LAKE_ENCRYPTION="true")
    fill(encrypted)
    assert parquet(encrypted)[:4] == b"PARE"
    assert WORD.encode() not in parquet(encrypted)
    assert count(encrypted) == 5000
    assert count(plain) == 5000, "once encrypted, a lake needs no setting to be read"


def test_a_lake_that_was_made_without_encryption_does_not_pretend(configured: Configured) -> None:
    fill(configured())
    assert WORD.encode() in parquet(configured())
    with pytest.raises(LakeNotEncrypted, match="LAKE_ENCRYPTION"):
        connect_lake(configured(LAKE_ENCRYPTION="true"), read_only=False)


@pytest.mark.parametrize("encryption", ["false", "true"])
def test_a_lake_in_a_bucket(configured: Configured, encryption: str) -> None:
    with object_store() as store:
        address = {"S3_ENDPOINT": store.url, "LAKE_BUCKET": "numbers", "LAKE_ENCRYPTION": encryption}
        settings = configured(**address, S3_ACCESS_KEY=KEY_ID, S3_SECRET_KEY=SECRET)
        fill(settings)
        assert count(settings) == 5000
        assert store.objects
        assert all(path.startswith("/numbers/lake/") for path in store.objects)
        assert any(WORD.encode() in content for content in store.objects.values()) == (encryption == "false")
        assert not settings.lake_path.exists()
        with closing(connect_lake(settings, read_only=False)) as lake:
            lake.execute("DROP TABLE word")
            lake.execute("CALL ducklake_expire_snapshots('lake', older_than => now())")
            lake.execute("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)")
        assert not store.objects
        unsigned = configured(**address, S3_ACCESS_KEY="another", S3_SECRET_KEY=SECRET)
        with pytest.raises(duckdb.Error):
            fill(unsigned)


def test_a_bucket_needs_an_address(configured: Configured) -> None:
    with pytest.raises(WrongSettings, match="LAKE_BUCKET"):
        configured(LAKE_BUCKET="numbers")


def test_before_the_first_refresh_there_is_nothing_to_read(configured: Configured) -> None:
    with pytest.raises(LakeNotReady):
        connect_lake(configured(), read_only=True)
