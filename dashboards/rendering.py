"""One way from data to HTML: whole pages for a browser, one named block of the same page for htmx."""

from datetime import UTC, datetime

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from dashboards import formats
from dashboards.assets import PACKAGE_ROOT
from dashboards.static_files import StaticFiles
from dashboards.visitors import SEE_OPERATIONS
from kino_api.permissions import may_everywhere
from kino_core.staleness import stale_seconds

THEME_COOKIE = "kino_theme"
"""Holds "light" or "dark" once somebody chose; pages.js writes it, so it is no secret and not HttpOnly."""


class Renderer:
    """The templates and what every one of them may use."""

    def __init__(self, static: StaticFiles, *, support_contact: str | None) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(PACKAGE_ROOT / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            static=static,
            support_contact=support_contact,
            icon=icon,
            when=when,
            number=formats.number,
            share=formats.share,
            quantity=formats.quantity,
            plural=formats.plural,
            day=formats.day,
            exact=formats.exact,
            with_commands=formats.with_commands,
            sees_operations=lambda user: may_everywhere(user, SEE_OPERATIONS),
            period_name=formats.period_name,
        )
        # A global, because a block that is rendered alone does not see what its page imports.
        self._templates.globals["ui"] = self._templates.get_template("macros.html").module

    def page(self, request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
        """Return `template` filled with `values`; only the block named like htmx's target when that is asked for.

        A restored history entry wants the whole page, although htmx sends it.
        """
        found = self._templates.get_template(template)
        context = {"theme": theme_of(request), "here": None, "as_of": None, "stale": stale_seconds(), **values}
        block = found.blocks.get(part_of(request) or "")
        body = "".join(block(found.new_context(context))) if block else found.render(context)
        return HTMLResponse(body, status, headers={"Vary": "HX-Request, HX-Target", "Cache-Control": "no-store"})


def wants_part(request: Request) -> bool:
    """Return whether htmx asks for a part of a page."""
    return "hx-request" in request.headers and "hx-history-restore-request" not in request.headers


def part_of(request: Request) -> str | None:
    """Return the id of the element that htmx wants to fill, which is its block's name; None for a whole page."""
    return request.headers.get("hx-target") if wants_part(request) else None


def theme_of(request: Request) -> str | None:
    """Return the theme that this browser chose, or None to follow its system."""
    chosen = request.cookies.get(THEME_COOKIE)
    return chosen if chosen in ("light", "dark") else None


def icon(name: str, extra: str = "") -> Markup:
    """Return the drawing `name` of icons.html, hidden from screen readers: words stand beside it."""
    return Markup('<svg class="icon {}" aria-hidden="true"><use href="#i-{}"/></svg>').format(extra, name)


def when(moment: datetime) -> Markup:
    """Return a moment as words relative to now, the exact time on hover; kino.js keeps the words true."""
    now = datetime.now(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.astimezone(UTC).isoformat(timespec="seconds"), formats.exact(moment), formats.relative(moment, now)
    )
