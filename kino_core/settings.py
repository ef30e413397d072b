"""Every setting of Kino: read once, validated together, never changed afterwards."""

import os
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.headerregistry import Address
from email.utils import parseaddr
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails

from kino_core.errors import Category, KinoError

DEFAULT_SECRETS = frozenset(
    ["admin", "changeme", "default", "dev", "guest", "kino", "minioadmin", "password", "postgres", "root", "secret"]
)
SHORTEST_SIGNING_SECRET = 32
SHORTEST_SHARED_SECRET = 16
"""Characters that production asks of a secret; a signing secret guards every link, so it must be longer."""


class WrongSettings(KinoError):
    """The configuration is wrong; the message lists every problem, one a line."""

    category = Category.VALIDATION
    code = "WRONG_SETTINGS"

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(["The configuration is wrong:", *(f"  {problem}" for problem in problems)]))
        self.problems = problems


class NeverStarted(KinoError):
    """No database address: neither DATABASE_URL nor an embedded server under the home folder."""

    category = Category.UNAVAILABLE
    code = "NEVER_STARTED"


class Environment(StrEnum):
    """Where this Kino runs; production is stricter."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


def _read_duration(value: object) -> object:
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d{1,9})([smhd]?)", value.strip())
    if match is None:
        raise ValueError("write a number with s, m, h or d, such as 15m")
    return timedelta(seconds=int(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]])


def _read_web_address(value: object) -> object:
    if isinstance(value, str) and not re.match(r"https?://[^/\s]+", value):
        raise ValueError("must begin with http:// or https://")
    return value.rstrip("/") if isinstance(value, str) else value


def _read_postgres_address(value: object) -> object:
    if isinstance(value, str):
        scheme, separator, rest = value.partition("://")
        if not separator or scheme.partition("+")[0] not in ("postgresql", "postgres") or not rest:
            raise ValueError("must look like postgresql://user:password@host:5432/name")
        return f"postgresql://{rest}"
    return value


def _read_redis_address(value: object) -> object:
    if isinstance(value, str) and not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return value


def _read_mail_address(value: object) -> object:
    if not isinstance(value, str):
        return value
    name, address = parseaddr(value)
    try:
        if not value.isprintable() or not all(address.rpartition("@")):
            raise ValueError("no address")
        return str(Address(name, addr_spec=address))
    except (ValueError, IndexError) as error:
        raise ValueError("must look like kino@example.com or Kino <kino@example.com>") from error


def _read_networks(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return tuple(str(ip_network(part.strip())) for part in value.split(","))
    except ValueError as error:
        raise ValueError("must be addresses or networks, separated by commas, such as 10.0.0.7, 10.1.0.0/16") from error


Duration = Annotated[timedelta, BeforeValidator(_read_duration), Field(gt=timedelta(0))]
Port = Annotated[int, Field(ge=1, le=65535)]
WebAddress = Annotated[str, BeforeValidator(_read_web_address)]
PostgresAddress = Annotated[SecretStr, BeforeValidator(_read_postgres_address)]
RedisAddress = Annotated[SecretStr, BeforeValidator(_read_redis_address)]
MailAddress = Annotated[str, BeforeValidator(_read_mail_address)]
Networks = Annotated[tuple[str, ...], BeforeValidator(_read_networks)]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"],
    BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value),
]


class Settings(BaseModel):
    """The settings under the names of the environment; each may also come from a file named by `<NAME>_FILE`.

    Where Kino can make up a value of its own (addresses, keys), the field `own_…` holds what the environment says and
    the property without the prefix what holds.
    """

    model_config = ConfigDict(frozen=True, alias_generator=str.upper, extra="ignore")

    env: Environment = Field(Environment.DEVELOPMENT, alias="KINO_ENV")
    home: Path = Field(alias="KINO_HOME")
    host: str | None = Field(None, alias="KINO_HOST")
    port: Port = 8000
    dagster_port: Port = 3000
    trusted_proxies: Networks = ()
    own_api_base_url: WebAddress | None = Field(None, alias="API_BASE_URL")

    own_database_url: PostgresAddress | None = Field(None, alias="DATABASE_URL")
    database_replica_url: PostgresAddress | None = None
    database_pool_min: int = Field(2, ge=0, le=500)
    database_pool_max: int = Field(10, ge=1, le=500)
    own_redis_url: RedisAddress | None = Field(None, alias="REDIS_URL")
    redis_ttl: int = Field(300, ge=1)

    own_jwt_private_key_file: Path | None = Field(None, alias="JWT_PRIVATE_KEY_FILE")
    own_jwt_secret: SecretStr | None = Field(None, alias="JWT_SECRET")
    secrets_key_ring: SecretStr | None = None
    jwt_access_expiry: Duration = timedelta(minutes=15)
    jwt_refresh_expiry: Duration = timedelta(days=7)

    github_client_id: str | None = None
    github_client_secret: SecretStr | None = None
    github_webhook_secret: SecretStr | None = None
    github_api_url: WebAddress = "https://api.github.com"

    smtp_host: str | None = None
    smtp_port: Port = 587
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    own_email_from: MailAddress | None = Field(None, alias="EMAIL_FROM")

    s3_endpoint: WebAddress | None = None
    s3_bucket: str = "kino-reports"
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None
    s3_region: str = "us-east-1"

    sentry_dsn: SecretStr | None = None
    log_level: LogLevel = "info"
    lake_history: Duration = timedelta(days=800)
    lake_encryption: bool = False
    lake_bucket: str | None = None
    enable_github_integration: bool = True
    enable_email_reminders: bool = True
    browser_path: Path | None = None
    support_contact: str | None = None
    rate_limits_on: bool = Field(True, alias="KINO_RATE_LIMITS")

    @model_validator(mode="after")
    def _judge(self) -> Self:
        problems = _weak_secrets(self) if self.env is Environment.PRODUCTION else []
        if self.database_pool_min > self.database_pool_max:
            problems.append("DATABASE_POOL_MIN: must not exceed DATABASE_POOL_MAX")
        if self.lake_bucket is not None and self.s3_endpoint is None:
            problems.append("LAKE_BUCKET: needs S3_ENDPOINT, the address of the object store that has it")
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def api_base_url(self) -> str:
        """The address under which people and agents reach this Kino, without a slash at the end."""
        return self.own_api_base_url or f"http://localhost:{self.port}"

    @property
    def listen_host(self) -> str:
        """Where the web process listens: KINO_HOST, else loopback in development and everywhere outside it."""
        return self.host or ("127.0.0.1" if self.env is Environment.DEVELOPMENT else "0.0.0.0")

    @property
    def database_url(self) -> str:
        """DATABASE_URL, else the embedded server's address; raises NeverStarted when there is neither."""
        address = _reveal(self.own_database_url) or _kept(self.run_path / "database_url")
        if address is None:
            raise NeverStarted(f"Kino was never started in {self.home}. Run `kino up`, or set DATABASE_URL.")
        return address

    @property
    def redis_url(self) -> str | None:
        """REDIS_URL, else the embedded server's address, else None."""
        return _reveal(self.own_redis_url) or _kept(self.run_path / "redis_url")

    @property
    def jwt_private_key_file(self) -> Path:
        """Where the RS256 key lies (PEM); the file may not exist before the first start."""
        return self.own_jwt_private_key_file or self.secrets_path / "jwt_private_key.pem"

    @property
    def jwt_secret(self) -> SecretStr:
        """What signs links: JWT_SECRET, else one made up at first use and kept under the home folder."""
        return self.own_jwt_secret or SecretStr(kept_secret(self.secrets_path / "jwt_secret"))

    @property
    def email_from(self) -> str:
        """EMAIL_FROM, else an address under the name that people reach this Kino by."""
        return self.own_email_from or f"Kino <kino@{urlsplit(self.api_base_url).hostname}>"

    @property
    def run_path(self) -> Path:
        """Addresses, sockets and process records of the running system."""
        return self.home / "run"

    @property
    def secrets_path(self) -> Path:
        """What Kino made up for itself and must keep: passwords and keys."""
        return self.home / "secrets"

    @property
    def lake_path(self) -> Path:
        """The Parquet files of the lake, where they are in no bucket."""
        return self.home / "lake"

    @property
    def reports_path(self) -> Path:
        """The files of finished reports."""
        return self.home / "reports"


