"""Users over HTTP: who may sign in, with which role."""

import uuid
from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import Field

from kino_api.authentication import CurrentUser, close_pages, require_fresh, writing
from kino_api.etags import IfMatch, etag_of
from kino_api.fields import Email, Flag, PersonName
from kino_api.guarded_route import guarded_router
from kino_api.permissions import Action, Permission, Resource, check_permission
from kino_api.resources import resources_of
from kino_api.routes.account import Ended
from kino_api.session_list import SessionFacts, list_sessions
from kino_api.sessions import end_sessions
from kino_api.shapes import DEFAULT_LIMIT, Body, Changes, CursorText, Limit, Page, name_cursor, page_of
from kino_api.user_accounts import Account, change_user, get_account, invite_again, invite_user, list_accounts
from kino_api.users import Role
from kino_core.errors import InvalidInput

router = guarded_router("/api/v1/users", "users")

MANAGE = Permission(Resource.USER, Action.CHANGE)
OWN_FIELDS = frozenset({"name", "email"})
NEED_PASSWORD = frozenset({"email", "role"})
"""What may change only shortly after the password was shown."""


class Invitation(Body):
    """Whom to invite; without a role they see the projects that they become members of."""

    email: Email
    name: PersonName | None = None
    role: Role | None = None


class UserChanges(Changes):
    """The fields to change; those left out stay as they are.

    Everybody changes their own name and address; an address counts once the link sent to it was used. The rest is for
    administrators. A role of null leaves only memberships.
    """

    name: PersonName = ""
    email: Email = ""
    role: Role | None = None
    disabled: Flag = False
    person_id: Annotated[uuid.UUID | None, Field(description="Who the user is in the histories.")] = None


@router.get("")
def show(
    request: Request,
    user: CurrentUser,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
    q: Annotated[str | None, Query(max_length=200, description="A part of the name or address.")] = None,
) -> Page[Account]:
    """List users by name: all for those who manage, their team for project leaders, themselves for everybody."""
    if q is not None and "\0" in q:
        raise InvalidInput("A name holds no NUL character.", field="q")
    with resources_of(request).database.read() as session:
        found = list_accounts(session, user, text=q, after=name_cursor(cursor), limit=limit + 1)
    return page_of(found, limit, lambda each: (each.name.lower(), each.id))


@router.post("", status_code=201)
def invite(request: Request, user: CurrentUser, body: Invitation, response: Response) -> Account:
    """Make a user and send them a link with which they choose a password; giving a role needs one's own again."""
    if body.role is not None:
        require_fresh(request)
    with writing(request) as session:
        made = invite_user(session, _secret(request), body.email, body.name, body.role)
    response.headers["Location"] = f"/api/v1/users/{made.id}"
    response.headers["ETag"] = etag_of(made.updated_at)
    return made


@router.get("/{user_id}")
def get(request: Request, user: CurrentUser, user_id: uuid.UUID, response: Response) -> Account:
    """Return a user."""
    with resources_of(request).database.read() as session:
        found = get_account(session, user_id, seen_by=user)
    response.headers["ETag"] = etag_of(found.updated_at)
    return found


@router.patch("/{user_id}")
def change(
    request: Request,
    user: CurrentUser,
    user_id: uuid.UUID,
    body: UserChanges,
    response: Response,
    if_match: IfMatch = None,
) -> Account:
    """Change the named fields of a user; another role, or being disabled, ends all their sessions at once."""
    changes = body.model_dump(exclude_unset=True)
    if not changes.keys() <= OWN_FIELDS:
        check_permission(user, MANAGE)
    if changes.keys() & NEED_PASSWORD:
        require_fresh(request)
    with writing(request) as session:
        changed = change_user(session, _secret(request), user_id, changes, if_match=if_match)
    close_pages(request, changed.ended)
    response.headers["ETag"] = etag_of(changed.account.updated_at)
    return changed.account


@router.post("/{user_id}/invitation", status_code=202)
def repeat_invitation(request: Request, user: CurrentUser, user_id: uuid.UUID) -> Account:
    """Send the invitation of somebody who has no password yet once more; the link before stops working."""
    with writing(request) as session:
        return invite_again(session, _secret(request), user_id)


@router.get("/{user_id}/sessions")
def sessions(request: Request, user: CurrentUser, user_id: uuid.UUID) -> Page[SessionFacts]:
    """List a user's sessions, the one used last first."""
    with resources_of(request).database.read() as session:
        return Page(items=list_sessions(session, user_id), next_cursor=None)


@router.delete("/{user_id}/sessions")
def end_all(request: Request, user: CurrentUser, user_id: uuid.UUID) -> Ended:
    """End every session of a user."""
    with writing(request) as session:
        ended = end_sessions(session, user_id)
    close_pages(request, ended)
    return Ended(ended=len(ended))


def _secret(request: Request) -> str:
    return resources_of(request).accounts.link_secret
