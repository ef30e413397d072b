"""`/operations`: how everything is that Kino uses, how old its numbers are, and what looked like an attack."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.site import site_of
from dashboards.tiles import tiles
from dashboards.visitors import SEE_OPERATIONS, Visitor
from kino_api.capabilities import State
from kino_api.permissions import check_permission
from kino_api.resources import resources_of
from kino_api.security_events import summarize
from kino_core.gold import PORTFOLIO
from kino_core.lake import LakeNotReady
from kino_core.metrics import platform
from kino_core.periods import Grain, Period
from kino_core.watch import Severity, Suspicion

router = APIRouter(include_in_schema=False)

_NAMES = {
    "postgres": "PostgreSQL",
    "replica": "Replica",
    "fold": "Folding",
    "redis": "Redis",
    "lake": "Lake",
    "dagster": "Dagster",
    "chromium": "Chromium",
    "smtp": "E-mail",
    "github": "GitHub",
    "s3": "Object storage",
    "audit": "Audit",
}
_LOOK = {
    State.OK: ("on-track", "OK"),
    State.DEGRADED: ("at-risk", "Degraded"),
    State.DOWN: ("blocked", "Down"),
    State.DISABLED: ("none", "Off"),
}

SUSPICIONS = {
    Suspicion.SIGN_IN_FAILED: ("Failed sign-ins", "Wrong passwords or addresses. Many from one place are guesses."),
    Suspicion.LOCKED_OUT: ("Locked sign-ins", "So many wrong passwords that Kino makes that place wait."),
    Suspicion.REFRESH_REUSED: (
        "Sessions used twice",
        "A used-up sign-in came back, as it does when it was stolen. Kino ended the session.",
    ),
    Suspicion.REFUSED: ("Refusals in a row", "Somebody asks again and again for what they may not see."),
    Suspicion.INJECTION: ("Attempts to smuggle code", "Text that looks like an attack. Kino treats it as plain text."),
    Suspicion.MANY_OBJECTS: ("Unusual reading", "One account looked at very many projects or reports in a short time."),
    Suspicion.NEW_TOKEN_ADDRESS: (
        "Tokens in new places",
        "An agent token was used from an address for the first time.",
    ),
    Suspicion.RATE_LIMITED: ("Over quota", "More requests than allowed; Kino asked the sender to wait."),
    Suspicion.BAD_SIGNATURE: ("Wrong signatures", "Events that are not signed with the secret of their source."),
    Suspicion.CROSS_SITE: ("Other sites' pages", "A page of another site tried to act as somebody. Nothing was done."),
}
"""What the page calls each suspicion, and what it means."""
_GRAVITY = {
    Severity.INFO: ("none", "For information"),
    Severity.LOW: ("none", "Low"),
    Severity.MEDIUM: ("at-risk", "Medium"),
    Severity.HIGH: ("blocked", "High"),
}


@router.get("/operations")
def operations(request: Request, visitor: Visitor) -> Response:
    """Show every capability and the age of the lake."""
    check_permission(visitor, SEE_OPERATIONS)
    site = site_of(request)
    found = resources_of(request).capabilities.look()
    return site.renderer.page(
        request,
        "operations.html",
        here="operations",
        user=visitor,
        **_numbers(request),
        capabilities=[
            {"name": _NAMES.get(each.name, each.name), "look": _LOOK[each.state], "detail": each.detail}
            for each in found
        ],
        suspicions=_suspicions(request),
        troubled=sum(1 for each in found if each.state in (State.DOWN, State.DEGRADED)),
    )


def _suspicions(request: Request) -> list[dict[str, Any]]:
    with site_of(request).database.read() as session:
        found = summarize(session)
    return [
        {
            "name": SUSPICIONS[each.kind][0],
            "meaning": SUSPICIONS[each.kind][1],
            "look": _GRAVITY[each.severity],
            "count": each.count,
            "addresses": each.addresses,
            "last_at": each.last_at,
        }
        for each in found.kinds
    ]


def _numbers(request: Request) -> dict[str, Any]:
    """Return how Kino keeps up, in tiles; there are none while the lake is being prepared."""
    today = datetime.now(UTC).date()
    keys = [metric.key for metric in platform.METRICS]
    try:
        with site_of(request).warehouse.gold() as gold:
            found = tiles(gold, keys, PORTFOLIO, Period.of(Grain.DAY, today), today, "/portfolio/metrics")
            return {"as_of": gold.as_of, "tiles": found}
    except LakeNotReady:
        return {"as_of": None, "tiles": []}
