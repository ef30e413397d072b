"""Errors as people see them: in the look of every page, with what to do next; programs get JSON."""

from collections.abc import Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboards.rendering import Renderer, wants_part
from dashboards.visitors import SignInFirst
from kino_api.problems import answer_problem, problem_of
from kino_core.logs import hide_in_text

_PROGRAMS = ("/api/", "/auth/", "/webhooks/", "/.well-known/", "/health", "/readyz", "/ws")
_TITLES = {
    400: "That cannot be done",
    403: "That is not open to you",
    404: "There is nothing here",
    405: "That cannot be done",
    429: "Too many attempts",
    500: "Something went wrong",
    503: "Kino is not ready",
}
SEE_OTHER = 303


def error_pages(renderer: Renderer) -> Callable[[Request, Exception], Response]:
    """Return what turns an error into a response: a page for browsers, the API's envelope for programs."""

    def answer(request: Request, error: Exception) -> Response:
        if request.url.path.startswith(_PROGRAMS) or not _is_browser(request):
            return answer_problem(request, error)
        if isinstance(error, SignInFirst):
            return _to_sign_in(request)
        problem = problem_of(error)
        response = renderer.page(
            request,
            "error.html",
            status=problem.status,
            code=problem.status,
            title=_TITLES.get(problem.status, _TITLES[500]),
            message=hide_in_text(problem.message),
            at_home=request.url.path == "/",
            request_id=request.scope["state"]["request_id"],
        )
        response.headers.update(problem.headers)
        return response

    return answer


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") or wants_part(request)


def _to_sign_in(request: Request) -> Response:
    if wants_part(request):
        # A part of a page cannot be replaced by the sign-in page: the whole page goes there.
        return Response(status_code=401, headers={"HX-Refresh": "true"})
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse("/login" if asked == "/" else f"/login?next={quote(asked, safe='')}", SEE_OTHER)
