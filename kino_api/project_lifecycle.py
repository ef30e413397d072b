"""The end of a project: archived, where it can still be read, or deleted, where it is gone for everybody."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

from kino_api.changes import record_change
from kino_api.etags import check_match
from kino_api.projects import Project, lock_project, store_project
from kino_core.database import WriteSession, query


def archive_project(session: WriteSession, project_id: uuid.UUID, *, if_match: str | None = None) -> Project:
    """Make a project read-only and leave it out of lists; again changes nothing. Raises UnknownProject."""
    found = lock_project(session, project_id)
    check_match(if_match, found.updated_at, noun="project")
    if found.archived_at is not None:
        return found
    return store_project(session, replace(found, archived_at=datetime.now(UTC)))


def unarchive_project(session: WriteSession, project_id: uuid.UUID, *, if_match: str | None = None) -> Project:
    """Take a project out of the archive; one that is not in it stays as it is. Raises UnknownProject."""
    found = lock_project(session, project_id)
    check_match(if_match, found.updated_at, noun="project")
    if found.archived_at is None:
        return found
    return store_project(session, replace(found, archived_at=None))


def delete_project(session: WriteSession, project_id: uuid.UUID, *, if_match: str | None = None) -> None:
    """Delete a project: its tokens are refused, its repositories are free, its name can be used again.

    What came in for it stays in the log, and its numbers leave the lake. Raises UnknownProject.
    """
    found = lock_project(session, project_id)
    check_match(if_match, found.updated_at, noun="project")
    _revoke_tokens(session, project_id)
    _free_repositories(session, project_id)
    _drop_dependencies(session, project_id)
    query(
        session,
        "UPDATE kino.project SET deleted_at = now(), updated_at = now() WHERE id = :id RETURNING id",
        id=project_id,
    )
    record_change(session, "project_deleted", {"project_id": str(project_id)}, project_id=project_id)


def _revoke_tokens(session: WriteSession, project_id: uuid.UUID) -> None:
    query(
        session,
        "UPDATE kino.token SET revoked_at = now() WHERE project_id = :id AND revoked_at IS NULL RETURNING id",
        id=project_id,
    )


def _free_repositories(session: WriteSession, project_id: uuid.UUID) -> None:
    # Their secrets were agreed with the people of this project, not with whoever connects them next.
    query(
        session,
        "DELETE FROM kino.webhook_secret USING kino.repository"
        " WHERE repository.id = webhook_secret.repository_id AND repository.project_id = :id"
        " RETURNING webhook_secret.id",
        id=project_id,
    )
    freed = query(
        session,
        "UPDATE kino.repository SET project_id = NULL, connected_at = NULL WHERE project_id = :id"
        " RETURNING id, full_name",
        id=project_id,
    )
    for repository in freed:
        body = {"repository_id": str(repository.id), "full_name": repository.full_name, "project_id": None}
        record_change(session, "repository_disconnected", body, project_id=project_id)


def _drop_dependencies(session: WriteSession, project_id: uuid.UUID) -> None:
    dropped = query(
        session,
        "DELETE FROM kino.dependency WHERE project_id = :id OR depends_on_project_id = :id RETURNING id, project_id",
        id=project_id,
    )
    for each in dropped:
        body = {"dependency_id": str(each.id), "project_id": str(each.project_id)}
        record_change(session, "dependency_deleted", body, project_id=each.project_id)
