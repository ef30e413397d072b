"""`/forgot`, and the pages that links in mails lead to: `/reset`, `/invite`, `/verify`.

Opening a link changes nothing, because scanners of mail do that too: only the button does.
"""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dashboards.errors import SEE_OTHER
from dashboards.forms import Form
from dashboards.pages.set_up import PRIVATE
from dashboards.site import site_of
from kino_api.account_links import Link, LinkInvalid, Purpose, find_link
from kino_api.authentication import close_pages, origin_of
from kino_api.cookies import give_cookies
from kino_api.password_policy import SHORTEST_PASSWORD
from kino_api.problems import TooManyAttempts
from kino_api.resources import resources_of
from kino_core.errors import Conflict, InvalidInput, KinoError

router = APIRouter(include_in_schema=False)

SENT = "If there is an account with that address, a link is on its way to it. It works for an hour."
RESET_DONE = "Your password is changed and every session has ended. Sign in with the new one."
VERIFIED = "The address is yours. Sign in with it from now on."


@router.get("/forgot")
def ask(request: Request) -> Response:
    """Show the form."""
    return _page(request, "forgot.html", done=None, notice=None)


@router.post("/forgot")
def send(request: Request, form: Form) -> Response:
    """Send a link, if there is such an account; the answer is the same if not."""
    try:
        resources_of(request).accounts.forgot(form["email"], origin_of(request))
    except TooManyAttempts as error:
        return _page(request, "forgot.html", status=429, done=None, notice=error.message)
    return _page(request, "forgot.html", done=SENT, notice=None)


@router.get("/reset")
def show_reset(request: Request, token: str = "") -> Response:
    """Show the form for a new password."""
    return _show(request, Purpose.RESET, token)


@router.post("/reset")
def reset(request: Request, form: Form) -> Response:
    """Change the password."""
    try:
        ended = resources_of(request).accounts.reset(form["token"], form["password"], origin_of(request))
    except (LinkInvalid, InvalidInput) as error:
        return _again(request, Purpose.RESET, form["token"], error)
    close_pages(request, ended)
    return _page(request, "link_used.html", title="Password changed", done=RESET_DONE)


@router.get("/invite")
def show_invitation(request: Request, token: str = "") -> Response:
    """Show the form for name and password."""
    return _show(request, Purpose.INVITE, token)


@router.post("/invite")
def accept(request: Request, form: Form) -> Response:
    """Give the account its password, signed in at once."""
    accounts = resources_of(request).accounts
    try:
        grant = accounts.accept(form["token"], form["name"], form["password"], origin_of(request))
    except (LinkInvalid, InvalidInput) as error:
        return _again(request, Purpose.INVITE, form["token"], error, name=form["name"])
    give_cookies(request, grant)
    return RedirectResponse("/", SEE_OTHER)


@router.get("/verify")
def show_verification(request: Request, token: str = "") -> Response:
    """Show which address is to be confirmed."""
    return _show(request, Purpose.VERIFY, token)


@router.post("/verify")
def verify(request: Request, form: Form) -> Response:
    """Give the account its address."""
    try:
        resources_of(request).accounts.verify_email(form["token"], origin_of(request))
    except (LinkInvalid, Conflict) as error:
        return _again(request, Purpose.VERIFY, form["token"], error)
    return _page(request, "link_used.html", title="Address confirmed", done=VERIFIED)


def _show(request: Request, purpose: Purpose, token: str) -> Response:
    try:
        with site_of(request).database.read() as session:
            link = find_link(session, token, purpose)
    except LinkInvalid as error:
        return _page(request, "link_gone.html", status=403, notice=error.message)
    return _form(request, purpose, token, link)


def _again(request: Request, purpose: Purpose, token: str, error: KinoError, name: str | None = None) -> Response:
    """Show the form once more with what is wrong, or that the link is gone."""
    try:
        with site_of(request).database.read() as session:
            link = find_link(session, token, purpose)
    except LinkInvalid as gone:
        return _page(request, "link_gone.html", status=403, notice=gone.message)
    return _form(request, purpose, token, link, status=400, notice=error.message, name=name)


def _form(
    request: Request,
    purpose: Purpose,
    token: str,
    link: Link,
    *,
    status: int = 200,
    notice: str | None = None,
    name: str | None = None,
) -> Response:
    return _page(
        request,
        f"{purpose}.html",
        status=status,
        token=token,
        email=link.email or link.user_email,
        name=link.user_name if name is None else name,
        notice=notice,
        shortest_password=SHORTEST_PASSWORD,
    )


def _page(request: Request, template: str, *, status: int = 200, **values: object) -> Response:
    response = site_of(request).renderer.page(request, template, status=status, **values)
    response.headers.update(PRIVATE)
    return response
