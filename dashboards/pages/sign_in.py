"""`/login` and `/logout`: into Kino and out of it."""

from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dashboards.errors import SEE_OTHER
from dashboards.forms import Form
from dashboards.site import site_of
from kino_api.authentication import origin_of, page_visitor, sign_out
from kino_api.cookies import give_cookies, take_cookies
from kino_api.problems import TooManyAttempts
from kino_api.resources import resources_of
from kino_api.sign_in import WrongPassword
from kino_api.users import has_administrator
from kino_api.watching import note_error

router = APIRouter(include_in_schema=False)


@router.get("/login")
def show(request: Request, next: str = "/") -> Response:
    """Show the form, or go on where somebody is signed in already."""
    if page_visitor(request) is not None:
        return RedirectResponse(own_path(next), SEE_OTHER)
    return _form(request, next)


@router.post("/login")
def enter(request: Request, form: Form) -> Response:
    """Sign in and go on to the page that was asked for."""
    email = form["email"]
    try:
        grant = resources_of(request).sign_in.enter(email, form["password"], origin_of(request))
    except WrongPassword as error:
        note_error(request, error)
        return _form(request, form["next"], email=email, notice=error.message, status=401)
    except TooManyAttempts as error:
        note_error(request, error)
        return _form(request, form["next"], email=email, notice=error.message, status=429)
    give_cookies(request, grant)
    return RedirectResponse(own_path(form["next"]), SEE_OTHER)


@router.post("/logout")
def leave(request: Request, form: Form) -> Response:
    """End the session in every tab, and forget its cookies."""
    visitor = page_visitor(request)
    if visitor is not None:
        sign_out(request, visitor)
    take_cookies(request)
    return RedirectResponse("/login", SEE_OTHER)


def own_path(text: str) -> str:
    """Return `text` when it is a path of ours, else "/": a link must not lead through sign-in to another site."""
    parts = urlsplit(text)
    plain = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    return text if plain and not parts.scheme and not parts.netloc else "/"


def _form(
    request: Request, next_page: str, *, email: str = "", notice: str | None = None, status: int = 200
) -> Response:
    site = site_of(request)
    with site.database.read() as session:
        nobody_yet = not has_administrator(session)
    return site.renderer.page(
        request,
        "sign_in.html",
        status=status,
        next=own_path(next_page),
        email=email,
        notice=notice,
        nobody_yet=nobody_yet,
    )
