"""The watch: what looks like an attack or a mistake becomes a security event that people can look at.

Noting costs a request next to nothing and never fails it: what is noted is counted in memory, by the minute and by
who did it, and a thread writes the counts every second. However many come, memory and rows a minute are bounded.
"""

import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError

from kino_core.database import Database
from kino_core.errors import KinoError
from kino_core.logs import hide_in_text

MOST_A_MINUTE = 300
"""Different (kind, who, where) that are told apart within a minute; what is beyond is counted by kind alone."""
FLUSH_SECONDS = 1.0
KEPT_WHILE_AWAY = timedelta(minutes=10)
"""How long counts wait for PostgreSQL to come back."""
MOST_TOKEN_ADDRESSES = 10_000
LONGEST_DETAIL = 200

log = structlog.get_logger(__name__)


class Severity(StrEnum):
    """How soon somebody should look."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Suspicion(StrEnum):
    """What was noticed."""

    SIGN_IN_FAILED = "sign_in_failed"
    LOCKED_OUT = "locked_out"
    REFRESH_REUSED = "refresh_reused"
    REFUSED = "refused"
    INJECTION = "injection"
    MANY_OBJECTS = "many_objects"
    NEW_TOKEN_ADDRESS = "new_token_address"
    RATE_LIMITED = "rate_limited"
    BAD_SIGNATURE = "bad_signature"
    CROSS_SITE = "cross_site"


@dataclass(frozen=True)
class Rule:
    """How grave a suspicion is, and from how many a minute it is one at all."""

    severity: Severity
    from_count: int = 1


RULES = {
    Suspicion.SIGN_IN_FAILED: Rule(Severity.LOW),
    Suspicion.LOCKED_OUT: Rule(Severity.MEDIUM),
    Suspicion.REFRESH_REUSED: Rule(Severity.HIGH),
    # Anybody mistypes an address; who is refused again and again is looking for something.
    Suspicion.REFUSED: Rule(Severity.MEDIUM, from_count=10),
    Suspicion.INJECTION: Rule(Severity.MEDIUM),
    Suspicion.MANY_OBJECTS: Rule(Severity.MEDIUM),
    # The first address of a token is written down as INFO.
    Suspicion.NEW_TOKEN_ADDRESS: Rule(Severity.MEDIUM),
    Suspicion.RATE_LIMITED: Rule(Severity.LOW),
    Suspicion.BAD_SIGNATURE: Rule(Severity.MEDIUM),
    Suspicion.CROSS_SITE: Rule(Severity.MEDIUM),
}


@dataclass(frozen=True)
class _Key:
    suspicion: Suspicion
    minute: int
    user_id: uuid.UUID | None = None
    address: str | None = None
    token_id: uuid.UUID | None = None
    route: str | None = None


@dataclass
class _Counted:
    id: uuid.UUID
    occurred_at: datetime
    last_at: datetime
    details: dict[str, str]
    count: int = 0
    written: int = 0


class Watch:
    """Counts what is noted and writes it down; one a process, used by all its threads."""

    def __init__(self, database_url: str) -> None:
        self._database = Database(database_url, pool_max=1)
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._counted: dict[_Key, _Counted] = {}
        self._told_apart = (0, 0)
        self._token_addresses: set[tuple[uuid.UUID, str | None, int]] = set()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write; PostgreSQL need not be there yet."""
        self._thread = threading.Thread(target=self._write_for_ever, name="watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what is left, if PostgreSQL answers, and let go of it."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self.flush()
        self._database.close()

    def note(
        self,
        suspicion: Suspicion,
        *,
        address: str | None = None,
        user_id: uuid.UUID | None = None,
        token_id: uuid.UUID | None = None,
        route: str | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        """Count one suspicion; never blocks, never raises.

        `route` is a route's template, never a path. `details` are few and short, those of the first of the minute;
        nothing secret and nothing personal may be in them.
        """
        now = datetime.now(UTC)
        key = _Key(suspicion, int(now.timestamp() // 60), user_id, _network(address), token_id, route)
        with self._lock:
            counted = self._counted.get(key) or self._first(key, now, dict(details or {}))
            counted.count += 1
            counted.last_at = now

    def token_used(self, token_id: uuid.UUID, address: str | None) -> None:
        """Note that a token was used from an address: what it means when it never was used from there before.

        Once a day for each address it is written, so that one in use is never forgotten.
        """
        used = (token_id, address, int(time.time() // 86_400))
        if used in self._token_addresses:
            return
        if len(self._token_addresses) >= MOST_TOKEN_ADDRESSES:
            self._token_addresses.clear()
        self._token_addresses.add(used)
        self.note(Suspicion.NEW_TOKEN_ADDRESS, address=address, token_id=token_id)

    def flush(self) -> None:
        """Write the counts now; they stay in memory while PostgreSQL is away."""
        with self._flushing:
            with self._lock:
                due = [(key, replace(counted)) for key, counted in self._counted.items() if _is_due(key, counted)]
            if due:
                self._write(due)
            self._forget_old()

    def _first(self, key: _Key, now: datetime, details: dict[str, str]) -> _Counted:
        minute, number = self._told_apart
        number = number + 1 if minute == key.minute else 1
        self._told_apart = key.minute, number
        if number > MOST_A_MINUTE:
            key, details = _Key(key.suspicion, key.minute), {"who": "too many to tell apart"}
        if key.suspicion is Suspicion.NEW_TOKEN_ADDRESS and key.token_id:
            event_id = uuid.uuid5(key.token_id, key.address or "")
        else:
            event_id = uuid.uuid4()
        return self._counted.setdefault(key, _Counted(event_id, now, now, details))

    def _write(self, due: list[tuple[_Key, _Counted]]) -> None:
        try:
            with self._database.write() as session:
                session.exec_driver_sql("SET LOCAL synchronous_commit = off")
                rows = session.exec_driver_sql(
                    _statement(), {"events": msgspec.json.encode(list(map(_row, due))).decode()}
                )
                fresh = {row.id: row.severity for row in rows if row.fresh}
        except (KinoError, SQLAlchemyError) as error:
            log.warning("security events wait for PostgreSQL", waiting=len(due), error=str(error))
            return
        with self._lock:
            for key, counted in due:
                self._counted[key].written = counted.count
        for key, counted in due:
            if fresh.get(counted.id, Severity.INFO) != Severity.INFO:
                log.warning("security event", **_row((key, counted)))

    def _forget_old(self) -> None:
        now = datetime.now(UTC)
        minute = int(now.timestamp() // 60)
        with self._lock:
            for key, counted in list(self._counted.items()):
                if key.minute < minute and not (_is_due(key, counted) and now - counted.last_at < KEPT_WHILE_AWAY):
                    del self._counted[key]

    def _write_for_ever(self) -> None:
        while not self._stopping.wait(FLUSH_SECONDS):
            self.flush()


def _is_due(key: _Key, counted: _Counted) -> bool:
    return counted.count > counted.written and counted.count >= RULES[key.suspicion].from_count


def _row(each: tuple[_Key, _Counted]) -> dict[str, Any]:
    key, counted = each
    return {
        "id": str(counted.id),
        "occurred_at": counted.occurred_at.isoformat(),
        "last_at": counted.last_at.isoformat(),
        "kind": key.suspicion.value,
        "severity": RULES[key.suspicion].severity.value,
        "user_id": key.user_id and str(key.user_id),
        "address": key.address,
        "token_id": key.token_id and str(key.token_id),
        "route": key.route,
        "count": counted.count,
        "details": {name: hide_in_text(value)[:LONGEST_DETAIL] for name, value in counted.details.items()},
    }


def _network(address: str | None) -> str | None:
    """Return whom an address stands for: somebody with IPv6 has a whole /64 of them."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return None
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else str(parsed)


@cache
def _statement() -> str:
    return (files("kino_core") / "sql" / "security_event_put.sql").read_text()
