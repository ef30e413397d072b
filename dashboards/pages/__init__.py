"""One module a page: its routes, the queries it asks, and the plain data its template shows."""

from fastapi import APIRouter

from dashboards.pages import account_links, explanation, operations, portfolio, project, reports, set_up, sign_in


def page_routers() -> tuple[APIRouter, ...]:
    """Return the routes of every page."""
    modules = (portfolio, project, explanation, reports, operations, sign_in, set_up, account_links)
    return tuple(module.router for module in modules)
