"""Settings: every name of the environment, each also from a file, all problems together, nothing weak in production."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from kino_core.settings import (
    NeverStarted,
    WrongSettings,
    kept_secret,
    load_settings,
    settings_from,
    variable_names,
)

EXAMPLE = Path(__file__).parents[2] / ".env.example"
STRONG = "Xw7-" * 10


def test_without_anything_set_kino_runs_alone() -> None:
    settings = settings_from({"KINO_HOME": "/srv/kino"})
    assert settings.port == 8000
    assert settings.api_base_url == "http://localhost:8000"
    assert settings.lake_path == Path("/srv/kino/lake")
    assert settings.listen_host == "127.0.0.1"
    assert settings.redis_url is None
    with pytest.raises(NeverStarted, match="kino up"):
        _ = settings.database_url


def test_the_embedded_servers_addresses_are_read_from_the_home_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "database_url").write_text("postgresql://embedded\n")
    (tmp_path / "run" / "redis_url").write_text("redis://embedded\n")
    alone = settings_from({"KINO_HOME": str(tmp_path)})
    assert (alone.database_url, alone.redis_url) == ("postgresql://embedded", "redis://embedded")
    given = {"DATABASE_URL": "postgres://u:p@db/kino", "REDIS_URL": "redis://cache"}
    pointed = settings_from({"KINO_HOME": str(tmp_path), **given})
    assert (pointed.database_url, pointed.redis_url) == ("postgresql://u:p@db/kino", "redis://cache")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("15m", timedelta(minutes=15)),
        ("7d", timedelta(days=7)),
        ("30s", timedelta(seconds=30)),
        ("90", timedelta(0, 90)),
    ],
)
def test_durations(text: str, value: timedelta) -> None:
    assert settings_from({"JWT_ACCESS_EXPIRY": text}).jwt_access_expiry == value


def test_every_name_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{STRONG}\n")
    settings = settings_from({"JWT_SECRET_FILE": str(file), "GITHUB_WEBHOOK_SECRET_FILE": str(file)})
    assert settings.jwt_secret.get_secret_value() == STRONG
    assert settings.github_webhook_secret is not None
    assert settings.github_webhook_secret.get_secret_value() == STRONG
    numbers = tmp_path / "port"
    numbers.write_text("8123\n")
    assert settings_from({"PORT_FILE": str(numbers)}).port == 8123


def test_all_problems_are_reported_together_and_no_value_is_shown(tmp_path: Path) -> None:
    wrong = {
        "PORT": "eighty",
        "JWT_ACCESS_EXPIRY": "soon",
        "DATABASE_URL": "mysql://root:hunter2@db/kino",
        "REDIS_URL": "http://cache",
        "S3_SECRET_KEY_FILE": str(tmp_path / "missing"),
        "SMTP_PASSWORD": "one",
        "SMTP_PASSWORD_FILE": str(tmp_path / "two"),
        "KINO_ENV": "prod",
        "LOG_LEVEL": "loud",
    }
    with pytest.raises(WrongSettings) as caught:
        settings_from(wrong)
    for name in ("PORT", "JWT_ACCESS_EXPIRY", "DATABASE_URL", "REDIS_URL", "S3_SECRET_KEY_FILE", "SMTP_PASSWORD"):
        assert name in caught.value.message
    assert len(caught.value.problems) == 8
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JWT_SECRET", "short"),
        ("JWT_SECRET", "<generated-secret>"),
        ("GITHUB_WEBHOOK_SECRET", "changeme"),
        ("GITHUB_WEBHOOK_SECRET", "fifteen-letters"),
        ("DATABASE_URL", "postgresql://kino:kino@db/kino"),
        ("DATABASE_REPLICA_URL", "postgresql://kino:p%61ssword@db/kino"),
        ("SMTP_PASSWORD", "Password"),
        ("S3_SECRET_KEY", "minioadmin"),
        ("KINO_RATE_LIMITS", "off"),
    ],
)
def test_production_refuses_what_development_accepts(name: str, value: str) -> None:
    settings_from({name: value})
    with pytest.raises(WrongSettings, match=name):
        settings_from({"KINO_ENV": "production", name: value})


def test_production_accepts_secrets_of_its_own() -> None:
    settings = settings_from({"KINO_ENV": "production", "JWT_SECRET": STRONG, "GITHUB_WEBHOOK_SECRET": STRONG[:16]})
    assert settings.listen_host == "0.0.0.0"


def test_secrets_never_show_in_a_printed_settings_object() -> None:
    settings = settings_from({"JWT_SECRET": STRONG, "DATABASE_URL": f"postgresql://kino:{STRONG}@db/kino"})
    assert STRONG not in repr(settings)


def test_a_dotenv_file_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("PORT=8111\nDAGSTER_PORT=3111\nSMTP_HOST=\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAGSTER_PORT", raising=False)
    monkeypatch.setenv("PORT", "8222")
    settings = load_settings(Path("here"))
    assert (settings.port, settings.dagster_port, settings.smtp_host) == (8222, 3111, None)
    assert settings.home == tmp_path / "here"


def test_a_kept_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "signing"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(kept_secret, [path] * 32))
    assert len(found) == 1
    assert len(found.pop()) >= 43
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["signing"]


def test_every_setting_is_in_the_example_and_the_example_is_valid() -> None:
    lines = [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#")]
    example = dict(line.split("=", 1) for line in lines)
    assert sorted(example) == sorted(variable_names())
    assert settings_from({name: value for name, value in example.items() if value}) == settings_from({})


def test_mail_comes_from_an_address_that_fits_a_header() -> None:
    home = {"KINO_HOME": "/srv/kino", "API_BASE_URL": "https://kino.example.com"}
    assert settings_from(home).email_from == "Kino <kino@kino.example.com>"
    for written in ("noreply@example.com", "Kino <noreply@example.com>"):
        assert settings_from({**home, "EMAIL_FROM": written}).email_from == written
    for wrong in ("nobody", "a@example.com\r\nBcc: b@example.com", "Kino <>", "a@b@c"):
        with pytest.raises(WrongSettings, match="EMAIL_FROM"):
            settings_from({**home, "EMAIL_FROM": wrong})


def test_proxies_are_addresses_and_networks() -> None:
    assert settings_from({}).trusted_proxies == ()
    given = settings_from({"TRUSTED_PROXIES": "127.0.0.1, 10.1.0.0/16,::1"})
    assert given.trusted_proxies == ("127.0.0.1/32", "10.1.0.0/16", "::1/128")
    with pytest.raises(WrongSettings, match="TRUSTED_PROXIES: must be addresses or networks"):
        settings_from({"TRUSTED_PROXIES": "*"})
