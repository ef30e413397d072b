"""An example of every request's body, made of the examples of its fields."""

from typing import Any

Schema = dict[str, Any]

_OF_FORMAT = {"uuid": "3f0c8a52-6d1b-4e9f-9a27-5b1c7e8d2f40"}


def add_body_examples(paths: dict[str, dict[str, Any]], schemas: dict[str, Schema]) -> None:
    """Give every body an example: what it needs, and what else has an example of its own."""
    for methods in paths.values():
        for operation in methods.values():
            for kind in operation.get("requestBody", {}).get("content", {}).values():
                kind["example"] = example_of(kind["schema"], schemas)


def example_of(schema: Schema, schemas: dict[str, Schema]) -> Any:  # noqa: ANN401 - any JSON
    """Return a value that fits the schema; raises LookupError for a text without an example."""
    schema = resolved(schema, schemas)
    if "examples" in schema:
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            fields: dict[str, Schema] = schema.get("properties", {})
            shown = [name for name in fields if name in schema.get("required", []) or "examples" in fields[name]]
            # Of changes, which need nothing, one.
            return {name: example_of(fields[name], schemas) for name in shown or list(fields)[:1]}
        case "array":
            return [example_of(schema["items"], schemas)]
        case "boolean":
            return False
        case "integer" | "number":
            return schema.get("minimum", 1)
    if schema.get("format") in _OF_FORMAT:
        return _OF_FORMAT[schema["format"]]
    raise LookupError(f"no example of {schema}: give the field one")


def resolved(schema: Schema, schemas: dict[str, Schema]) -> Schema:
    """Return what a reference, or the first branch of several, stands for, with what is said beside it."""
    beside = {name: value for name, value in schema.items() if name not in ("$ref", "anyOf")}
    if "$ref" in schema:
        return resolved(schemas[schema["$ref"].rpartition("/")[2]], schemas) | beside
    if "anyOf" in schema and "type" not in schema:
        return resolved(schema["anyOf"][0], schemas) | beside
    return schema
