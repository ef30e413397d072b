"""Closing blockers over HTTP."""

import uuid

from fastapi import Request

from kino_api.authentication import CurrentUser, writing
from kino_api.blocker_resolution import ResolvedBlocker, resolve_blocker
from kino_api.guarded_route import guarded_router

router = guarded_router("/api/v1/projects/{project_id}/blockers", "projects")


# Agents call their blockers and tasks what they like, with slashes too.
@router.post("/{blocker_id:path}/resolve")
def resolve(request: Request, user: CurrentUser, project_id: uuid.UUID, blocker_id: str) -> ResolvedBlocker:
    """Close an open blocker; it opens again when an agent reports it anew."""
    with writing(request) as session:
        return resolve_blocker(session, project_id, blocker_id, resolved_by=user.id)
