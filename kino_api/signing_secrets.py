"""What senders sign with: secrets of an agent token or of a repository's webhook, made once, shown once, kept sealed.

A new secret lets the ones before it go on for a while, so that senders can change over without losing an event.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from kino_api.shapes import ShownOnce
from kino_api.tokens import OVERLAP, UnknownToken
from kino_core.database import WriteSession, query
from kino_core.envelopes import KeyRing
from kino_core.errors import NotFound
from kino_core.sealed_secrets import WEBHOOK_SECRET
from kino_core.security import make_signing_secret


@dataclass(frozen=True)
class NewSecret(ShownOnce):
    """A signing secret at the only moment when it can be read."""

    id: uuid.UUID
    secret: str


class UnknownRepository(NotFound):
    """The project has connected no such repository."""

    code = "UNKNOWN_REPOSITORY"


def make_token_secret(
    session: WriteSession,
    ring: KeyRing,
    token_id: uuid.UUID,
    *,
    overlap: timedelta = OVERLAP,
    project_id: uuid.UUID | None = None,
) -> NewSecret:
    """Make the token's next signing secret: from now on everything sent with the token must be signed.

    Raises UnknownToken, also for another project's token.
    """
    _check_token(session, token_id, project_id)
    return _make(session, ring, overlap, token_id=token_id)


def drop_token_secrets(session: WriteSession, token_id: uuid.UUID, *, project_id: uuid.UUID | None = None) -> None:
    """Let the token be used without a signature again; raises UnknownToken."""
    _check_token(session, token_id, project_id)
    query(session, "DELETE FROM kino.webhook_secret WHERE token_id = :id RETURNING id", id=token_id)


def make_repository_secret(
    session: WriteSession,
    ring: KeyRing,
    project_id: uuid.UUID,
    repository_id: uuid.UUID,
    *,
    overlap: timedelta = OVERLAP,
) -> NewSecret:
    """Make the next secret of a repository's webhook; the common one counts for it no more.

    Raises UnknownRepository.
    """
    _check_repository(session, project_id, repository_id)
    return _make(session, ring, overlap, repository_id=repository_id)


def drop_repository_secrets(session: WriteSession, project_id: uuid.UUID, repository_id: uuid.UUID) -> None:
    """Let the common secret count for the repository's webhook again; raises UnknownRepository."""
    _check_repository(session, project_id, repository_id)
    query(session, "DELETE FROM kino.webhook_secret WHERE repository_id = :id RETURNING id", id=repository_id)


def _make(
    session: WriteSession,
    ring: KeyRing,
    overlap: timedelta,
    *,
    token_id: uuid.UUID | None = None,
    repository_id: uuid.UUID | None = None,
) -> NewSecret:
    made = NewSecret(uuid.uuid4(), make_signing_secret())
    query(
        session,
        "UPDATE kino.webhook_secret SET expires_at = least(expires_at, now() + :overlap)"
        " WHERE token_id = :token_id OR repository_id = :repository_id RETURNING id",
        token_id=token_id,
        repository_id=repository_id,
        overlap=overlap,
    )
    query(
        session,
        "INSERT INTO kino.webhook_secret (id, token_id, repository_id, secret)"
        " VALUES (:id, :token_id, :repository_id, :secret) RETURNING id",
        id=made.id,
        token_id=token_id,
        repository_id=repository_id,
        secret=ring.seal(made.secret, WEBHOOK_SECRET.place(made.id)),
    )
    return made


def _check_token(session: WriteSession, token_id: uuid.UUID, project_id: uuid.UUID | None) -> None:
    if not query(
        session,
        "SELECT FROM kino.token WHERE id = :id AND project_id = coalesce(CAST(:project_id AS uuid), project_id)"
        " FOR UPDATE",
        id=token_id,
        project_id=project_id,
    ):
        raise UnknownToken("There is no such token. List the project's tokens to see their ids.")


def _check_repository(session: WriteSession, project_id: uuid.UUID, repository_id: uuid.UUID) -> None:
    if not query(
        session,
        "SELECT FROM kino.repository WHERE id = :id AND project_id = :project_id FOR UPDATE",
        id=repository_id,
        project_id=project_id,
    ):
        raise UnknownRepository("The project has no such repository. List its repositories to see their ids.")
