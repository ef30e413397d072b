"""A single project in full: its card, and the figures that are worked out for one project at a time."""

import uuid
from dataclasses import dataclass, fields
from datetime import datetime

from kino_api.access import UnknownProject
from kino_api.portfolio import ProjectCard, list_projects
from kino_api.sql import read_sql
from kino_api.users import User
from kino_core.database import ReadSession, query


@dataclass(frozen=True)
class ProjectMetadata:
    """What is worked out about a project; `progress_percentage` is None while it has no scope."""

    progress_percentage: float | None
    last_activity_at: datetime | None
    last_update_at: datetime | None
    total_ai_agent_activities: int
    connected_repositories: int


@dataclass(frozen=True)
class ProjectDetails(ProjectCard):
    """A project with its metadata."""

    metadata: ProjectMetadata


def project_details(session: ReadSession, user: User, project_id: uuid.UUID) -> ProjectDetails:
    """Return a project that the user sees, archived or not; raises UnknownProject."""
    found = list_projects(session, user, project_id=project_id)
    if not found:
        raise UnknownProject("The requested project could not be found. It may have been deleted.")
    [card] = found
    [known] = query(session, read_sql("project_metadata"), project_id=project_id)
    metadata = ProjectMetadata(
        progress_percentage=known.progress_percentage,
        last_activity_at=card.last_activity_at,
        last_update_at=known.last_update_at,
        total_ai_agent_activities=known.activities,
        connected_repositories=card.repositories,
    )
    return ProjectDetails(**{each.name: getattr(card, each.name) for each in fields(card)}, metadata=metadata)
