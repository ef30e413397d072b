"""The agent event of the contract: what a report must hold, and the event it becomes."""

import re
import uuid
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from kino_core.errors import InvalidInput
from kino_core.events import Event, Source, content_hash
from kino_core.identities import AgentType
from kino_ingest.landing import without_nul
from kino_ingest.strict_json import read_object

EARLIEST_YEAR = 1970
LATEST_YEAR = 2999
LARGEST_COUNT = 2**53

T = TypeVar("T", bound=msgspec.Struct)
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
EventId = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
Count = Annotated[int, Meta(ge=0, le=LARGEST_COUNT)]
Amount = Annotated[float, Meta(ge=0)]


class EventType(StrEnum):
    """What an agent reports."""

    TASK_STARTED = "task_started"
    CODE_COMMIT = "code_commit"
    TEST_EXECUTION = "test_execution"
    TASK_COMPLETED = "task_completed"
    BLOCKER_IDENTIFIED = "blocker_identified"


class AgentReport(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that Kino reads; further ones are kept."""

    agent_id: Name
    event_type: EventType
    timestamp: str
    task_id: Name
    data: dict[str, Any]
    event_id: EventId | None = None
    agent_type: AgentType | None = None
    project_id: uuid.UUID | None = None
    session_id: Name | None = None
    parent_agent_id: Name | None = None
    model: Name | None = None
    repository: Name | None = None
    commit_sha: Name | None = None
    usage: "Usage | None" = None


class ReceivedReport(msgspec.Struct, frozen=True):
    """A valid report. `event_id` is the sender's, or derived from the content; `project_id` is what it named."""

    report: AgentReport
    event_id: str
    occurred_at: datetime
    body: dict[str, Any]
    raw: bytes


def read_report(raw: bytes) -> ReceivedReport:
    """Return the report in a request's body; raises InvalidInput naming the field that is wrong."""
    body = read_object(raw)
    report = _converted(body, AgentReport, "")
    _converted(report.data, DATA[report.event_type], "data.")
    if report.event_type is EventType.BLOCKER_IDENTIFIED and report.data.get("resolved") is not True:
        _converted(report.data, OpenBlocker, "data.")
    occurred_at = read_moment(report.timestamp, "timestamp")
    # PostgreSQL's text takes no NUL; the raw bytes keep it.
    event_id = str(without_nul(report.event_id)) if report.event_id else f"sha256:{content_hash(body).hex()}"
    return ReceivedReport(report, event_id, occurred_at, body, raw)


def report_event(
    received: ReceivedReport, *, project_id: uuid.UUID, token_id: uuid.UUID | None, agent_type: str | None
) -> Event:
    """Return the event of a report sent with a token of this project.

    `agent_type` is the token's; the log keeps it where the sender gave none, because tokens are not in the log.
    """
    body = received.body
    if agent_type and received.report.agent_type is None:
        body = {**body, "agent_type": agent_type}
    repository = received.report.repository
    return Event(
        source=Source.AGENT,
        event_id=f"{project_id}/{received.event_id}",
        type=received.report.event_type.value,
        occurred_at=received.occurred_at,
        body=body,
        raw=received.raw,
        project_id=project_id,
        repository=str(without_nul(repository)) if repository else None,
        token_id=token_id,
    )


def read_moment(text: str, field: str) -> datetime:
    """Return the moment that an RFC 3339 text names; raises InvalidInput naming `field`."""
    try:
        if not _RFC3339.fullmatch(text):
            raise ValueError
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"{field} is not a time such as 2026-11-22T20:00:00Z: a date, a time and a zone.", field=field
        ) from None
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise InvalidInput(f"{field} is not between {EARLIEST_YEAR} and {LATEST_YEAR}.", field=field)
    return moment


def _converted(value: dict[str, Any], shape: type[T], prefix: str) -> T:
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise _named(str(error), prefix) from None


def _named(message: str, prefix: str) -> InvalidInput:
    reason, _, place = message.partition(" - at `$")
    path = place.removesuffix("`").lstrip(".")
    if missing := _MISSING.search(reason):
        path = f"{path}.{missing[1]}" if path else missing[1]
    field = f"{prefix}{path}" or None
    return InvalidInput(f"{field or 'The body'}: {reason[:1].lower()}{reason[1:]}.", field=field)


class Usage(msgspec.Struct):
    """What the agent used up."""

    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cost_usd: Amount | None = None


class TestExecution(msgspec.Struct):
    """How a run of tests ended."""

    passed: Count
    failed: Count
    skipped: Count
    duration_s: Amount | None = None
    suite: str | None = None


class CodeCommit(msgspec.Struct):
    """A commit, as the agent tells of it."""

    sha: Name
    message: str | None = None
    files_changed: Count | None = None
    lines_added: Count | None = None
    lines_deleted: Count | None = None


class Blocker(msgspec.Struct):
    """What is in the way, or no longer is."""

    blocker_id: Name | None = None
    description: str | None = None
    resolved: bool | None = None


class OpenBlocker(msgspec.Struct):
    """What a blocker that is not resolved must say."""

    description: Annotated[str, Meta(min_length=1, pattern=r"\S")]


class Anything(msgspec.Struct):
    """Whatever the agent wants to keep with the event."""


DATA: dict[EventType, type[msgspec.Struct]] = {
    EventType.TASK_STARTED: Anything,
    EventType.CODE_COMMIT: CodeCommit,
    EventType.TEST_EXECUTION: TestExecution,
    EventType.TASK_COMPLETED: Anything,
    EventType.BLOCKER_IDENTIFIED: Blocker,
}
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_MISSING = re.compile(r"missing required field `([^`]*)`")
