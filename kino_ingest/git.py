"""Git histories: what `git log` prints, turned into commit events."""

import re
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import msgspec

from kino_core.events import Event, Source, utc
from kino_core.privacy.pseudonyms import Rewriter

LOG_FORMAT = "%x1e%H%x1f%P%x1f%an%x1f%ae%x1f%aI%x1f%cn%x1f%ce%x1f%cI%x1f%s%x1f%(trailers:only=true,unfold=true)%x1f"
"""One record a commit: 0x1E, ten fields each ended by 0x1F, then the numstat lines."""

MAX_RECORD_BYTES = 64 * 1024 * 1024
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(3000, 1, 1, tzinfo=UTC)

# A stray 0x1E inside a subject must not cut its commit in two, and a record glued to a cut-off one must not be lost:
# a record begins where 0x1E starts a line, or where a hash and its 0x1F follow.
_RECORD_START = re.compile(rb"\x1e(?=[0-9a-f]{40}(?:[0-9a-f]{24})?\x1f)|(?:(?<=\n)|^)\x1e")
_LONGEST_START = 66
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NUMSTAT = re.compile(rb"(\d+|-)\t(\d+|-)\t(.+)")
_CO_AUTHOR = re.compile(r"(?P<name>[^<]*)<(?P<email>[^>]*)>?\s*")
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)")
_ESCAPED = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


class Rejected(msgspec.Struct, frozen=True):
    """A record that is no commit: `position` counts the records from 1, `reason` says what is wrong with it."""

    position: int
    reason: str


class Malformed(ValueError):
    """A record is no commit; the message says why."""


