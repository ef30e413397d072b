"""The mailer: sends what waits in the outbox, again and again until it is through or worth nothing any more."""

import hmac
import threading
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy import Row

from kino_core.database import Database, DatabaseUnavailable
from kino_core.outbox import LINK
from kino_core.security import hash_secret, link_token
from kino_core.settings import Settings
from kino_ingest.smtp import NotNow, Postman, Refused, message_of
from kino_ingest.sql import read_sql

POLL_SECONDS = 1.0
AWAY_SECONDS = 5.0
LEASE = timedelta(minutes=5)
"""Longer than the steps of one delivery may take together, each with its own timeout."""
WAITS = [timedelta(seconds=seconds) for seconds in (1, 2, 4, 8, 16, 300, 900, 1800, 3600)]
"""Before the next try: short for a connection that broke, then long for a server that says "later"."""
LONGEST_ERROR = 300

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How a try ended: what becomes of the mail, and when it is tried again if it is."""

    state: str
    error: str | None = None
    next_try_at: datetime | None = None


def mail_until(settings: Settings, stop: threading.Event) -> None:
    """Send what is due until `stop` is set; while PostgreSQL is away, wait for it."""
    postman = Postman.of(settings)
    with closing(Database(settings.database_url, pool_max=1)) as database:
        while not stop.is_set():
            try:
                sent = postman is not None and send_next(database, settings, postman)
                stop.wait(0 if sent else POLL_SECONDS)
            except DatabaseUnavailable:
                stop.wait(AWAY_SECONDS)
            except Exception:
                log.exception("the mailer stumbled")
                stop.wait(AWAY_SECONDS)


def send_next(database: Database, settings: Settings, postman: Postman) -> bool:
    """Try the mail that is due longest; return whether there was one."""
    with database.write() as session:
        due = session.exec_driver_sql(read_sql("outbox_take"), {"lease": LEASE}).one_or_none()
    if due is None:
        return False
    outcome = _try(due, settings, postman)
    with database.write() as session:
        values = {"id": due.id, "attempts": due.attempts, **vars(outcome)}
        session.exec_driver_sql(read_sql("outbox_done"), values)
    tell = log.info if outcome.state == "sent" else log.warning
    tell("mail", mail_id=str(due.id), kind=due.kind, state=outcome.state, attempts=due.attempts)
    return True


def after_failure(error: str, attempts: int, now: datetime, expires_at: datetime) -> Outcome:
    """Decide when a mail that failed `attempts` times for a passing reason is tried again."""
    next_try_at = now + WAITS[min(attempts, len(WAITS)) - 1]
    if next_try_at >= expires_at:
        return Outcome("failed", error)
    return Outcome("waiting", error, next_try_at)


def forget_what_is_over(database: Database) -> None:
    """Let go of mail that waited too long, and of what is kept for a while only."""
    with database.write() as session:
        session.exec_driver_sql(read_sql("outbox_expire"))
        for statement in read_sql("forget").split(";\n"):
            if statement.strip():
                session.exec_driver_sql(statement)


def _try(due: Row[Any], settings: Settings, postman: Postman) -> Outcome:
    if due.link_path is not None and due.token_hash is None:
        return Outcome("expired", "its link was used, or its time is over")
    try:
        link = _link(due, settings)
        message_id = f"<{due.id}@{urlsplit(settings.api_base_url).hostname}>"
        text, html = (body.replace(LINK, link) for body in (due.text, due.html))
        message = message_of(postman.sender, due.recipient, due.subject, text, html, message_id)
        postman.deliver(message, due.recipient)
    except Refused as error:
        return Outcome("failed", _told(error, due))
    except NotNow as error:
        return after_failure(_told(error, due), due.attempts, datetime.now(UTC), due.expires_at)
    return Outcome("sent")


def _link(due: Row[Any], settings: Settings) -> str:
    if due.link_path is None:
        return ""
    token = link_token(settings.jwt_secret.get_secret_value(), due.link_id)
    if not hmac.compare_digest(hash_secret(token), bytes(due.token_hash)):
        raise Refused("the worker's JWT_SECRET is not that of the web process")
    return f"{settings.api_base_url}{due.link_path}?token={token}"


def _told(error: Exception, due: Row[Any]) -> str:
    """Return what is kept of an error: servers repeat the address, which stands in its own column."""
    return str(error).replace(due.recipient, "[recipient]")[:LONGEST_ERROR]
