"""What Kino can do at this moment: each thing beyond its own code, and how it is."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from redis import Redis, RedisError

from kino_core import schema
from kino_core.database import Database
from kino_core.errors import KinoError
from kino_core.gold import Warehouse
from kino_core.outbox import stuck_error
from kino_core.replica import ReplicatedDatabase
from kino_core.settings import Settings
from kino_ingest.audit.seal import unsealed
from kino_ingest.dead_letters import failing_sources

PROBE_SECONDS = 1.0
KEPT_SECONDS = 5.0
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


class State(StrEnum):
    """How a capability is. DISABLED is a choice, DEGRADED works with less, DOWN does not work."""

    DISABLED = "disabled"
    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True)
class Capability:
    """One capability; `detail` says what works without it, or what to do."""

    name: str
    state: State
    detail: str


class Capabilities:
    """Looks at everything at once, and remembers it for KEPT_SECONDS."""

    def __init__(self, settings: Settings, database: Database, warehouse: Warehouse) -> None:
        self._settings = settings
        self._database = database
        self._warehouse = warehouse
        self._lock = threading.Lock()
        self._known: tuple[float, list[Capability]] = (float("-inf"), [])

    def look(self) -> list[Capability]:
        """Return every capability, at most KEPT_SECONDS old."""
        with self._lock:
            moment, known = self._known
            if time.monotonic() - moment > KEPT_SECONDS:
                probes: list[Callable[[], Capability]] = [
                    self._postgres, self._redis, self._lake, self._dagster, self._chromium, self._smtp, self._github,
                    self._storage, self._fold, self._replica, self._audit,
                ]  # fmt: skip
                with ThreadPoolExecutor(len(probes)) as pool:
                    known = list(pool.map(lambda probe: probe(), probes))
                self._known = (time.monotonic(), known)
            return known

    def _postgres(self) -> Capability:
        try:
            with self._database.read_primary() as session:
                current = schema.is_current(session)
        except KinoError as error:
            return Capability("postgres", State.DOWN, error.message)
        if not current:
            return Capability("postgres", State.DOWN, "The tables are not those of this version. Run `kino migrate`.")
        return Capability("postgres", State.OK, "Answers, with the tables of this version.")

    def replica_lag_seconds(self) -> float | None:
        """Return how far the replica is behind, None without one or where that is not known."""
        if not isinstance(self._database, ReplicatedDatabase):
            return None
        lag = self._database.standing.lag_seconds
        return None if lag is None else round(lag, 1)

    def _replica(self) -> Capability:
        if not isinstance(self._database, ReplicatedDatabase):
            return Capability("replica", State.DISABLED, "All is read from one server. Set DATABASE_REPLICA_URL.")
        standing = self._database.standing
        if not standing.replica_answers:
            return Capability("replica", State.DOWN, "It does not answer, or is none; all is read from the server.")
        if not standing.primary_answers:
            return Capability("replica", State.DEGRADED, "Stands in for the server: pages may be old.")
        if not standing.copy_serves:
            return Capability("replica", State.DEGRADED, "It is too far behind; all is read from the server.")
        return Capability("replica", State.OK, "Lists and reports are read from it.")

    def _redis(self) -> Capability:
        if self._settings.redis_url is None:
            return Capability("redis", State.DISABLED, "Open pages ask for news every few seconds.")
        try:
            with Redis.from_url(
                self._settings.redis_url, socket_timeout=PROBE_SECONDS, socket_connect_timeout=PROBE_SECONDS
            ) as client:
                client.ping()
        except (RedisError, OSError):
            return Capability("redis", State.DOWN, "Open pages ask for news every few seconds until it is back.")
        return Capability("redis", State.OK, "Open pages hear of events as they come in.")

    def _lake(self) -> Capability:
        try:
            with self._warehouse.gold() as gold:
                return Capability("lake", State.OK, f"Numbers are of {gold.as_of:%Y-%m-%d %H:%M} UTC.")
        except KinoError as error:
            return Capability("lake", State.DEGRADED, error.message)

    def _dagster(self) -> Capability:
        if _answers("127.0.0.1", self._settings.dagster_port):
            return Capability("dagster", State.OK, f"Answers on port {self._settings.dagster_port}.")
        return Capability("dagster", State.DOWN, "No schedules run and its pages are away; numbers stay fresh.")

    def _chromium(self) -> Capability:
        chosen = self._settings.browser_path
        path = str(chosen) if chosen else next(filter(None, map(shutil.which, _BROWSERS)), None)
        if path is None or not os.access(path, os.X_OK):
            return Capability("chromium", State.DEGRADED, "Not found, so PDFs have no chart images. Install chromium.")
        return Capability("chromium", State.OK, path)

    def _smtp(self) -> Capability:
        if self._settings.smtp_host is None:
            return Capability(
                "smtp", State.DISABLED, "No e-mail is sent: set SMTP_HOST, or use `kino admin reset-link`."
            )
        if not _answers(self._settings.smtp_host, self._settings.smtp_port):
            return Capability("smtp", State.DOWN, f"{self._settings.smtp_host} does not answer; e-mail waits.")
        try:
            with self._database.read() as session:
                stuck = stuck_error(session) if schema.is_current(session) else None
        except KinoError:
            stuck = None
        if stuck is not None:
            return Capability("smtp", State.DEGRADED, f"E-mail waits, because {self._settings.smtp_host} says: {stuck}")
        return Capability("smtp", State.OK, f"{self._settings.smtp_host} answers.")

    def _github(self) -> Capability:
        if not self._settings.enable_github_integration:
            return Capability("github", State.DISABLED, "Switched off by ENABLE_GITHUB_INTEGRATION.")
        if self._settings.github_webhook_secret is None:
            return Capability("github", State.DISABLED, "Set GITHUB_WEBHOOK_SECRET to receive webhooks.")
        return Capability("github", State.OK, "Receives webhooks that are signed with GITHUB_WEBHOOK_SECRET.")

    def _storage(self) -> Capability:
        if self._settings.s3_endpoint is None:
            return Capability("s3", State.DISABLED, f"Reports are kept in {self._settings.reports_path}.")
        address = urlsplit(self._settings.s3_endpoint)
        port = address.port or (443 if address.scheme == "https" else 80)
        if address.hostname and _answers(address.hostname, port):
            return Capability("s3", State.OK, f"{self._settings.s3_endpoint} answers.")
        return Capability("s3", State.DOWN, f"{self._settings.s3_endpoint} does not answer.")

    def _fold(self) -> Capability:
        try:
            with self._database.read() as session:
                if not schema.is_current(session):
                    return Capability("fold", State.DOWN, "Events wait until the tables are of this version.")
                failing = ", ".join(f"{each.name} ({each.failures})" for each in failing_sources(session))
        except KinoError as error:
            return Capability("fold", State.DOWN, error.message)
        if failing:
            return Capability("fold", State.DEGRADED, f"Events keep failing: {failing}. See `kino dlq list`.")
        return Capability("fold", State.OK, "No source's events keep failing.")

    def _audit(self) -> Capability:
        try:
            with self._database.read() as session:
                if not schema.is_current(session):
                    return Capability("audit", State.DOWN, "The audit waits until the tables are of this version.")
                waiting = unsealed(session)
        except KinoError as error:
            return Capability("audit", State.DOWN, error.message)
        if waiting.late and waiting.since is not None:
            detail = f"{waiting.entries} entries wait for their seal since {waiting.since:%Y-%m-%d %H:%M} UTC."
            return Capability("audit", State.DEGRADED, f"{detail} Does a worker run?")
        return Capability("audit", State.OK, "Entries are sealed as they come.")


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=PROBE_SECONDS):
            return True
    except OSError:
        return False