def load_settings(home: Path | None = None) -> Settings:
    """Read `.env` in the current folder and the environment above it; `home` wins over KINO_HOME.

    Raises WrongSettings with every problem together.
    """
    variables = {**dotenv_values(".env"), **os.environ}
    if home is not None:
        variables["KINO_HOME"] = str(home)
    return settings_from({name: value for name, value in variables.items() if value})


def settings_from(variables: Mapping[str, str]) -> Settings:
    """Return the settings that `variables` describe; raises WrongSettings with every problem together."""
    values, problems = _with_named_files(variables)
    values["KINO_HOME"] = str(Path(values.get("KINO_HOME", ".kino")).expanduser().absolute())
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        # The rejected value may be a secret: say which setting and why, never what was in it.
        problems += [line for details in error.errors() for line in _sentences(details)]
    if problems:
        raise WrongSettings(problems)
    return settings


def variable_names() -> list[str]:
    """Return the name of every setting, as the environment has it."""
    return [field.alias for field in Settings.model_fields.values() if field.alias]


def kept_secret(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(32)) -> str:
    """Return the secret in `path`, made at first use (of 256 bits); two processes at once get the same."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def _with_named_files(variables: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    values, problems = dict(variables), list[str]()
    for name in variable_names():
        file_name = variables.get(f"{name}_FILE")
        if not file_name:
            continue
        if name in variables:
            problems.append(f"{name}: is set twice, by {name} and {name}_FILE; keep one")
            continue
        try:
            values[name] = Path(file_name).expanduser().read_text().strip()
        except (OSError, UnicodeDecodeError):
            problems.append(f"{name}_FILE: the file {file_name} cannot be read")
    return values, problems


def _sentences(details: ErrorDetails) -> list[str]:
    message = details["msg"].removeprefix("Value error, ")
    if not details["loc"]:
        return message.splitlines()
    return [f"{details['loc'][0]}: {message[0].lower()}{message[1:]}"]


def _weak_secrets(settings: Settings) -> list[str]:
    """Return what production refuses: secrets that are short, well known, or still the example's."""
    shortest = {"JWT_SECRET": SHORTEST_SIGNING_SECRET, "GITHUB_WEBHOOK_SECRET": SHORTEST_SHARED_SECRET}
    problems = [] if settings.rate_limits_on else ["KINO_RATE_LIMITS: quotas cannot be lifted in production"]
    for field_name, field in Settings.model_fields.items():
        value = getattr(settings, field_name)
        if not isinstance(value, SecretStr) or field.alias is None:
            continue
        secret = value.get_secret_value()
        if field.alias.startswith("DATABASE_"):
            secret = unquote(urlsplit(secret).password or "")
        if secret.casefold() in DEFAULT_SECRETS or re.fullmatch(r"<.*>", secret):
            problems.append(f"{field.alias}: a well-known or example secret; production needs one of its own")
        elif len(secret) < shortest.get(field.alias, 0):
            problems.append(f"{field.alias}: production needs at least {shortest[field.alias]} characters")
    return problems


def _reveal(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _kept(path: Path) -> str | None:
    try:
        return path.read_text().strip() or None
    except FileNotFoundError:
        return None
