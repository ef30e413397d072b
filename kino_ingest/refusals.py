"""What the doors write down of the requests that they refuse, for whoever has to find out why.

The form of a body is told, not what is in it: a sender who mixes up two fields may have put a password in either.
"""

import re
import uuid
from typing import Any

import msgspec
import structlog

from kino_core.errors import Category, KinoError, Unauthenticated
from kino_core.identities import AgentType
from kino_core.logs import hide_in_text
from kino_core.watch import Suspicion
from kino_ingest.agent_report import AgentReport, EventType
from kino_ingest.http_request import Request

MOST_FORM_BYTES = 64 * 1024
_TOLD = frozenset(AgentReport.__struct_fields__) | {
    "action", "commits", "pull_request", "ref", "repository", "sender"
}  # fmt: skip
_WORDS = frozenset([*EventType, *AgentType])
_TASK = re.compile(r"[A-Z][A-Z0-9]{0,9}-\d{1,9}")

_SUSPICIONS = {
    Category.AUTHENTICATION: Suspicion.REFUSED,
    Category.AUTHORIZATION: Suspicion.REFUSED,
    Category.NOT_FOUND: Suspicion.REFUSED,
    Category.RATE_LIMIT: Suspicion.RATE_LIMITED,
}

log = structlog.get_logger(__name__)


class BadSignature(Unauthenticated):
    """What came is not signed with the secret that its sender was given."""


def note_refusal(request: Request, error: KinoError, raw: bytes, *, token_id: uuid.UUID | None = None) -> None:
    """Log a refused request with the form of what came.

    What is over quota is only counted by its headers: a sender in a loop must not fill the log.
    """
    if error.category in (Category.RATE_LIMIT, Category.UNAVAILABLE):
        return
    log.warning(
        "a request was refused",
        request_id=request.id,
        correlation_id=request.correlation_id,
        path=request.path,
        code=error.code,
        reason=hide_in_text(error.message),
        fields=error.details.get("fields"),
        token_id=str(token_id) if token_id else None,
        body_bytes=len(raw),
        form=form_of(raw),
    )


def suspicion_of(error: KinoError) -> Suspicion | None:
    """Return what the watch should know of a refusal, None where anybody may err."""
    if isinstance(error, BadSignature):
        return Suspicion.BAD_SIGNATURE
    return _SUSPICIONS.get(error.category)


def form_of(raw: bytes) -> object:
    """Return what a body looks like: its known members with the type and length of their values, or what it is."""
    if not raw or len(raw) > MOST_FORM_BYTES:
        return "empty" if not raw else "long"
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "not JSON"
    if not isinstance(body, dict):
        return _form_of_value(body)
    form = {name: _form_of_value(value) for name, value in body.items() if name in _TOLD}
    if others := len(body) - len(form):
        form["…"] = f"{others} further members"
    return form


def _form_of_value(value: Any) -> object:  # noqa: ANN401  JSON holds anything
    match value:
        case str():
            return value if value in _WORDS or _TASK.fullmatch(value) else f"text of {len(value)}"
        case dict() | list():
            return f"{'object' if isinstance(value, dict) else 'list'} of {len(value)}"
        case bool() | None:
            return value
        case _:
            return "number"
