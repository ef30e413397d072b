"""What people may ask for about themselves, and what administrators may have done about anybody."""

import uuid
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO

from kino_api.changes import record_change
from kino_api.permissions import Action, Permission, Resource, may_everywhere, not_allowed
from kino_api.users import User
from kino_core.database import ReadSession, WriteSession
from kino_core.privacy.erasures import Erasure, request_erasure
from kino_core.privacy.export import export
from kino_core.privacy.subjects import Subject

EXPORT = Permission(Resource.PERSONAL_DATA, Action.READ)
BYTES_IN_MEMORY = 8 * 1024 * 1024
BYTES_AT_ONCE = 64 * 1024


def check_export(user: User, user_id: uuid.UUID) -> None:
    """Raise NotAllowed for somebody else's export, unless the user is an administrator."""
    if user_id != user.id and not may_everywhere(user, EXPORT):
        raise not_allowed(EXPORT)


def export_file(session: ReadSession, subject: Subject) -> IO[bytes]:
    """Return the person's export, whole, before the first byte of it leaves; it is gone when it is closed."""
    file = SpooledTemporaryFile(max_size=BYTES_IN_MEMORY)  # noqa: SIM115  whoever reads it closes it
    try:
        for piece in export(session, subject):
            file.write(piece.encode())
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    """Yield what is in the file, and close it."""
    with file:
        while piece := file.read(BYTES_AT_ONCE):
            yield piece


def erase(session: WriteSession, subject: Subject, requested_by: uuid.UUID | None = None) -> Erasure:
    """Empty the account at once and have all else about the person erased; raises LastAdministrator."""
    asked = request_erasure(session, subject, requested_by)
    body = {
        "erasure_id": str(asked.id),
        "user_id": str(asked.user_id) if asked.user_id else None,
        "person_id": str(asked.person_id),
    }
    record_change(session, "person_erased", body, project_id=None)
    return asked
