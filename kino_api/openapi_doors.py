"""The ingestion doors in the description of the API; they are no routes of the framework that describes the others."""

import copy
import json
from typing import Any

import msgspec

from kino_api.openapi_answers import ERRORS
from kino_ingest.agent_report import DATA, EARLIEST_YEAR, LATEST_YEAR, AgentReport, EventType, OpenBlocker

_TAKEN = {
    "description": "",
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
_EVENT = {
    "agent_id": "claude-7",
    "event_type": "task_started",
    "timestamp": "2026-11-22T20:00:00Z",
    "task_id": "KIN-42",
    "data": {},
}
_REFUSALS = {400, 401, 403, 408, 413, 415, 429, 500, 503}

_AGENT_DOOR: dict[str, Any] = {
    "tags": ["doors"],
    "summary": "Take an agent's event",
    "description": "Answers 202 once the event is committed. Further members are kept.",
    "operationId": "take_agent_event",
    "security": [{"agent token": []}],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AgentReport", "examples": [_EVENT]}}},
    },
    "responses": {"202": copy.deepcopy(_TAKEN)},
    ERRORS: _REFUSALS | {409},
}
_BATCH_DOOR: dict[str, Any] = {
    "tags": ["doors"],
    "summary": "Take many events of agents",
    "description": "One event a line; answers a line for each, in order, once all that it calls accepted is committed: "
    "accepted, duplicate, or rejected with an error.",
    "operationId": "take_agent_events",
    "security": [{"agent token": []}],
    "requestBody": {
        "required": True,
        "content": {
            "application/x-ndjson": {
                "schema": {"type": "string", "minLength": 1, "pattern": "\\S", "examples": [json.dumps(_EVENT) + "\n"]}
            }
        },
    },
    "responses": {"202": {"description": "", "content": {"application/x-ndjson": {"schema": {"type": "string"}}}}},
    ERRORS: _REFUSALS,
}
_GITHUB_DOOR: dict[str, Any] = {
    "tags": ["doors"],
    "summary": "Take a GitHub webhook",
    "description": "The body is checked against `X-Hub-Signature-256` before it is read. "
    "404 where the integration is switched off.",
    "operationId": "take_github_delivery",
    "security": [],
    "parameters": [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
        for name in ("X-GitHub-Event", "X-GitHub-Delivery", "X-Hub-Signature-256")
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "examples": [{"repository": {"full_name": "octo-org/checkout"}}]}
            }
        },
    },
    "responses": {"202": copy.deepcopy(_TAKEN)},
    ERRORS: (_REFUSALS | {404, 409}) - {403, 429},
}


def doors() -> dict[str, Any]:
    """Return the paths of the doors."""
    return copy.deepcopy(
        {
            "/webhooks/agent-update": {"post": _AGENT_DOOR},
            "/webhooks/agent-update/batch": {"post": _BATCH_DOOR},
            "/webhooks/github": {"post": _GITHUB_DOOR},
        }
    )


def event_schemas() -> dict[str, Any]:
    """Return the schemas of agents' events: one for each type, because what `data` holds depends on it."""
    _, schemas = msgspec.json.schema_components(
        [AgentReport, OpenBlocker, *DATA.values()], ref_template="#/components/schemas/{name}"
    )
    common = schemas[AgentReport.__name__]
    timestamp = {
        "type": "string",
        "format": "event-time",
        "description": f"RFC 3339 with its zone, from {EARLIEST_YEAR} to {LATEST_YEAR}.",
    }
    for kind, data in DATA.items():
        told: dict[str, Any] = {"$ref": f"#/components/schemas/{data.__name__}"}
        if kind is EventType.BLOCKER_IDENTIFIED:
            resolved: dict[str, Any] = {"properties": {"resolved": {"const": True}}, "required": ["resolved"]}
            told = {"allOf": [told, {"anyOf": [resolved, {"$ref": f"#/components/schemas/{OpenBlocker.__name__}"}]}]}
        fields = {"event_type": {"type": "string", "const": kind.value}, "timestamp": timestamp, "data": told}
        schemas[_name_of(kind)] = common | {"title": _name_of(kind), "properties": common["properties"] | fields}
    schemas[AgentReport.__name__] = {
        "title": AgentReport.__name__,
        "description": common["description"],
        "oneOf": [{"$ref": f"#/components/schemas/{_name_of(kind)}"} for kind in DATA],
    }
    return schemas


def _name_of(kind: EventType) -> str:
    return kind.value.title().replace("_", "") + "Report"
