"""The HTTP face of each noun: thin routes over the functions of the module with the same name."""

from fastapi import APIRouter

from kino_api.routes import (
    account,
    agents,
    annotations,
    audit,
    auth,
    blockers,
    dead_letters,
    health,
    initiatives,
    live,
    metrics,
    personal_data,
    project_parts,
    project_plan,
    project_updates,
    projects,
    reports,
    scope_items,
    security_events,
    users,
)


def routers() -> list[APIRouter]:
    """Return every router of the API."""
    return [
        auth.router,
        auth.keys_router,
        account.router,
        users.router,
        health.router,
        initiatives.router,
        projects.router,
        project_parts.repositories_router,
        project_parts.tokens_router,
        project_plan.members_router,
        project_plan.milestones_router,
        project_plan.dependencies_router,
        scope_items.router,
        project_updates.router,
        annotations.router,
        blockers.router,
        agents.router,
        metrics.router,
        metrics.project_router,
        metrics.agent_router,
        metrics.developer_router,
        dead_letters.router,
        reports.router,
        reports.jobs_router,
        audit.router,
        audit.project_router,
        security_events.router,
        personal_data.router,
        live.router,
    ]
