"""The pages of the API reference, made from the same OpenAPI description that a running Kino serves."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kino_api.app import create_api
from kino_core.settings import settings_from

Schema = dict[str, Any]
Operation = dict[str, Any]

_REFERENCE = "#/components/schemas/"
_HOLDERS = {
    "everybody": "everybody who is signed in",
    "PROJECT_LEADER": "PROJECT_LEADER in own projects",
    "MEMBER": "MEMBER in own projects",
}


def api_pages() -> dict[Path, str]:
    """Return the pages below docs/: an overview, and one for each group of operations."""
    description = create_api(settings_from({})).openapi()
    groups: dict[str, list[tuple[str, str, Operation]]] = {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    made = {Path("api") / _file(name): _group(name, found, description) for name, found in groups.items()}
    return made | {Path("api") / "README.md": _overview(groups, description)}


def _overview(groups: dict[str, list[tuple[str, str, Operation]]], description: dict[str, Any]) -> str:
    parts = [_INTRODUCTION, "## Errors\n", "| status | example code | when |", "| --- | --- | --- |"]
    for name, answer in description["components"]["responses"].items():
        error = answer["content"]["application/json"]["example"]["error"]
        parts.append(f"| {name.removeprefix('Error')} | `{error['code']}` | {_cell(answer['description'])} |")
    parts += ["\n## Headers of answers\n", "| header | what it says |", "| --- | --- |"]
    parts += [f"| `{name}` | {each['description']} |" for name, each in description["components"]["headers"].items()]
    for name, found in groups.items():
        parts += [f"\n## {name[:1].upper()}{name[1:]}\n", "| operation | what it does |", "| --- | --- |"]
        for method, path, operation in found:
            link = f"[`{method} {path}`]({_file(name)}#{_anchor(f'{method} {path}')})"
            parts.append(f"| {link} | {_cell(operation['summary'])} |")
    return "\n".join(parts) + "\n"


_INTRODUCTION = """# API

Every operation of the REST API and of the ingestion doors. A running Kino describes the same to programs at
`/api/v1/openapi.json` (OpenAPI 3.1); `make contract` shows that it does what these pages say.

Programs send `Authorization: Bearer …`: an access token from [`POST /auth/login`](sign-in.md), or an agent token at the
[doors](doors.md). Browsers send cookies. Bodies are JSON in UTF-8, times are RFC 3339 with a zone. Members that a body
does not know are refused, and nothing is converted on a guess.

Lists answer `{"items": [...], "next_cursor": ...}`; ask again with `cursor` set to `next_cursor` until that is null.
What can be changed carries an `ETag`: send it as `If-Match`, and a change that somebody else made first is not
overwritten (412). A POST below `/api/v1` may carry an `Idempotency-Key`: sent again, it has its effect once.

Every error has the same body:

