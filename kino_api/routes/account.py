"""One's own account over HTTP: sessions, the password, and links that came by e-mail."""

import uuid

from fastapi import Request, Response
from pydantic import BaseModel

from kino_api.authentication import CurrentUser, close_pages, origin_of, writing
from kino_api.cross_site import refuse_cross_site
from kino_api.fields import KnownEmail, LinkSecret, Password, PersonName
from kino_api.guarded_route import guarded_router
from kino_api.resources import resources_of
from kino_api.routes.auth import Tokens, granted
from kino_api.session_list import SessionFacts, end_own_session, list_sessions
from kino_api.sessions import SignedIn, end_sessions
from kino_api.shapes import Body, Page

router = guarded_router("/auth", "own account")


class ShownPassword(Body):
    """The password of whoever is signed in."""

    password: Password


class PasswordChange(Body):
    """The password up to now, and the one from now on."""

    current_password: Password
    new_password: Password


class Address(Body):
    """An e-mail address."""

    email: KnownEmail


class NewPassword(Body):
    """The token of a link, and the password from now on."""

    token: LinkSecret
    password: Password


class Acceptance(NewPassword):
    """The token of an invitation, a password, and another name where the given one is not right."""

    name: PersonName | None = None


class LinkToken(Body):
    """The token of a link."""

    token: LinkSecret


class Said(BaseModel):
    """What happened, for people."""

    message: str


class Ended(BaseModel):
    """How many sessions were ended."""

    ended: int


@router.post("/reauthenticate", status_code=204)
def reauthenticate(request: Request, user: CurrentUser, body: ShownPassword) -> Response:
    """Show the password again: for five minutes the session may do what a thief would do first."""
    resources_of(request).sign_in.confirm(request.state.visitor, body.password, origin_of(request))
    return Response(status_code=204)


@router.get("/sessions")
def sessions(request: Request, user: CurrentUser) -> Page[SessionFacts]:
    """List one's own sessions, the one used last first."""
    visitor: SignedIn = request.state.visitor
    with resources_of(request).database.read() as session:
        return Page(items=list_sessions(session, user.id, visitor.session_id), next_cursor=None)


@router.post("/sessions/end-others")
def end_others(request: Request, user: CurrentUser) -> Ended:
    """End every session of one's own but this one."""
    visitor: SignedIn = request.state.visitor
    with writing(request) as session:
        ended = end_sessions(session, user.id, but=visitor.session_id)
    close_pages(request, ended)
    return Ended(ended=len(ended))


@router.delete("/sessions/{own_session_id}", status_code=204)
def end(request: Request, user: CurrentUser, own_session_id: uuid.UUID) -> Response:
    """End one of one's own sessions."""
    with writing(request) as session:
        end_own_session(session, user.id, own_session_id)
    close_pages(request, [own_session_id])
    return Response(status_code=204)


@router.post("/password", status_code=204)
def change_password(request: Request, user: CurrentUser, body: PasswordChange) -> Response:
    """Change the password; every other session ends."""
    resources, origin = resources_of(request), origin_of(request)
    visitor: SignedIn = request.state.visitor
    resources.sign_in.confirm(visitor, body.current_password, origin)
    ended = resources.accounts.change_password(user.id, body.new_password, origin, spared=visitor.session_id)
    close_pages(request, ended)
    return Response(status_code=204)


@router.post("/password/forgot", status_code=202)
def forgot_password(request: Request, body: Address) -> Said:
    """Ask for a link to reset a password; the answer is the same whether there is such an account or not."""
    refuse_cross_site(request, with_cookie=False)
    resources_of(request).accounts.forgot(body.email, origin_of(request))
    return Said(message="If there is an account with that address, a link is on its way to it.")


@router.post("/password/reset", status_code=204)
def reset_password(request: Request, body: NewPassword) -> Response:
    """Choose a new password by a link that came by e-mail; every session ends."""
    refuse_cross_site(request, with_cookie=False)
    close_pages(request, resources_of(request).accounts.reset(body.token, body.password, origin_of(request)))
    return Response(status_code=204)


@router.post("/invitation/accept", status_code=201)
def accept_invitation(request: Request, body: Acceptance) -> Tokens:
    """Choose a password by the link of an invitation, and be signed in."""
    refuse_cross_site(request, with_cookie=False)
    accepted = resources_of(request).accounts.accept(body.token, body.name, body.password, origin_of(request))
    return granted(request, accepted)


@router.post("/email/verify", status_code=204)
def verify_email(request: Request, body: LinkToken) -> Response:
    """Prove an address by the link that was sent to it; the account has it from then on."""
    refuse_cross_site(request, with_cookie=False)
    resources_of(request).accounts.verify_email(body.token, origin_of(request))
    return Response(status_code=204)
