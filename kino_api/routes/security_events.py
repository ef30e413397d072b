"""Security events over HTTP: what the watch noticed, one by one and counted."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import Field

from kino_api.authentication import CurrentUser
from kino_api.fields import Moment
from kino_api.guarded_route import guarded_router
from kino_api.resources import resources_of
from kino_api.security_events import (
    SecurityEvent,
    SecurityFilter,
    SecuritySummary,
    list_security_events,
    summarize,
)
from kino_api.shapes import DEFAULT_LIMIT, CursorText, Limit, Page, page_of, pair_cursor
from kino_core.watch import Severity, Suspicion

router = guarded_router("/api/v1/security-events", "security")

Address = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[0-9a-fA-F.:/]+$")]


def asked_for(
    kind: Suspicion | None = None,
    severity: Severity | None = None,
    user_id: uuid.UUID | None = None,
    address: Annotated[Address | None, Query(description="As listed: IPv6 by its /64.")] = None,
    token_id: uuid.UUID | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
) -> SecurityFilter:
    """Return what the query asks for."""
    return SecurityFilter(kind, severity, user_id, address, token_id, since, until)


@router.get("")
def show(
    request: Request,
    user: CurrentUser,
    asked: Annotated[SecurityFilter, Depends(asked_for)],
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> Page[SecurityEvent]:
    """List what looked like an attack or a mistake, the newest first; one entry a minute and sender."""
    before: tuple[datetime, uuid.UUID] | None = pair_cursor(cursor)
    with resources_of(request).database.read() as session:
        found = list_security_events(session, asked, before=before, limit=limit + 1)
    return page_of(found, limit, lambda each: (each.occurred_at, each.id))


@router.get("/summary")
def summary(request: Request, user: CurrentUser, since: Moment | None = None) -> SecuritySummary:
    """Count what came up since a moment, or within the last day."""
    with resources_of(request).database.read() as session:
        return summarize(session, since)
