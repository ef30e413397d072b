"""`/operations`: how everything is that Kino uses, and how old its numbers are."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.site import site_of
from dashboards.visitors import Visitor
from kino_api.capabilities import State
from kino_api.permissions import Action, Permission, Resource, check_permission
from kino_api.resources import resources_of
from kino_core.lake import LakeNotReady

router = APIRouter(include_in_schema=False)

_NAMES = {
    "postgres": "PostgreSQL",
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


@router.get("/operations")
def operations(request: Request, visitor: Visitor) -> Response:
    """Show every capability and the age of the lake."""
    check_permission(visitor, Permission(Resource.SYSTEM, Action.READ))
    site = site_of(request)
    found = resources_of(request).capabilities.look()
    return site.renderer.page(
        request,
        "operations.html",
        here="operations",
        user=visitor,
        as_of=_as_of(request),
        capabilities=[
            {"name": _NAMES.get(each.name, each.name), "look": _LOOK[each.state], "detail": each.detail}
            for each in found
        ],
        troubled=sum(1 for each in found if each.state in (State.DOWN, State.DEGRADED)),
    )


def _as_of(request: Request) -> object:
    try:
        with site_of(request).warehouse.gold() as gold:
            return gold.as_of
    except LakeNotReady:
        return None
