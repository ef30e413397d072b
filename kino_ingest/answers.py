"""Answers of the doors: JSON, with the request's id, and one envelope for every error."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from kino_core.errors import Category, KinoError
from kino_core.logs import hide_in, hide_in_text
from kino_core.protection import HEADERS, NO_PAGE
from kino_ingest.http_request import Request, RequestRefused, Send

STATUS = {
    Category.VALIDATION: 400,
    Category.AUTHENTICATION: 401,
    Category.AUTHORIZATION: 403,
    Category.NOT_FOUND: 404,
    Category.CONFLICT: 409,
    Category.RATE_LIMIT: 429,
    Category.INTEGRATION: 502,
    Category.SERVER: 500,
    Category.UNAVAILABLE: 503,
}
RETRY_AFTER_SECONDS = 2
_PROTECTION = [
    (name.lower().encode(), value.encode()) for name, value in (HEADERS | {"Content-Security-Policy": NO_PAGE}).items()
]
BEYOND_CALLERS = frozenset({403, 500, 502, 503})


async def answer(send: Send, request: Request, status: int, body: dict[str, Any]) -> None:
    """Send one JSON answer with the headers that the request has gathered."""
    await answer_bytes(send, request, status, msgspec.json.encode(body), "application/json")


async def answer_bytes(send: Send, request: Request, status: int, content: bytes, kind: str) -> None:
    """Send `content`, whose media type is `kind`."""
    headers = {
        "content-type": kind,
        "content-length": str(len(content)),
        "x-request-id": request.id,
        **request.answer_headers,
    }
    pairs = [*((name.encode(), value.encode()) for name, value in headers.items()), *_PROTECTION]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": content})


def error_status(error: KinoError) -> int:
    """Return the HTTP status of an error."""
    return error.status if isinstance(error, RequestRefused) else STATUS[error.category]


async def answer_error(send: Send, request: Request, error: KinoError, *, support: str | None = None) -> None:
    """Send `error` in the envelope that every error of Kino has; `support` is whom to ask where nothing else helps."""
    status = error_status(error)
    headers = request.answer_headers
    if status == 503:
        headers["retry-after"] = str(RETRY_AFTER_SECONDS)
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    if status == 405:
        headers["allow"] = "POST"
    if status == 408:
        # What is still on its way would be taken for the next request.
        headers["connection"] = "close"
    await answer(send, request, status, {"error": error_envelope(error, request.id, support=support)})


def error_envelope(error: KinoError, request_id: str, *, support: str | None = None) -> dict[str, Any]:
    """Return what callers see of an error: nothing that looks like a secret, even where it was theirs."""
    return {
        # What is away is a matter of the server; callers tell it by the status.
        "category": Category.SERVER if error.category is Category.UNAVAILABLE else error.category,
        "code": error.code,
        "message": hide_in_text(error.message),
        "details": hide_in(error.details) | support_details(error_status(error), support),
        "timestamp": datetime.now(UTC),
        "request_id": request_id,
        "retryable": error.retryable,
    }


def support_details(status: int, support: str | None) -> dict[str, Any]:
    """Return whom to ask, for callers who cannot help themselves."""
    return {"support": support} if support and status in BEYOND_CALLERS else {}
