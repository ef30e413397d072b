"""What the watch noticed, as administrators and managers read it."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, tuple_

from kino_core.database import ReadSession
from kino_core.tables import security_event
from kino_core.watch import Severity, Suspicion

SUMMARY_SPAN = timedelta(hours=24)


@dataclass(frozen=True)
class SecurityEvent:
    """One suspicion about one sender within one minute; `count` says how often, until `last_at`.

    `route` is the template of the address that was asked for, `details` those of the first time.
    """

    id: uuid.UUID
    occurred_at: datetime
    last_at: datetime
    kind: Suspicion
    severity: Severity
    user_id: uuid.UUID | None
    address: str | None
    token_id: uuid.UUID | None
    route: str | None
    count: int
    details: dict[str, str]


@dataclass(frozen=True)
class SecurityFilter:
    """Which events; `since` is included, `until` is not, and None asks for nothing."""

    kind: Suspicion | None = None
    severity: Severity | None = None
    user_id: uuid.UUID | None = None
    address: str | None = None
    token_id: uuid.UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class KindCount:
    """How often a suspicion came up, from how many addresses, and when last."""

    kind: Suspicion
    severity: Severity
    count: int
    addresses: int
    last_at: datetime


@dataclass(frozen=True)
class SecuritySummary:
    """What came up since a moment, the gravest and most frequent first; kinds that did not come up are left out."""

    since: datetime
    kinds: list[KindCount]


def list_security_events(
    session: ReadSession,
    asked: SecurityFilter,
    *,
    before: tuple[datetime, uuid.UUID] | None = None,
    limit: int = 50,
) -> list[SecurityEvent]:
    """Return events, the newest first; `before` is the (occurred_at, id) of the last one seen."""
    event = security_event.c
    found = select(security_event).order_by(event.occurred_at.desc(), event.id.desc()).limit(limit)
    for name in ("kind", "severity", "user_id", "address", "token_id"):
        if (value := getattr(asked, name)) is not None:
            found = found.where(event[name] == value)
    if asked.since is not None:
        found = found.where(event.occurred_at >= asked.since)
    if asked.until is not None:
        found = found.where(event.occurred_at < asked.until)
    if before is not None:
        found = found.where(tuple_(event.occurred_at, event.id) < before)
    return [_event(dict(row)) for row in session.execute(found).mappings()]


def summarize(session: ReadSession, since: datetime | None = None) -> SecuritySummary:
    """Return what came up since then, or within SUMMARY_SPAN."""
    since = since or datetime.now(UTC) - SUMMARY_SPAN
    event = security_event.c
    rows = session.execute(
        select(
            event.kind,
            event.severity,
            func.sum(event["count"]).label("number"),
            func.count(event.address.distinct()).label("addresses"),
            func.max(event.last_at).label("last_at"),
        )
        .where(event.occurred_at >= since, event.severity != Severity.INFO)
        .group_by(event.kind, event.severity)
    )
    kinds = [
        KindCount(Suspicion(row.kind), Severity(row.severity), int(row.number), row.addresses, row.last_at)
        for row in rows
    ]
    gravity = list(Severity)
    return SecuritySummary(since, sorted(kinds, key=lambda each: (-gravity.index(each.severity), -each.count)))


def _event(row: dict[str, Any]) -> SecurityEvent:
    return SecurityEvent(**row | {"kind": Suspicion(row["kind"]), "severity": Severity(row["severity"])})
