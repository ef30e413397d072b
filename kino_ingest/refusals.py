"""What the doors write down of the requests that they refuse, for whoever has to find out why."""

import uuid

import structlog

from kino_core.errors import Category, KinoError
from kino_core.logs import hide_in_text
from kino_ingest.http_request import Request

EXCERPT_BYTES = 500

log = structlog.get_logger(__name__)


def note_refusal(request: Request, error: KinoError, raw: bytes, *, token_id: uuid.UUID | None = None) -> None:
    """Log a refused request with the beginning of what came, secrets hidden.

    What is over quota is only counted by its headers: a sender in a loop must not fill the log.
    """
    if error.category in (Category.RATE_LIMIT, Category.UNAVAILABLE):
        return
    log.warning(
        "a request was refused",
        request_id=request.id,
        path=request.path,
        code=error.code,
        reason=hide_in_text(error.message),
        fields=error.details.get("fields"),
        token_id=str(token_id) if token_id else None,
        body_bytes=len(raw),
        excerpt=hide_in_text(raw[:EXCERPT_BYTES].decode("utf-8", "replace")),
    )
