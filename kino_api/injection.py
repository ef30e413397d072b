"""What an attempt to smuggle something in looks like. It is only noted: every value is bound and escaped anyway."""

import re
from urllib.parse import unquote_plus

MOST_CHARACTERS = 16 * 1024
"""How much of a text is looked at; who attacks puts it in front."""

PATTERNS = {
    "sql": re.compile(
        r"\bunion\b(?:\s|/\*|\+){1,9}(?:all\s{1,9})?select\b"
        r"|['\"\d]\s{0,9}\b(?:or|and)\b\s{1,9}['\"]?\w{1,20}['\"]?\s{0,9}=\s{0,9}['\"]?\w"
        r"|;\s{0,9}(?:drop|alter|truncate|delete|insert|update)\s{1,9}(?:table|from|into|schema|database|\w{1,60}\s{1,9}set)\b"
        r"|\b(?:pg_sleep|benchmark|xp_cmdshell|load_file)\s{0,9}\(|\binformation_schema\b",
        re.I,
    ),
    "traversal": re.compile(r"\.\.[/\\]|[/\\]\.\.|/etc/(?:passwd|shadow)\b|\bwin\.ini\b", re.I),
    "script": re.compile(
        r"<\s{0,9}(?:script|iframe|svg|img)\b[^>]{0,200}|\bjavascript\s{0,9}:|\bon(?:error|load)\s{0,9}=", re.I
    ),
    "template": re.compile(
        r"\{\{[^{}]{1,200}\}\}|\{%[^%]{1,200}%\}|\$\{[^{}]{1,200}\}|<%[^%]{1,200}%>|#\{[^{}]{1,200}\}"
    ),
    "crlf": re.compile(r"[\r\n]\s{0,9}(?:set-cookie|location|content-\w{1,20}|bcc|cc|to|from|subject|http/1)\b", re.I),
    "nul": re.compile("\0"),
}
_LINE_END = re.compile(r"[\r\n]")


def in_address(path: str, query: bytes) -> str | None:
    """Return which pattern a path (decoded) or a query (as sent) shows, None for none."""
    text = f"{path}?{_decoded(query)}"[:MOST_CHARACTERS]
    # No address of ours has a line end in it.
    return _first(text) or ("crlf" if _LINE_END.search(text) else None)


def in_body(body: bytes) -> str | None:
    """Return which pattern the beginning of a JSON body shows, None for none."""
    text = body[:MOST_CHARACTERS].decode("utf-8", "replace")
    # What JSON writes as an escape is what the reader gets as itself.
    return _first(text.replace("\\r", "\r").replace("\\n", "\n").replace("\\u0000", "\0").replace("\\/", "/"))


def _first(text: str) -> str | None:
    return next((name for name, pattern in PATTERNS.items() if pattern.search(text)), None)


def _decoded(query: bytes) -> str:
    text = query[:MOST_CHARACTERS].decode("latin-1")
    # Twice, because filters in front decode once.
    return unquote_plus(unquote_plus(text))
