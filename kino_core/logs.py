"""Logs: one JSON object a line for machines, plain lines for people at a terminal; secrets and people in neither."""

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
    # What else is long and looks drawn at random: refresh tokens, links' tokens. Hashes in hex have no capitals.
    r"|(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{40,}={0,2}",
    re.ASCII,
)
SECRET_PAIRS = re.compile(rf"""("[^"]*(?:{SECRET_KEYS.pattern})[^"]*"\s*:\s*")(?:[^"\\]|\\.)*("?)""", re.I)
"""A text under a telling key, in JSON that need not be whole."""
HIDDEN = "[hidden]"
PERSONAL_KEYS = re.compile(
    r"e_?mail|(?:user|full|first|last|display|author|committer)_?name|author|committer|login", re.I
)
"""Fields that name a person; ids are what logs tell people apart by."""
EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
PERSONAL = "[personal]"
LEVELS = {"warning": "warn", "critical": "fatal", "exception": "error"}
"""The names that the levels have in every line; the others keep Python's."""


def configure_logs(settings: Settings, component: str, *, readable: bool = False) -> None:
    """Send every log line of this process, structlog's and the standard library's, to stderr as JSON.

    `readable` writes lines for people instead. Called once, when a process starts.
    """
    renderer: Any = _render_readable if readable else structlog.processors.JSONRenderer()
    identity = _identity(settings, component)

    def identify(_logger: object, _method: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        record.pop("color_message", None)
        return record if readable else {**record, **identity}

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _name_level,
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
    # A line that cannot be written would be printed raw, with its stack and whatever secrets are in it.
    logging.raiseExceptions = False
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


def hide_in(value: Any) -> Any:  # noqa: ANN401  whatever JSON holds
    """Return `value`, of JSON's types, without what looks like a secret in its texts and keys."""
    match value:
        case str():
            return hide_in_text(value)
        case dict():
            return {hide_in_text(str(name)): hide_in(inner) for name, inner in value.items()}
        case list() | tuple():
            return [hide_in(inner) for inner in value]
        case _:
            return value


def printable(text: str, keep: str = "") -> str:
    """Return `text` with what would steer a terminal, or begin a line of its own, written out; `keep` stays."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each in keep else each.encode("unicode_escape").decode() for each in text
    )


def _hidden(key: str, value: Any) -> Any:  # noqa: ANN401  a log record holds anything
    if isinstance(value, str | bytes) and not key.startswith("_") and not key.endswith("_id"):
        if SECRET_KEYS.search(key):
            return HIDDEN
        if PERSONAL_KEYS.fullmatch(key):
            return PERSONAL
    match value:
        case str():
            return _hidden_text(value)
        case bytes():
            return _hidden_text(value.decode("utf-8", "replace"))
        case dict():
            return {_hidden_text(str(name)): _hidden(str(name), inner) for name, inner in value.items()}
        case list() | tuple():
            return [_hidden(key, inner) for inner in value]
        case _:
            return value


def _hidden_text(text: str) -> str:
    return EMAIL.sub(PERSONAL, SECRET_TEXTS.sub(HIDDEN, text))


def _name_level(_logger: object, _method: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record["level"] = LEVELS.get(record["level"], record["level"])
    return record


def _render_readable(logger: object, method: str, record: MutableMapping[str, Any]) -> str:
    stack = record.pop("exception", None)
    shown = {key: printable(value) if isinstance(value, str) else value for key, value in record.items()}
    line = str(_CONSOLE(logger, method, shown))
    # Set in, so that nothing in a stack can pass for a line of its own.
    return "\n".join([line, *(f"    {printable(each)}" for each in str(stack or "").splitlines())])


_CONSOLE = structlog.dev.ConsoleRenderer()


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
