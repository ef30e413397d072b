"""The one place where an error becomes an HTTP answer: the same envelope for every kind of failure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route

from kino_api.field_messages import field_message
from kino_core.errors import Category, Conflict, KinoError
from kino_core.logs import hide_in, hide_in_text
from kino_ingest.answers import RETRY_AFTER_SECONDS, STATUS, support_details
from kino_ingest.http_request import RequestRefused


class TooManyAttempts(KinoError):
    """More requests than allowed; `seconds` until the next may succeed."""

    category = Category.RATE_LIMIT
    code = "TOO_MANY_ATTEMPTS"
    retryable = True

    def __init__(self, message: str, *, seconds: int) -> None:
        super().__init__(message, retry_after_seconds=seconds)
        self.seconds = seconds


class PreconditionFailed(Conflict):
    """`If-Match` names a version of the object that is no longer the current one."""

    code = "PRECONDITION_FAILED"


@dataclass(frozen=True)
class Problem:
    """An error as an answer: its HTTP status and what the envelope says; `headers` go with it."""

    status: int
    category: Category
    code: str
    message: str
    details: dict[str, Any] = field(default_factory=dict)
    retryable: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    def envelope(self, request_id: str, support: str | None = None) -> dict[str, Any]:
        """Return the body that every error of the API has; `support` is whom to ask where nothing else helps.

        Nothing in it looks like a secret, even where it was the caller's own.
        """
        return {
            "error": {
                # What is away is a matter of the server; callers tell it by the status.
                "category": Category.SERVER if self.category is Category.UNAVAILABLE else self.category,
                "code": self.code,
                "message": hide_in_text(self.message),
                "details": hide_in(self.details) | support_details(self.status, support),
                "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
                "request_id": request_id,
                "retryable": self.retryable,
            }
        }


CRASH = Problem(
    500, Category.SERVER, "INTERNAL_ERROR", "Something went wrong here. Try again; if it stays, give the request id."
)

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_HTTP = {
    404: (Category.NOT_FOUND, "NOT_FOUND", "There is nothing at this address. Check it for typing errors."),
    405: (Category.VALIDATION, "METHOD_NOT_ALLOWED", "This address does not take this method."),
    400: (Category.VALIDATION, "INVALID_REQUEST", "The request cannot be read. Check that its body is valid JSON."),
}


def problem_of(error: Exception) -> Problem:
    """Return what the caller is told about `error`; an unforeseen one says nothing about itself."""
    match error:
        case KinoError():
            return _foreseen(error)
        case RequestValidationError():
            return _invalid(error)
        case HTTPException(__cause__=KinoError() as cause):
            # What interrupted the reading of the body comes wrapped.
            return _foreseen(cause)
        case DataError():
            # A character or a number that no column holds: PostgreSQL refuses it before anything is changed.
            return Problem(400, Category.VALIDATION, "INVALID_INPUT", "A value holds what cannot be stored. Check it.")
        case HTTPException():
            category, code, message = _HTTP.get(
                error.status_code, (Category.VALIDATION, HTTPStatus(error.status_code).name, str(error.detail))
            )
            return Problem(error.status_code, category, code, message, headers=error.headers or {})
        case _:
            return CRASH


def answer_problem(request: Request, error: Exception) -> Response:
    """Answer with the envelope of `error`."""
    problem = problem_of(error)
    request_id = request.scope["state"]["request_id"]
    envelope = problem.envelope(request_id, support_contact(request))
    headers = dict(problem.headers)
    if problem.status == 405:
        headers["Allow"] = ", ".join(methods_of(request))
    return JSONResponse(envelope, problem.status, headers=headers)


def methods_of(request: Request) -> list[str]:
    """Return every method that the request's address takes; the framework knows only those of one of its routes."""
    routes = [each for each in request.app.routes if isinstance(each, Route)]
    fitting = [each for each in routes if each.matches(request.scope)[0] is not Match.NONE]
    # The last word of an address could be read as an id, too: meant is the one with the fewest of them.
    meant = min(fitting, key=lambda each: len(each.param_convertors)).path if fitting else None
    taken = {method for each in fitting if each.path == meant for method in each.methods or ()}
    return [method for method in _METHODS if method in taken]


def support_contact(request: Request) -> str | None:
    """Return whom people may ask for help, as SUPPORT_CONTACT says."""
    resources = getattr(request.app.state, "resources", None)
    contact: str | None = resources.settings.support_contact if resources else None
    return contact


def _foreseen(error: KinoError) -> Problem:
    status = error.status if isinstance(error, RequestRefused) else STATUS[error.category]
    if isinstance(error, PreconditionFailed):
        status = 412
    headers: dict[str, str] = {}
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if isinstance(error, TooManyAttempts):
        headers["Retry-After"] = str(error.seconds)
    if status == 413:
        # The rest of the body may never end: nobody here reads it.
        headers["Connection"] = "close"
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Problem(status, error.category, error.code, error.message, error.details, error.retryable, headers)


def _invalid(error: RequestValidationError) -> Problem:
    fields = [{"field": _field(each["loc"]), "message": field_message(each)} for each in error.errors()]
    if any(each["type"] == "json_invalid" for each in error.errors()):
        category, code, message = _HTTP[400]
        return Problem(400, category, code, message)
    names = ", ".join(dict.fromkeys(each["field"] for each in fields))
    message = f"The request does not fit: {names}. Each field's message says what it takes."
    return Problem(400, Category.VALIDATION, "INVALID_INPUT", message, {"fields": fields})


def _field(place: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in place[1:]) or str(place[0])
