"""Answers of the doors: JSON, with the request's id, and one envelope for every error."""

import re
import uuid
from datetime import UTC, datetime
from typing import Any

import msgspec

from kino_core.errors import Category, KinoError
from kino_ingest.http_request import Headers, RequestRefused, Send

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
_REQUEST_ID = re.compile(r"[0-9A-Za-z._-]{8,128}", re.ASCII)


def request_id_of(headers: Headers) -> str:
    """Return the request's own id where it sends a plain one, else a new one."""
    given = headers.get("x-request-id")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


async def answer(send: Send, status: int, body: dict[str, Any], request_id: str, **extra: str) -> None:
    """Send one JSON answer; `extra` are headers with `_` for `-`."""
    content = msgspec.json.encode(body)
    headers = {"content_type": "application/json", "content_length": str(len(content)), "x_request_id": request_id}
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in (headers | extra).items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": content})


async def answer_error(send: Send, error: KinoError, request_id: str, **extra: str) -> None:
    """Send `error` in the envelope that every error of Kino has."""
    status = error.status if isinstance(error, RequestRefused) else STATUS[error.category]
    if status == 503:
        extra["retry_after"] = str(RETRY_AFTER_SECONDS)
    if status == 401:
        extra["www_authenticate"] = "Bearer"
    if status == 408:
        # What is still on its way would be taken for the next request.
        extra["connection"] = "close"
    envelope = {
        # What is away is a matter of the server; callers tell it by the status.
        "category": Category.SERVER if error.category is Category.UNAVAILABLE else error.category,
        "code": error.code,
        "message": error.message,
        "details": error.details,
        "timestamp": datetime.now(UTC),
        "request_id": request_id,
        "retryable": error.retryable,
    }
    await answer(send, status, {"error": envelope}, request_id, **extra)
