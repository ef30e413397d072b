"""A whole front door on this machine: PostgreSQL, Valkey, processes that take events, and workers that fold them."""

import http.client
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from kino_cli.ports import choose_port
from kino_core.database import Database
from tests.faults.senders import Address
from tests.faults.servers import PostgresServer, Process, ValkeyServer, kino_process
from tests.kino_ingest.conftest import make_token


class System:
    """Processes by name: `postgres`, `valkey`, and those of Kino, whose doors listen on `addresses`."""

    def __init__(self, home: Path, *, doors: int, workers: int, serve: str = "ingest") -> None:
        self.postgres = PostgresServer(home)
        self.valkey = ValkeyServer(home)
        self.postgres.start()
        self.valkey.start()
        self.postgres.make_database()
        self.database = Database(self.postgres.url)
        self.token = make_token(self.database)
        self.addresses: list[Address] = []
        self.doors: dict[str, Process] = {}
        self.workers: dict[str, Process] = {}
        variables = {
            "KINO_HOME": str(home),
            "KINO_RATE_LIMITS": "off",
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
        }
        for number in range(doors):
            address = "127.0.0.1", choose_port()
            arguments = ["serve", serve, "--port", str(address[1])]
            log = home / f"door{number}.log"
            answers = partial(_answers, address)
            self.doors[f"door{number}"] = kino_process(arguments, log, answers, measured=False, **variables)
            self.addresses.append(address)
        for number in range(workers):
            log = home / f"worker{number}.log"
            self.workers[f"worker{number}"] = kino_process(
                ["serve", "worker"], log, lambda: True, measured=False, **variables
            )

    def start(self) -> None:
        """Start what does not run yet, all at the same time, and return when everything answers."""
        for process in self.processes.values():
            if not process.is_running():
                process.launch()
        for process in self.processes.values():
            process.start()

    @property
    def processes(self) -> dict[str, Process]:
        return {"postgres": self.postgres, "valkey": self.valkey, **self.doors, **self.workers}

    def kill(self) -> None:
        """End everything."""
        self.database.close()
        for process in reversed(self.processes.values()):
            process.kill()


@contextmanager
def running_system(*, doors: int, workers: int, serve: str = "ingest") -> Iterator[System]:
    """Yield a system in a home of its own, and leave nothing of it behind."""
    with tempfile.TemporaryDirectory(prefix="kino-torture-", ignore_cleanup_errors=True) as home:
        system = System(Path(home), doors=doors, workers=workers, serve=serve)
        try:
            system.start()
            yield system
        finally:
            system.kill()


def _answers(address: Address) -> bool:
    connection = http.client.HTTPConnection(*address, timeout=2)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
