"""`/setup`: the first administrator, by a link that works once."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dashboards.errors import SEE_OTHER
from dashboards.forms import Form
from dashboards.site import site_of
from kino_api.authentication import origin_of
from kino_api.cookies import give_cookies
from kino_api.password_policy import SHORTEST_PASSWORD
from kino_api.resources import resources_of
from kino_api.setup import SetupLinkInvalid, complete_setup, is_setup_link
from kino_core.errors import Conflict, InvalidInput

router = APIRouter(include_in_schema=False)

GONE = "It was used already, or it is older than a day, or Kino has an administrator."
# The token stands in the address: no other site may learn it from a link.
PRIVATE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


@router.get("/setup")
def show(request: Request, token: str = "") -> Response:
    """Show the form; looking uses nothing up."""
    with site_of(request).database.read() as session:
        usable = is_setup_link(session, token)
    return _form(request, token, usable=usable, notice=None if usable else GONE, status=200 if usable else 403)


@router.post("/setup")
def finish(request: Request, form: Form) -> Response:
    """Make the administrator, signed in at once."""
    resources, origin = resources_of(request), origin_of(request)
    base_url = resources.settings.api_base_url
    try:
        with resources.database.write(by=origin.actor) as session:
            user = complete_setup(
                session, form["token"], form["email"], form["name"], form["password"], base_url=base_url
            )
            grant = resources.sign_in.open(session, user, origin)
    except SetupLinkInvalid:
        return _form(request, "", usable=False, notice=GONE, status=403)
    except (InvalidInput, Conflict) as error:
        return _form(
            request,
            form["token"],
            usable=True,
            name=form["name"],
            email=form["email"],
            notice=error.message,
            status=400,
        )
    give_cookies(request, grant)
    return RedirectResponse("/", SEE_OTHER)


def _form(
    request: Request,
    token: str,
    *,
    usable: bool,
    notice: str | None,
    status: int,
    name: str = "",
    email: str = "",
) -> Response:
    response = site_of(request).renderer.page(
        request,
        "set_up.html",
        status=status,
        token=token,
        usable=usable,
        notice=notice,
        name=name,
        email=email,
        shortest_password=SHORTEST_PASSWORD,
    )
    response.headers.update(PRIVATE)
    return response
