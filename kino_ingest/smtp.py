"""Mail out of the house: one message to one person over SMTP, and whether trying again makes sense."""

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime, parseaddr
from typing import Self

from kino_core.settings import Settings

TIMEOUT_SECONDS = 15.0
TLS_PORT = 465
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class NotNow(Exception):
    """The server is away, busy, or wrongly set up: try again later."""


class Refused(Exception):
    """The server will never take this mail."""


@dataclass(frozen=True)
class Postman:
    """The SMTP server and who we are to it."""

    host: str
    port: int
    sender: str
    user: str | None = None
    password: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """Return the postman that the settings name, None where no mail is sent."""
        if settings.smtp_host is None:
            return None
        password = settings.smtp_password
        return cls(
            settings.smtp_host,
            settings.smtp_port,
            settings.email_from,
            settings.smtp_user,
            password.get_secret_value() if password else None,
        )

    def deliver(self, message: EmailMessage, recipient: str) -> None:
        """Hand the message over to the server; raises NotNow or Refused."""
        try:
            server = self._connected()
            try:
                self._hand_over(server, message, recipient)
            finally:
                # However the server says goodbye: the mail is through by then, or it is not.
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
        except smtplib.SMTPRecipientsRefused as error:
            raise _answered(*next(iter(error.recipients.values()))) from error
        except smtplib.SMTPDataError as error:
            raise _answered(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Refused(f"the server cannot take it: {error}") from error
        except (smtplib.SMTPException, OSError) as error:
            # What the server has against us or our password, and not against this mail, somebody will mend.
            raise NotNow(str(error) or type(error).__name__) from error

    def _connected(self) -> smtplib.SMTP:
        context = _tls(self.host)
        if self.port == TLS_PORT:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)

    def _hand_over(self, server: smtplib.SMTP, message: EmailMessage, recipient: str) -> None:
        server.ehlo()
        encrypted = self.port == TLS_PORT
        if not encrypted and server.has_extn("starttls"):
            server.starttls(context=_tls(self.host))
            server.ehlo()
            encrypted = True
        if self.user is not None:
            if not encrypted and self.host not in _LOOPBACK:
                raise NotNow("the server offers no STARTTLS, and a password is not sent in the clear")
            server.login(self.user, self.password or "")
        server.send_message(message, from_addr=parseaddr(self.sender)[1], to_addrs=[recipient])


def message_of(sender: str, recipient: str, subject: str, text: str, html: str, message_id: str) -> EmailMessage:
    """Return the message; raises Refused for an address or a subject that would break out of its header."""
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = sender
        message["To"] = str(Address(addr_spec=recipient))
        message["Subject"] = subject
    except (ValueError, IndexError) as error:
        raise Refused(f"it cannot be addressed: {error}") from error
    message["Date"] = localtime()
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message


def _answered(code: int, answer: bytes | str) -> NotNow | Refused:
    words = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return (Refused if code >= 500 else NotNow)(f"{code} {words}")


def _tls(host: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if host in _LOOPBACK:
        # A server on this machine has a certificate for some other name, if any, and nobody stands between.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