def read_records(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield each record of a `git log` printed with LOG_FORMAT, without its 0x1E; memory holds one at a time.

    Text before the first record is yielded as a record of its own, so that it is counted and not lost in silence.
    """
    pending = b""
    for chunk in chunks:
        pending += chunk
        # The hash after a 0x1E may still be on its way.
        *records, pending = _split(pending, len(pending) - _LONGEST_START)
        yield from (record for record in records if record.strip())
        if len(pending) > MAX_RECORD_BYTES:
            yield pending
            pending = b""
    yield from (record.removeprefix(b"\x1e") for record in _split(pending, len(pending)) if record.strip(b"\x1e\n "))


def commit_events(
    records: Iterable[bytes], *, repository: str, project_id: uuid.UUID | None
) -> Iterator[Event | Rejected]:
    """Yield one event a record, in the records' order, or why the record was rejected."""
    for position, record in enumerate(records, start=1):
        try:
            yield _commit_event(record, repository, project_id)
        except Malformed as error:
            yield Rejected(position, str(error))


def rewrite_record(record: bytes, rewriter: Rewriter) -> tuple[bytes, dict[str, Any]]:
    """Return a record, and the body that it then has, without the person whom `rewriter` replaces; raises Malformed."""
    head, tail = _fields(record)
    for name, email in ((2, 3), (5, 6)):
        was = _text(head[name]), _text(head[email])
        now = rewriter.signature(*was)
        if now != was:
            head[name], head[email] = (each.encode() for each in now)
    subject, numstat = (_rewritten(each, rewriter) for each in (tail[0], tail[2]))
    trailers = b"\n".join(_rewritten_trailer(line, rewriter) for line in tail[1].split(b"\n"))
    rewritten = b"\x1f".join([*head, subject, trailers, numstat])
    return rewritten, parse_record(rewritten)


def _rewritten(text: bytes, rewriter: Rewriter) -> bytes:
    return rewriter.text(text.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _rewritten_trailer(line: bytes, rewriter: Rewriter) -> bytes:
    key, colon, value = line.partition(b":")
    if key.strip().lower() == b"co-authored-by":
        signed = co_author(_text(value.strip()))
        if rewriter.is_theirs(signed["name"], signed["email"]):
            name, email = rewriter.signature(signed["name"], signed["email"])
            return key + colon + f" {name} <{email}>".encode()
    return _rewritten(line, rewriter)


def _split(text: bytes, end: int) -> list[bytes]:
    cuts = [found.start() for found in _RECORD_START.finditer(text) if 0 < found.start() < end]
    edges = [0, *cuts, len(text)]
    pieces = [text[start:stop] for start, stop in pairwise(edges)]
    return [*(piece.removeprefix(b"\x1e") for piece in pieces[:-1]), pieces[-1]]


def _commit_event(record: bytes, repository: str, project_id: uuid.UUID | None) -> Event:
    if len(record) > MAX_RECORD_BYTES:
        raise Malformed(f"it is longer than {MAX_RECORD_BYTES} bytes")
    body = parse_record(record)
    return Event(
        source=Source.GIT,
        event_id=f"{repository.casefold()}@{body['sha']}",
        type="commit",
        occurred_at=_moment(body["committer"]["date"], "committer date"),
        body=body,
        raw=record,
        project_id=project_id,
        repository=repository,
    )


def parse_record(record: bytes) -> dict[str, Any]:
    """Return the body of a commit's event; raises Malformed."""
    fields, tail = _fields(record)
    sha, parents, author, author_email, authored, committer, committer_email, committed = map(_text, fields)
    subject, trailers, numstat = _text(tail[0]), _trailers(_text(tail[1])), tail[2]
    for hash_ in (sha, *parents.split()):
        if not _HASH.fullmatch(hash_):
            raise Malformed(f"{hash_[:80]!r} is not a commit hash")
    _moment(authored, "author date")
    return {
        "sha": sha,
        "parents": parents.split(),
        "author": {"name": author, "email": author_email, "date": authored},
        "committer": {"name": committer, "email": committer_email, "date": committed},
        "subject": subject,
        "trailers": trailers,
        "co_authors": [co_author(each["value"]) for each in trailers if each["key"].casefold() == "co-authored-by"],
        "files": _files(numstat),
    }


def _fields(record: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the eight fields before the subject, and the subject, the trailers and the numstat."""
    fields = record.split(b"\x1f", 8)
    # Only the subject may hold a 0x1F of its own: what precedes it is counted from the left, the rest from the right.
    tail = fields[8].rsplit(b"\x1f", 2) if len(fields) == 9 else []
    if len(tail) != 3:
        raise Malformed(f"it has {record.count(0x1F)} of the 10 fields of a commit")
    return fields[:8], tail


def co_author(value: str) -> dict[str, str]:
    """Return the name and e-mail that a `Co-authored-by` trailer gives; neither need be there or be valid."""
    found = _CO_AUTHOR.match(value)
    if not found:
        return {"name": value.strip(), "email": ""}
    return {"name": found["name"].strip(), "email": found["email"].strip()}


def _trailers(text: str) -> list[dict[str, str]]:
    pairs = (line.partition(":") for line in text.split("\n") if line.strip())
    return [{"key": key.strip(), "value": value.strip()} for key, _, value in pairs]


def _files(numstat: bytes) -> list[dict[str, Any]]:
    files = []
    for line in numstat.split(b"\n"):
        if not line.strip():
            continue
        found = _NUMSTAT.fullmatch(line)
        if not found:
            raise Malformed(f"{_text(line[:80])!r} is not a numstat line")
        added, deleted, path = found.groups()
        files.append({"path": _path(path), "added": _lines(added), "deleted": _lines(deleted)})
    return files


def _lines(number: bytes) -> int | None:
    if number == b"-":
        return None
    if len(number) > 12:
        raise Malformed(f"a file of {len(number)}-digit line counts cannot be")
    return int(number)


def _path(path: bytes) -> str:
    # git quotes a path with unusual bytes the way C does.
    if len(path) > 1 and path.startswith(b'"') and path.endswith(b'"'):
        path = _ESCAPE.sub(_unescaped, path[1:-1])
    return _text(path)


def _unescaped(escape: re.Match[bytes]) -> bytes:
    code = escape[1]
    return bytes([int(code, 8) & 0xFF]) if len(code) == 3 else _ESCAPED.get(code, code)


def _moment(text: str, what: str) -> datetime:
    try:
        moment = utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise Malformed(f"its {what} {text[:80]!r} is not a date with a time zone") from None
    if not EARLIEST <= moment < LATEST:
        raise Malformed(f"its {what} {text!r} is not between 1970 and 2999")
    return moment


def _text(field: bytes) -> str:
    return field.decode("utf-8", "replace")