```json
{"error": {"category": "VALIDATION", "code": "INVALID_DATE_RANGE", "message": "...", "retryable": false,
           "details": {"fields": [{"field": "end_date", "message": "..."}]},
           "timestamp": "2026-11-22T20:00:00Z", "request_id": "..."}}
```
"""


def _group(name: str, found: list[tuple[str, str, Operation]], description: dict[str, Any]) -> str:
    schemas = description["components"]["schemas"]
    parts = [f"# API: {name}\n", "Part of the [API](README.md), where errors and headers are explained.\n"]
    for method, path, operation in found:
        parts.append(_operation(method, path, operation, schemas))
    shapes = _shapes([operation for _, _, operation in found], schemas)
    if shapes:
        parts.append("## Shapes\n")
        parts += [_shape(each, schemas) for each in sorted(shapes)]
    return "\n".join(parts)


def _operation(method: str, path: str, operation: Operation, schemas: dict[str, Schema]) -> str:
    parts = [f"## {method} {path}\n", f"{operation['description']}\n", f"**Who:** {_who(operation)}.\n"]
    parameters = operation.get("parameters", [])
    if parameters:
        parts += ["| parameter | in | type | | what |", "| --- | --- | --- | --- | --- |"]
        parts += [_parameter(each, schemas) for each in parameters] + [""]
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        needed = "" if operation["requestBody"].get("required") else ", may be left out"
        parts.append(f"**Body** (`{kind}`{needed}): {_type(content['schema'], schemas)}.\n")
    parts += [f"```sh\n{_curl(method, path, operation)}\n```\n"]
    parts += list(_answers(operation, schemas))
    errors = [status for status, each in operation["responses"].items() if "$ref" in each]
    return "\n".join([*parts, f"**[Errors](README.md#errors):** {' · '.join(errors)}\n"])


def _who(operation: Operation) -> str:
    permission = operation.get("x-permission")
    if permission is not None:
        holders = ", ".join(_HOLDERS.get(each, each) for each in permission["holders"])
        return f"{holders} (`{permission['action']}` {permission['resource']})"
    if {"agent token": []} in operation["security"]:
        return "an agent token, for its project"
    return "nobody needs to be signed in"


def _parameter(parameter: dict[str, Any], schemas: dict[str, Schema]) -> str:
    schema = parameter["schema"]
    said = parameter.get("description") or schema.get("description", "")
    cells = (f"`{parameter['name']}`", parameter["in"], _type(schema, schemas), _need(parameter["required"], schema))
    return f"| {' | '.join(cells)} | {_cell(said)} |"


def _need(required: bool, schema: Schema) -> str:
    if required:
        return "needed"
    return f"else `{json.dumps(schema['default'])}`" if schema.get("default") not in (None, "") else ""


def _curl(method: str, path: str, operation: Operation) -> str:
    address = re.sub(r"\{(\w+)\}", lambda found: f"${found[1].upper()}", path)
    lines = [f'curl{"" if method == "GET" else f" -X {method}"} "$KINO{address}"']
    if operation["security"]:
        token = "KINO_TOKEN" if {"agent token": []} in operation["security"] else "ACCESS_TOKEN"
        lines.append(f'-H "Authorization: Bearer ${token}"')
    lines += [
        f'-H "{each["name"]}: ..."'
        for each in operation.get("parameters", [])
        if each["in"] == "header" and each["required"]
    ]
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        example = content["example"]
        text = example.strip() if isinstance(example, str) else json.dumps(example, ensure_ascii=False)
        lines += [f'-H "Content-Type: {kind}"', f"-d '{text}'"]
    return " \\\n  ".join(lines)


def _answers(operation: Operation, schemas: dict[str, Schema]) -> Iterator[str]:
    for status, answer in operation["responses"].items():
        if "$ref" in answer:
            continue
        shown = [
            _type(content["schema"], schemas) if kind == "application/json" else f"`{kind}`"
            for kind, content in answer.get("content", {}).items()
        ]
        told = [f"`{name}`" for name in answer["headers"] if name != "X-Request-ID"]
        beside = f", with {' and '.join(told)}" if told else ""
        yield f"**Answer:** {status} {' or '.join(shown) or 'without a body'}{beside}.\n"


def _shapes(operations: Iterable[Operation], schemas: dict[str, Schema]) -> set[str]:
    """Return the names of all objects that the operations take or answer, errors aside."""
    found: set[str] = set()
    waiting = set(re.findall(f'"{_REFERENCE}([^"]+)"', json.dumps(list(operations))))
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= set(re.findall(f'"{_REFERENCE}([^"]+)"', json.dumps(schemas[name]))) - found
    return {name for name in found if not name.startswith("Page_") and "enum" not in schemas[name]}


def _shape(name: str, schemas: dict[str, Schema]) -> str:
    schema = schemas[name]
    parts = [f"### {name}\n"]
    if "description" in schema:
        parts.append(schema["description"] + "\n")
    if "oneOf" in schema:
        return "\n".join([*parts, f"One of {', '.join(_type(each, schemas) for each in schema['oneOf'])}.\n"])
    fields = schema.get("properties", {})
    if fields:
        parts += ["| member | type | | what |", "| --- | --- | --- | --- |"]
        parts += [_member(member, schema, schemas) for member in fields] + [""]
    return "\n".join(parts)


def _member(member: str, schema: Schema, schemas: dict[str, Schema]) -> str:
    field = schema["properties"][member]
    said = field.get("description") or next(
        (each["description"] for each in _branches(field) if "description" in each), ""
    )
    need = _need(member in schema.get("required", []), field)
    return f"| `{member}` | {_type(field, schemas)} | {need} | {_cell(said)} |"


def _type(schema: Schema, schemas: dict[str, Schema]) -> str:
    if "$ref" in schema:
        return _named(schema["$ref"].removeprefix(_REFERENCE), schemas)
    branches = _branches(schema)
    if branches:
        return " or ".join(_type(each, schemas) for each in branches)
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "allOf" in schema:
        return _type(schema["allOf"][0], schemas)
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'], schemas)}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'], schemas)}"
    words = [schema.get("format") or schema.get("type", "anything")]
    words += [f"{_limits(schema)}"] if _limits(schema) else []
    return ", ".join(words)


def _named(name: str, schemas: dict[str, Schema]) -> str:
    if name.startswith("Page_"):
        return f"page of {_type(schemas[name]['properties']['items']['items'], schemas)}"
    if "enum" in schemas[name]:
        return _type(schemas[name], schemas)
    return f"[{name}](#{_anchor(name)})"


def _branches(schema: Schema) -> list[Schema]:
    found: list[Schema] = schema.get("anyOf", [])
    return found if all("type" in each or "$ref" in each for each in found) else []


def _limits(schema: Schema) -> str:
    for least, most, unit in (("minLength", "maxLength", " characters"), ("minimum", "maximum", "")):
        low, high = schema.get(least), schema.get(most)
        if low is not None and high is not None:
            return f"{low}–{high}{unit}"
        if high is not None:
            return f"up to {high}{unit}"
        if low is not None:
            return f"from {low}{unit}"
    return ""


def _anchor(heading: str) -> str:
    """Return what GitHub links a heading by."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _file(group: str) -> str:
    return f"{group.replace(' ', '-')}.md"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
