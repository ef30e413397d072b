"""What operations answer, as a description of the API tells it: errors, headers and links, each by one rule for all."""

import re
from http import HTTPStatus
from typing import Any

from kino_core.errors import Category

Operation = dict[str, Any]
Paths = dict[str, dict[str, Operation]]

ERRORS = "x-errors"
"""Where an operation that no rule is for says its errors itself; the finished description does not show it."""

_MADE_ELSEWHERE = {"/api/v1/reports": "/api/v1/jobs"}
"""Lists to which a POST adds nothing itself: what it makes is found at the other."""
_OTHER_IDS = {"/api/v1/projects/{project_id}/members": "user_id"}
"""The member of an answer that names the new object, where it is not `id`."""

_WHY = {
    400: ("VALIDATION", "INVALID_INPUT", "Something in the request is wrong; `details.fields` says what."),
    401: ("AUTHENTICATION", "UNAUTHENTICATED", "Nobody is signed in, or the credential is wrong, expired or revoked."),
    403: ("AUTHORIZATION", "NOT_ALLOWED", "The caller sees this and may not do it, or another site's page asked."),
    404: ("NOT_FOUND", "NOT_FOUND", "What is named does not exist, or the caller may not see it."),
    408: ("VALIDATION", "REQUEST_TIMEOUT", "The body did not arrive in time."),
    409: ("CONFLICT", "CONFLICT", "The request contradicts what is stored."),
    412: ("CONFLICT", "PRECONDITION_FAILED", "`If-Match` does not name the current version."),
    413: ("VALIDATION", "PAYLOAD_TOO_LARGE", "The body is too large."),
    415: ("VALIDATION", "UNSUPPORTED_MEDIA_TYPE", "The body is declared as something else than described here."),
    429: ("RATE_LIMIT", "RATE_LIMITED", "The caller has asked as much as it may for now."),
    500: ("SERVER", "INTERNAL_ERROR", "Something went wrong in Kino."),
    503: ("SERVER", "UNAVAILABLE", "What this needs is away or still starting, or a queue is full."),
}

HEADERS: dict[str, Any] = {
    "X-Request-ID": {
        "description": "Names the request in the log; the caller's own where it sent one.",
        "required": True,
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "The version of the object, for `If-Match`.",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
    },
    "Location": {
        "description": "The address of what was made.",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Retry-After": {
        "description": "The seconds until another try makes sense.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "How to sign in.",
        "required": True,
        "schema": {"type": "string", "enum": ["Bearer"]},
    },
}
_PARAMETER = re.compile(r"\{(\w+)\}")
_HEADERS_OF = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-ID", *names)}


def _envelope_of(status: int) -> dict[str, Any]:
    category, code, message = _WHY[status]
    error = {
        "category": Category(category),
        "code": code,
        "message": message,
        "details": {},
        "timestamp": "2026-11-22T20:00:00Z",
        "request_id": "6f1d0b9b2c3e4f5a8b7c6d5e4f3a2b1c",
        "retryable": status in (408, 429, 503),
    }
    return {
        "description": message,
        "headers": _headers(*_HEADERS_OF.get(status, ())),
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/ErrorEnvelope"},
                "example": {"error": error},
            }
        },
    }


def _name_of(status: int) -> str:
    return f"Error{status}"


ANSWERS = {_name_of(status): _envelope_of(status) for status in _WHY}
"""Every error that is described, by name."""


def add_answers(paths: Paths, schemas: dict[str, Any]) -> None:
    """Give every operation the errors it may end with instead of whole ranges, and every answer its headers."""
    for path, methods in paths.items():
        for method, operation in methods.items():
            answers = {status: each for status, each in operation["responses"].items() if not status.endswith("XX")}
            for status, answer in answers.items():
                answer["description"] = HTTPStatus(int(status)).phrase
                answer["headers"] = _headers(*_told_by(paths, path, method, status))
            errors = operation.pop(ERRORS, None) or _errors_of(path, method, operation, schemas)
            refusals = {str(each): {"$ref": f"#/components/responses/{_name_of(each)}"} for each in sorted(errors)}
            operation["responses"] = answers | refusals


def add_links(paths: Paths) -> None:
    """Lead from every answer that tells of a new object to what can be done with it, by its id."""
    for path, methods in paths.items():
        for status, answer in methods.get("post", {}).get("responses", {}).items():
            if status in ("201", "202") and (links := _links(paths, path)):
                answer["links"] = links


def _errors_of(path: str, method: str, operation: Operation, schemas: dict[str, Any]) -> set[int]:
    errors = {400, 500, 503}
    if operation["security"] or method == "post":
        errors |= {401, 403, 429}
    if "{" in path or (method != "get" and any(name.endswith(("_id", "scope")) for name in _names(operation, schemas))):
        errors.add(404)
    if method != "get":
        errors.add(409)
    if _takes_if_match(operation):
        errors.add(412)
    if "requestBody" in operation:
        errors |= {413, 415}
    return errors


def _names(operation: Operation, schemas: dict[str, Any]) -> set[str]:
    """Return what an operation's parameters and the members of its body are called."""
    names = {each["name"] for each in operation.get("parameters", [])}
    for kind in operation.get("requestBody", {}).get("content", {}).values():
        branches = kind["schema"].get("anyOf", [kind["schema"]])
        for reference in (each["$ref"] for each in branches if "$ref" in each):
            names |= schemas[reference.rpartition("/")[2]]["properties"].keys()
    return names


def _takes_if_match(operation: Operation) -> bool:
    return any(each["name"].lower() == "if-match" for each in operation.get("parameters", []))


def _told_by(paths: Paths, path: str, method: str, status: str) -> list[str]:
    """Return the headers that tell of an object: where it is, and which version of it this is."""
    if status == "204":
        return []
    one = _path_of_one(paths, path) if method == "post" and status in ("201", "202") else None
    names = ["Location"] if one is not None and "get" in paths[one] else []
    if any(_takes_if_match(each) for each in paths[one or path].values()):
        names.append("ETag")
    return names


def _path_of_one(paths: Paths, path: str) -> str | None:
    """Return the path of one object of those that a POST to `path` makes, None where it makes none."""
    one = re.compile(re.escape(_MADE_ELSEWHERE.get(path, path)) + r"/\{\w+\}")
    return next((other for other in paths if one.fullmatch(other)), None)


def _links(paths: Paths, path: str) -> dict[str, Any]:
    one = _path_of_one(paths, path)
    if one is None:
        return {}
    known = {name: f"$request.path.{name}" for name in _PARAMETER.findall(path)}
    [new] = set(_PARAMETER.findall(one)) - known.keys()
    known[new] = f"$response.body#/{_OTHER_IDS.get(path, 'id')}"
    return {
        operation["operationId"]: {"operationId": operation["operationId"], "parameters": known}
        for other, methods in paths.items()
        if f"{other}/".startswith(f"{one}/") and set(_PARAMETER.findall(other)) == known.keys()
        for operation in methods.values()
    }
