"""Mail over real SMTP: aiosmtpd answers as its script says, and what is sent is counted there."""

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import Row

from kino_core.database import Database, query
from kino_core.outbox import FAILURES_THAT_TELL, LINK, LONGEST_WAIT, Mail, put_mail, stuck_error
from kino_core.security import hash_secret, link_token
from kino_core.settings import Settings
from kino_ingest import smtp
from kino_ingest.mailer import WAITS, after_failure, forget_what_is_over, mail_until, send_next
from kino_ingest.smtp import Postman, Refused, message_of

READER = "grace@example.com"


class Post:
    """A mail server that answers as told, and keeps what it accepted."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.to_recipient = "250 OK"
        self.to_data = "250 OK"
        self.on_data: Callable[[], None] = lambda: None
        self.encrypted: list[bool] = []
        self.logins: list[bytes] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: object
    ) -> str:
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.to_data.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.received.append(message_from_bytes(envelope.content, policy=policy.default))
            self.recipients += envelope.rcpt_tos
            self.encrypted.append(session.ssl is not None)
        self.on_data()
        return self.to_data

    def authenticate(self, *told: object) -> AuthResult:
        data = told[-1]
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login)
        return AuthResult(success=data.password == b"open sesame")


class _Office(Controller):
    """The server on a port that the kernel chose."""

    def __init__(self, post: Post, listening: socket.socket, **options: object) -> None:
        self._listening = listening
        super().__init__(post, hostname="127.0.0.1", port=listening.getsockname()[1], **options)

    def _create_server(self) -> Coroutine[object, object, asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._listening)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def serve(post: Post) -> Iterator[Callable[..., Postman]]:
    """Start the mail server and return who brings mail to it."""
    with ExitStack() as stack:

        def started(*, user: str | None = None, password: str | None = None, **options: object) -> Postman:
            controller = _Office(post, socket.create_server(("127.0.0.1", 0)), **options)
            controller.start()
            stack.callback(controller.stop)
            return Postman("127.0.0.1", controller.port, "Kino <kino@example.com>", user, password)

        yield started


def _put(database: Database, **changes: object) -> None:
    fields = {"kind": "notice", "recipient": READER, "subject": "Hello", "text": "Hello.", "html": "<p>Hello.</p>"}
    with database.write() as session:
        put_mail(session, Mail(**{**fields, **changes}))


def _row(database: Database) -> Row[Any]:
    with database.read() as session:
        return query(session, "SELECT *, next_try_at - now() AS wait FROM kino.outbox")[0]


def _due_again(database: Database) -> None:
    with database.write() as session:
        query(session, "UPDATE kino.outbox SET next_try_at = now() RETURNING id")


def _link(database: Database, settings: Settings) -> uuid.UUID:
    link_id = uuid.uuid4()
    token = link_token(settings.jwt_secret.get_secret_value(), link_id)
    with database.write() as session:
        user = 'INSERT INTO kino."user" (id, email, name) VALUES (gen_random_uuid(), :email, :email) RETURNING id'
        query(
            session,
            "INSERT INTO kino.account_link (id, token_hash, purpose, user_id, expires_at)"
            " VALUES (:id, :hash, 'reset', :user_id, now() + interval '1 hour') RETURNING id",
            id=link_id,
            hash=hash_secret(token),
            user_id=query(session, user, email=READER)[0].id,
        )
    return link_id


def test_a_mail_goes_out_once_and_its_bodies_are_kept_no_longer(
    database: Database, settings: Settings, post: Post, serve: Callable[..., Postman]
) -> None:
    postman = serve()
    assert not send_next(database, settings, postman)
    _put(database, subject="Grüße", text="Hello.\n")
    assert send_next(database, settings, postman)
    assert not send_next(database, settings, postman)
    [message], row = post.received, _row(database)
    assert post.recipients == [READER]
    assert (message["To"], message["From"], message["Subject"]) == (READER, "Kino <kino@example.com>", "Grüße")
    assert message["Message-ID"] == f"<{row.id}@localhost>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"]
    bodies = {part.get_content_type(): part.get_content().splitlines() for part in message.iter_parts()}
    assert bodies == {"text/plain": ["Hello."], "text/html": ["<p>Hello.</p>"]}
    assert (row.state, row.text, row.html, row.last_error) == ("sent", "", "", None)
    assert row.sent_at is not None


def test_a_mail_whose_change_is_taken_back_never_goes_out(
    database: Database, settings: Settings, serve: Callable[..., Postman]
) -> None:
    with database.write() as session:
        put_mail(session, Mail("notice", READER, "Hello", "Hello.", "<p>Hello.</p>"))
        session.rollback()
    assert not send_next(database, settings, serve())


def test_a_link_is_in_the_mail_and_never_in_the_table(
    database: Database, settings: Settings, post: Post, serve: Callable[..., Postman]
) -> None:
    link_id = _link(database, settings)
    token = link_token(settings.jwt_secret.get_secret_value(), link_id)
    _put(database, text=f"Here: {LINK}", html=f'<a href="{LINK}">Here</a>', link_id=link_id, link_path="/reset")
    before = str(_row(database))
    assert send_next(database, settings, serve())
    url = f"http://localhost:8000/reset?token={token}"
    assert [url in part.get_content() for part in post.received[0].iter_parts()] == [True, True]
    assert token not in before + str(_row(database))


@pytest.mark.parametrize("over", ["used_at = now()", "expires_at = now()"])
def test_a_link_that_would_not_work_any_more_is_not_sent(
    database: Database, settings: Settings, post: Post, serve: Callable[..., Postman], over: str
) -> None:
    _put(database, link_id=_link(database, settings), link_path="/reset")
    with database.write() as session:
        query(session, f"UPDATE kino.account_link SET {over} RETURNING id")
    assert send_next(database, settings, serve())
    assert (_row(database).state, post.received) == ("expired", [])


def test_a_worker_with_another_secret_says_so_instead_of_sending_a_dead_link(
    database: Database, settings: Settings, post: Post, serve: Callable[..., Postman], tmp_path: Path
) -> None:
    _put(database, link_id=_link(database, settings), link_path="/reset")
    assert send_next(database, settings.model_copy(update={"home": tmp_path / "other"}), serve())
    assert (_row(database).state, post.received) == ("failed", [])
    assert "JWT_SECRET" in _row(database).last_error


@pytest.mark.parametrize("answers", [{"to_recipient": "451 greylisted"}, {"to_data": "421 busy"}])
def test_not_now_means_later_and_a_mail_gets_through_in_the_end(
    database: Database, settings: Settings, post: Post, serve: Callable[..., Postman], answers: dict[str, str]
) -> None:
    postman = serve()
    vars(post).update(answers)
    _put(database)
    assert send_next(database, settings, postman)
    row = _row(database)
    assert (row.state, row.attempts) == ("waiting", 1)
    assert timedelta() < row.wait <= WAITS[0]
    assert row.text != ""
    vars(post).update(to_recipient="250 OK", to_data="250 OK")
    _due_again(database)
    assert send_next(database, settings, postman)
    assert (_row(database).state, len(post.received)) == ("sent", 1)


@pytest.mark.parametrize("answers", [{"to_recipient": f"550 <{READER}> unknown"}, {"to_data": "554 no"}])
def test_never_means_never(
    database: Database, settings: Settings, post: Post, serve: Callable[..., Postman], answers: dict[str, str]
) -> None:
    vars(post).update(answers)
    _put(database)
    assert send_next(database, settings, serve())
    row = _row(database)
    assert (row.state, row.text, post.received) == ("failed", "", [])
    assert row.last_error.startswith("55")
    assert READER not in row.last_error


def test_a_server_that_is_away_is_tried_again(database: Database, settings: Settings) -> None:
    _put(database)
    assert send_next(database, settings, Postman("127.0.0.1", 1, "kino@example.com"))
    assert (_row(database).state, _row(database).attempts) == ("waiting", 1)


def test_the_waits_grow_and_end_after_four_days() -> None:
    now = datetime.now(UTC)
    ends = now + LONGEST_WAIT
    waits = []
    moment, attempts = now, 0
    while (outcome := after_failure("away", attempts := attempts + 1, moment, ends)).next_try_at is not None:
        waits.append((outcome.next_try_at - moment).total_seconds())
        moment = outcome.next_try_at
    assert waits[:10] == [1, 2, 4, 8, 16, 300, 900, 1800, 3600, 3600]
    assert (outcome.state, outcome.error) == ("failed", "away")
    assert ends - moment <= timedelta(hours=1)


@pytest.mark.parametrize(
    ("recipient", "subject"),
    [
        ("grace@example.com\r\nBcc: eve@example.com", "Hello"),
        ("grace@example.com,eve@example.com", "Hello"),
        ("Grace <grace@example.com>", "Hello"),
        (READER, "Hello\r\nBcc: eve@example.com"),
        (READER, "Hello\n\nBody"),
    ],
)
def test_nothing_breaks_out_of_a_header(recipient: str, subject: str) -> None:
    with pytest.raises(Refused):
        message_of("kino@example.com", recipient, subject, "Hello.", "<p>Hello.</p>", "<1@example.com>")


def test_where_the_server_can_password_and_mail_travel_encrypted(
    database: Database, settings: Settings, post: Post, serve: Callable[..., Postman], tmp_path: Path
) -> None:
    postman = serve(
        user="kino",
        password="open sesame",
        tls_context=_certificate(tmp_path),
        auth_required=True,
        authenticator=post.authenticate,
    )
    _put(database)
    assert send_next(database, settings, postman)
    assert (_row(database).state, post.encrypted, post.logins) == ("sent", [True], [b"kino"])


def test_a_password_is_not_sent_in_the_clear_to_another_machine(
    database: Database, settings: Settings, post: Post, serve: Callable[..., Postman], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "_LOOPBACK", ())
    _put(database)
    assert send_next(database, settings, serve(user="kino", password="open sesame", authenticator=post.authenticate))
    assert (_row(database).state, post.logins, post.received) == ("waiting", [], [])
    assert "STARTTLS" in _row(database).last_error


def test_a_wrong_password_of_ours_costs_nobody_their_mail(
    database: Database, settings: Settings, post: Post, serve: Callable[..., Postman], tmp_path: Path
) -> None:
    options = {"tls_context": _certificate(tmp_path), "auth_required": True, "authenticator": post.authenticate}
    _put(database)
    assert send_next(database, settings, serve(user="kino", password="wrong", **options))
    assert (_row(database).state, post.received) == ("waiting", [])


def test_two_workers_never_take_the_same_mail(
    database: Database, settings: Settings, post: Post, serve: Callable[..., Postman]
) -> None:
    postman = serve()
    others: list[bool] = []
    post.on_data = lambda: others.append(send_next(database, settings, postman))
    _put(database)
    assert send_next(database, settings, postman)
    assert others == [False]
    assert len(post.received) == 1


_WORKER = """
import sys
import threading
from kino_core.database import Database
from kino_core.settings import load_settings
from kino_ingest.mailer import send_next
from kino_ingest.smtp import Postman
settings = load_settings()
send_next(Database(settings.database_url), settings, Postman.of(settings))
"""


def test_a_worker_killed_before_it_noted_the_servers_yes_sends_the_same_mail_again(
    database: Database, settings: Settings, post: Post, serve: Callable[..., Postman]
) -> None:
    postman = serve()
    _put(database)
    environment = {
        "PATH": os.environ["PATH"],
        "KINO_HOME": str(settings.home),
        "DATABASE_URL": settings.database_url,
        "SMTP_HOST": postman.host,
        "SMTP_PORT": str(postman.port),
    }
    worker = subprocess.Popen([sys.executable, "-c", _WORKER], env=environment)
    post.on_data = worker.kill
    assert worker.wait(60) == -signal.SIGKILL
    post.on_data = lambda: None
    assert (_row(database).state, len(post.received)) == ("waiting", 1)
    assert not send_next(database, settings, postman), "the lease still holds"
    _due_again(database)
    assert send_next(database, settings, postman)
    first, second = post.received
    assert first["Message-ID"] == second["Message-ID"]
    assert (_row(database).state, _row(database).attempts) == ("sent", 2)


def test_the_workers_thread_sends_what_comes_and_ends_when_asked(
    database: Database, settings: Settings, post: Post, serve: Callable[..., Postman]
) -> None:
    postman, stop, sent = serve(), threading.Event(), threading.Event()
    post.on_data = sent.set
    named = settings.model_copy(update={"smtp_host": postman.host, "smtp_port": postman.port})
    thread = threading.Thread(target=mail_until, args=(named, stop))
    thread.start()
    _put(database)
    assert sent.wait(30)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert _row(database).state == "sent"


def test_what_keeps_mail_from_going_out_is_told_after_some_tries(database: Database, settings: Settings) -> None:
    _put(database)
    for attempts in range(1, FAILURES_THAT_TELL + 1):
        with database.read() as session:
            assert stuck_error(session) is None, attempts
        _due_again(database)
        assert send_next(database, settings, Postman("127.0.0.1", 1, "kino@example.com"))
    with database.read() as session:
        assert "refused" in str(stuck_error(session))


def test_what_is_over_is_forgotten_and_what_is_not_stays(database: Database) -> None:
    _put(database, kind="waits too long", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    _put(database, kind="waits")
    _put(database, kind="old")
    with database.write() as session:
        query(
            session,
            "UPDATE kino.outbox SET state = 'sent', created_at = now() - interval '31 days' WHERE kind = 'old'"
            " RETURNING id",
        )
        for age in ("25 hours", "1 hour"):
            query(
                session,
                "INSERT INTO kino.attempt (kind, account, network, made_at)"
                " VALUES ('sign-in', '', '', now() - CAST(:age AS interval)) RETURNING id",
                age=age,
            )
    forget_what_is_over(database)
    with database.read() as session:
        kept = {row.kind: (row.state, row.text) for row in query(session, "SELECT * FROM kino.outbox")}
        assert kept == {"waits too long": ("expired", ""), "waits": ("waiting", "Hello.")}
        assert len(query(session, "SELECT FROM kino.attempt")) == 1


def _certificate(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "mail.pem").write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "mail.pem")
    return context
