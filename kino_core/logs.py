"""Logs: one JSON object a line for machines, plain lines for people at a terminal, secrets in neither."""

import logging
import os
import platform
import re
import sys
from collections.abc import MutableMapping
from importlib import metadata
from typing import Any

import structlog

from kino_core.settings import Settings

SECRET_KEYS = re.compile(r"password|passwd|secret|token|authorization|cookie|api_?key|private_?key|dsn|jwt", re.I)
SECRET_TEXTS = re.compile(
    r"kino_(?:dev|stg|prod)_[0-9A-Za-z]+"
    r"|gh[pousr]_[0-9A-Za-z]+|github_pat_\w+"
    r"|eyJ[\w-]+\.[\w-]+(?:\.[\w-]+)?"
    r"|whsec_[\w+/=-]+"
    r"|(?<=://)[^\s/@]*:[^\s@]+(?=@)"
    r"|(?<=[?&]token=)[^\s&]+"
)
SECRET_PAIRS = re.compile(rf"""("[^"]*(?:{SECRET_KEYS.pattern})[^"]*"\s*:\s*")(?:[^"\\]|\\.)*("?)""", re.I)
"""A text under a telling key, in JSON that need not be whole."""
HIDDEN = "[hidden]"


def configure_logs(settings: Settings, component: str, *, readable: bool = False) -> None:
    """Send every log line of this process, structlog's and the standard library's, to stderr as JSON.

    `readable` writes lines for people instead. Called once, when a process starts.
    """
    renderer = structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer()
    identity = _identity(settings, component)

    def identify(_logger: object, _method: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        record.pop("color_message", None)
        return record if readable else {**record, **identity}

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        identify,
        hide_secrets,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def hide_secrets(_logger: object, _method: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what looks like a secret, by the name of its field or by its shape, at any depth."""
    return {key: _hidden(key, value) for key, value in record.items()}


def hide_in_text(text: str) -> str:
    """Return `text`, which may hold JSON or a part of it, without what looks like a secret."""
    return SECRET_TEXTS.sub(HIDDEN, SECRET_PAIRS.sub(rf"\g<1>{HIDDEN}\g<2>", text))


def _hidden(key: str, value: Any) -> Any:  # noqa: ANN401  a log record holds anything
    if not key.startswith("_") and SECRET_KEYS.search(key) and isinstance(value, str | bytes):
        return HIDDEN
    match value:
        case str():
            return SECRET_TEXTS.sub(HIDDEN, value)
        case dict():
            return {name: _hidden(str(name), inner) for name, inner in value.items()}
        case list() | tuple():
            return [_hidden(key, inner) for inner in value]
        case _:
            return value


def _identity(settings: Settings, component: str) -> dict[str, Any]:
    try:
        version = metadata.version("kino")
    except metadata.PackageNotFoundError:
        version = "unknown"
    return {
        "service": "kino",
        "component": component,
        "version": version,
        "env": str(settings.env),
        "host": platform.node(),
        "pid": os.getpid(),
    }
