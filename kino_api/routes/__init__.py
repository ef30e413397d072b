"""The HTTP face of each noun: thin routes over the functions of the module with the same name."""

from fastapi import APIRouter

from kino_api.routes import (
    agents,
    auth,
    dead_letters,
    health,
    initiatives,
    live,
    metrics,
    personal_data,
    project_parts,
    projects,
    reports,
)


def routers() -> list[APIRouter]:
    """Return every router of the API."""
    return [
        auth.router,
        auth.keys_router,
        health.router,
        initiatives.router,
        projects.router,
        project_parts.repositories_router,
        project_parts.tokens_router,
        agents.router,
        metrics.router,
        metrics.project_router,
        dead_letters.router,
        reports.router,
        reports.jobs_router,
        personal_data.router,
        live.router,
    ]
