"""The outbox: mail is written down in the transaction that wants it, and the worker sends it."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from kino_core.database import ReadSession, WriteSession, query
from kino_core.tables import outbox

LONGEST_WAIT = timedelta(days=4)
"""How long a mail that cannot be sent is tried again."""

FAILURES_THAT_TELL = 5
"""From so many failed tries on it is no longer a connection that broke."""

LINK = "{link}"
"""Stands in a body where the link will be."""


@dataclass(frozen=True)
class Mail:
    """A mail to one person; `text` and `html` say the same.

    `link_id` and `link_path` name a link and the page that takes it: the worker puts its address where LINK stands. A
    mail that is worth nothing after `expires_at` is not sent any more.
    """

    kind: str
    recipient: str
    subject: str
    text: str
    html: str
    user_id: uuid.UUID | None = None
    link_id: uuid.UUID | None = None
    link_path: str | None = None
    expires_at: datetime | None = None


def put_mail(session: WriteSession, mail: Mail) -> None:
    """Have a mail sent if and only if the session commits; without an SMTP server it waits until it expires."""
    longest = datetime.now(UTC) + LONGEST_WAIT
    session.execute(
        insert(outbox).values(
            id=uuid.uuid4(),
            kind=mail.kind,
            user_id=mail.user_id,
            recipient=mail.recipient,
            subject=mail.subject,
            text=mail.text,
            html=mail.html,
            link_id=mail.link_id,
            link_path=mail.link_path,
            expires_at=min(mail.expires_at or longest, longest),
        )
    )


def stuck_error(session: ReadSession) -> str | None:
    """Return what keeps mail from going out, None where nothing does."""
    rows = query(
        session,
        "SELECT last_error FROM kino.outbox WHERE state = 'waiting' AND attempts >= :attempts"
        " ORDER BY next_try_at DESC LIMIT 1",
        attempts=FAILURES_THAT_TELL,
    )
    return rows[0].last_error if rows else None
