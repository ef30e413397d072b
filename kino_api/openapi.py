"""The description of the API for programs: everything under /api/v1 and /auth, and the ingestion doors."""

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts

from kino_api.authentication import CurrentUser
from kino_api.guarded_route import REPEATABLE, GuardedRoute, guarded_router
from kino_api.idempotency import HEADER
from kino_api.permissions import ROUTES, Open
from kino_ingest.agent_report import AgentReport

DESCRIBED = ("/api/v1", "/auth")

_SCHEMES = {
    "access token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "access cookie": {"type": "apiKey", "in": "cookie", "name": "__Host-kino_at"},
    "agent token": {"type": "http", "scheme": "bearer", "bearerFormat": "kino_<environment>_<32 characters>"},
}
_SIGNED_IN: list[dict[str, list[str]]] = [{"access token": []}, {"access cookie": []}]


def describe(app: FastAPI) -> None:
    """Give the application its description and the route that shows it to those who are signed in."""
    router = guarded_router("/api/v1")

    @router.get("/openapi.json", include_in_schema=False)
    def openapi(user: CurrentUser) -> JSONResponse:
        """Return the OpenAPI description."""
        return JSONResponse(app.openapi())

    app.include_router(router)
    app.openapi = lambda: _kept(app)  # type: ignore[method-assign]  # FastAPI's own way to replace its description


def _kept(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = _described(app)
    return app.openapi_schema


def _described(app: FastAPI) -> dict[str, Any]:
    routes = [
        each
        for each in iter_route_contexts(app.routes)
        if isinstance(each.original_route, GuardedRoute) and each.original_route.path.startswith(DESCRIBED)
    ]
    made = get_openapi(title=app.title, version=app.version, description=app.description, routes=routes)
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            if not isinstance(ROUTES[method.upper(), path], Open):
                operation["security"] = _SIGNED_IN
            if method == "post" and path.startswith(REPEATABLE):
                operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
    components = made.setdefault("components", {})
    components["securitySchemes"] = _SCHEMES
    _, schemas = msgspec.json.schema_components([AgentReport], ref_template="#/components/schemas/{name}")
    components["schemas"] |= schemas
    made["paths"] |= {
        "/webhooks/agent-update": {"post": _AGENT_DOOR},
        "/webhooks/agent-update/batch": {"post": _BATCH_DOOR},
        "/webhooks/github": {"post": _GITHUB_DOOR},
    }
    return made


_IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "The same key with the same request, within a day: one effect, and the same answer again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
}
_ERROR = {
    "description": "The error envelope",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorEnvelope"}}},
}
_ACCEPTED = {
    "description": "The event is durable, now or from before",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["event_id", "status"],
                "properties": {
                    "event_id": {"type": "string"},
                    "status": {"type": "string", "enum": ["accepted", "duplicate"]},
                },
            }
        }
    },
}
_AGENT_DOOR: dict[str, Any] = {
    "tags": ["doors"],
    "summary": "Take an agent's event",
    "description": "Answers 202 once the event is committed. Further members are kept.",
    "security": [{"agent token": []}],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AgentReport"}}},
    },
    "responses": {"202": _ACCEPTED, "4XX": _ERROR, "5XX": _ERROR},
}
_BATCH_DOOR: dict[str, Any] = {
    "tags": ["doors"],
    "summary": "Take many events of agents",
    "description": "One event a line; answers a line for each, in order, once all that it calls accepted is committed.",
    "security": [{"agent token": []}],
    "requestBody": {"required": True, "content": {"application/x-ndjson": {"schema": {"type": "string"}}}},
    "responses": {
        "202": {
            "description": "What became of each line: accepted, duplicate, or rejected with an error",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        },
        "4XX": _ERROR,
        "5XX": _ERROR,
    },
}
_GITHUB_DOOR: dict[str, Any] = {
    "tags": ["doors"],
    "summary": "Take a GitHub webhook",
    "description": "The body is checked against `X-Hub-Signature-256` before it is read.",
    "security": [],
    "parameters": [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
        for name in ("X-GitHub-Event", "X-GitHub-Delivery", "X-Hub-Signature-256")
    ],
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
    "responses": {"202": _ACCEPTED, "4XX": _ERROR, "5XX": _ERROR},
}
