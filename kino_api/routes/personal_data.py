"""Export and erasure of a user over HTTP."""

import uuid
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from kino_api.authentication import CurrentUser, close_pages_of, require_fresh, writing
from kino_api.guarded_route import guarded_router
from kino_api.live import Close
from kino_api.personal_data import check_export, erase, export_file, pieces
from kino_api.resources import resources_of
from kino_core.privacy.erasures import Erasure
from kino_core.privacy.export import note_export
from kino_core.privacy.subjects import find_by_user

router = guarded_router("/api/v1/users", "users")


_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {"schema": {"type": "object"}}}}}


@router.get("/{user_id}/export", response_class=StreamingResponse, responses=_FILE)
def export_user(request: Request, user: CurrentUser, user_id: uuid.UUID) -> Response:
    """Return everything that Kino holds about a user, table by table: one's own, for administrators anybody's."""
    check_export(user, user_id)
    with writing(request) as session:
        subject = find_by_user(session, user_id)
        note_export(session, subject)
    with resources_of(request).database.read() as session:
        file = export_file(session, subject)
    name = f'attachment; filename="kino-{user_id}.json"'
    return StreamingResponse(pieces(file), media_type="application/json", headers={"Content-Disposition": name})


@router.post("/{user_id}/erase", status_code=202)
def erase_user(request: Request, user: CurrentUser, user_id: uuid.UUID) -> Erasure:
    """Erase a person: the account now, everything else in the background. Asked again, it tells how far that is.

    What they did stays, under a pseudonym from which nothing leads back. It cannot be undone,
    so the password must have been shown within the last minutes.
    """
    require_fresh(request)
    with writing(request) as session:
        asked = erase(session, find_by_user(session, user_id), requested_by=user.id)
    close_pages_of(request, user_id, Close.SIGNED_OUT)
    return asked
