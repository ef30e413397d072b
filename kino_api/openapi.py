"""The description of the API for programs: everything under /api/v1 and /auth, and the ingestion doors.

What follows from a rule is said by the rule, once for all operations: which errors, headers and links an operation has
(`openapi_answers`), an example of every body (`openapi_examples`), and who may call it (`permissions`).
"""

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse

from kino_api.authentication import CurrentUser
from kino_api.guarded_route import REPEATABLE, GuardedRoute, guarded_router
from kino_api.idempotency import HEADER
from kino_api.openapi_answers import ANSWERS, HEADERS, add_answers, add_links
from kino_api.openapi_doors import doors, event_schemas
from kino_api.openapi_examples import add_body_examples
from kino_api.permissions import ROUTES, Open, Permission, holders_of

DESCRIBED = ("/api/v1", "/auth")

_SCHEMES = {
    "access token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "access cookie": {"type": "apiKey", "in": "cookie", "name": "__Host-kino_at"},
    "agent token": {"type": "http", "scheme": "bearer", "bearerFormat": "kino_<environment>_<32 characters>"},
}
_SIGNED_IN: list[dict[str, list[str]]] = [{"access token": []}, {"access cookie": []}]
_IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "The same key with the same request, within a day: one effect, and the same answer again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
}


def describe(app: FastAPI) -> None:
    """Give the application its description and the route that shows it to those who are signed in."""
    router = guarded_router("/api/v1")

    @router.get("/openapi.json", include_in_schema=False)
    def openapi(user: CurrentUser) -> JSONResponse:
        """Return the OpenAPI description."""
        return JSONResponse(app.openapi())

    app.router.routes.extend(router.routes)
    app.openapi = lambda: _kept(app)  # type: ignore[method-assign]  # FastAPI's own way to replace its description


def _kept(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = _described(app)
    return app.openapi_schema


def _described(app: FastAPI) -> dict[str, Any]:
    routes = [each for each in app.routes if isinstance(each, GuardedRoute) and each.path.startswith(DESCRIBED)]
    made = get_openapi(title=app.title, version=app.version, description=app.description, routes=routes)
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            _add_permission(operation, ROUTES[method.upper(), path])
            operation["summary"] = _first_sentence(operation["description"])
            for each in operation.get("parameters", []):
                each["schema"] = _without_null(each["schema"])
            if method == "post" and path.startswith(REPEATABLE):
                operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
    components = made["components"]
    components["schemas"] |= event_schemas()
    made["paths"] |= doors()
    components |= {"securitySchemes": _SCHEMES, "responses": ANSWERS, "headers": HEADERS}
    add_answers(made["paths"], components["schemas"])
    add_links(made["paths"])
    add_body_examples(made["paths"], components["schemas"])
    return made


def _add_permission(operation: dict[str, Any], permission: Permission | Open) -> None:
    if isinstance(permission, Permission):
        operation["security"] = _SIGNED_IN
        operation["x-permission"] = {
            "resource": permission.resource,
            "action": permission.action,
            "holders": holders_of(permission),
        }
    else:
        operation["security"] = []


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter, which is left out where a member of a body would be null."""
    branches = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    if len(branches) != 1:
        return schema
    [branch] = branches
    return {**branch, **{name: value for name, value in schema.items() if name != "anyOf"}}


def _first_sentence(text: str) -> str:
    return re.split(r"[.;:](?:\s|$)", text, maxsplit=1)[0]
