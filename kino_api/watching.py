"""What the API notes for the watch: who it was follows from the request."""

import uuid
from collections.abc import Mapping

from starlette.requests import HTTPConnection

from kino_api.resources import resources_of
from kino_core.watch import Suspicion


def note(
    connection: HTTPConnection,
    suspicion: Suspicion,
    *,
    user_id: uuid.UUID | None = None,
    details: Mapping[str, str] | None = None,
) -> None:
    """Count one suspicion about whoever sent this request; costs nothing and never fails.

    `user_id` is needed only where nobody is signed in yet. Nothing secret or personal may be in `details`.
    """
    visitor = getattr(connection.state, "visitor", None)
    resources_of(connection).watch.note(
        suspicion,
        address=connection.client.host if connection.client else None,
        user_id=user_id or (visitor.user.id if visitor else None),
        route=route_of(connection),
        details=details,
    )


def route_of(connection: HTTPConnection) -> str | None:
    """Return the template of the route that answers, None where there is none: a path may hold a token."""
    return getattr(connection.scope.get("route"), "path", None)
