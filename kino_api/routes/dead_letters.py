"""Dead letters over HTTP: events that landed and could not be folded."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Query, Request
from pydantic import Field

from kino_api.authentication import CurrentUser, writing
from kino_api.fields import Flag, Moment
from kino_api.guarded_route import guarded_router
from kino_api.permissions import Action, Permission, Resource, projects_allowed
from kino_api.resources import resources_of
from kino_api.shapes import DEFAULT_LIMIT, Body, CursorText, Limit, Page, number_cursor, page_of
from kino_ingest.dead_letters import (
    DeadLetter,
    LetterState,
    OpenedLetter,
    Replayed,
    discard_letter,
    list_letters,
    open_letter,
    replay_between,
    replay_letter,
)

router = guarded_router("/api/v1/dead-letters", "dead letters")
LARGEST_ID = 2**63 - 1
Name = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00]+$")]
Reason = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$", examples=["Its sender is gone"])]
LetterId = Annotated[int, Field(ge=1, le=LARGEST_ID)]


class Replay(Body):
    """Which letters to fold again: those whose events arrived from `since` to before `until`, else until now."""

    since: Moment
    until: Moment | None = None
    type: Name | None = None
    source: Name | None = None
    folded: Flag = False
    dry_run: Flag = False


class Discard(Body):
    """Why the letter is discarded."""

    reason: Reason | None = None


@dataclass(frozen=True)
class LetterChanged:
    """What a letter is now."""

    id: int
    state: LetterState


@router.get("")
def letters(
    request: Request,
    user: CurrentUser,
    source: Annotated[Name | None, Query()] = None,
    type: Annotated[Name | None, Query()] = None,
    state: LetterState | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> Page[DeadLetter]:
    """List dead letters, the newest first; without a state all that were not discarded."""
    with resources_of(request).database.read() as session:
        found = list_letters(
            session,
            source=source,
            event_type=type,
            state=state,
            since=since,
            until=until,
            before=number_cursor(cursor),
            project_ids=projects_allowed(user, Permission(Resource.DEAD_LETTER, Action.READ)),
            limit=limit + 1,
        )
    return page_of(found, limit, lambda each: (each.id,))


@router.post("/replay")
def replay_span(request: Request, user: CurrentUser, body: Replay) -> Replayed:
    """Have the letters of a time folded again, and say how many; with `dry_run` only say."""
    until: datetime | None = body.until
    with writing(request) as session:
        return replay_between(
            session,
            body.since,
            until,
            event_type=body.type,
            source=body.source,
            folded=body.folded,
            project_ids=projects_allowed(user, Permission(Resource.DEAD_LETTER, Action.CHANGE)),
            dry_run=body.dry_run,
        )


@router.get("/{letter_id}")
def letter(request: Request, user: CurrentUser, letter_id: LetterId) -> OpenedLetter:
    """Return a letter with its stack and its input."""
    with resources_of(request).database.read() as session:
        return open_letter(session, letter_id)


@router.post("/{letter_id}/replay")
def replay(request: Request, user: CurrentUser, letter_id: LetterId) -> LetterChanged:
    """Have a letter folded again, now."""
    with writing(request) as session:
        replay_letter(session, letter_id)
    return LetterChanged(letter_id, LetterState.WAITING)


@router.post("/{letter_id}/discard")
def discard(request: Request, user: CurrentUser, letter_id: LetterId, body: Discard | None = None) -> LetterChanged:
    """Leave an event unfolded for good; replaying it takes this back."""
    with writing(request) as session:
        discard_letter(session, letter_id, body.reason if body else None)
    return LetterChanged(letter_id, LetterState.DISCARDED)
