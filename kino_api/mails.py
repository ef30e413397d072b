"""What Kino writes to people about their accounts: the words, as text and as HTML."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup, escape

from kino_core.database import WriteSession
from kino_core.outbox import LINK, Mail, put_mail


@dataclass(frozen=True)
class Letter:
    """A mail before it has a reader. `button` names what its link does; nothing that anybody typed may stand in it."""

    kind: str
    subject: str
    paragraphs: tuple[str, ...]
    button: str | None = None
    path: str | None = None


@dataclass(frozen=True)
class Reader:
    """Whom a letter goes to: an address, and the account that it is about."""

    email: str
    user_id: uuid.UUID


_NOT_YOU = "If that was not you, reset your password on the sign-in page at once and tell an administrator."

INVITATION = Letter(
    "invitation",
    "You are invited to Kino",
    (
        "An administrator made an account for you in Kino, which shows what people and AI agents do in your projects.",
        "Choose a password and you are in. The link works once, and for seven days.",
    ),
    "Accept the invitation",
    "/invite",
)
RESET = Letter(
    "password-reset",
    "Reset your Kino password",
    (
        "Somebody, hopefully you, asked to reset the password of your Kino account.",
        "The link works once, and for an hour. If it was not you, do nothing: your password stays as it is.",
    ),
    "Choose a new password",
    "/reset",
)
VERIFICATION = Letter(
    "email-verification",
    "Confirm your e-mail address for Kino",
    (
        "This address is to be the one of a Kino account. Until it is confirmed, nothing changes.",
        "The link works once, and for an hour. If you know nothing of this, do nothing.",
    ),
    "Confirm the address",
    "/verify",
)
PASSWORD_CHANGED = Letter(
    "password-changed",
    "Your Kino password was changed",
    ("The password of your Kino account was changed, and every other session was ended.", _NOT_YOU),
)
EMAIL_CHANGED = Letter(
    "email-changed",
    "The e-mail address of your Kino account was changed",
    ("Your Kino account has another e-mail address now; mail no longer comes here.", _NOT_YOU),
)
EMAIL_WANTED = Letter(
    "email-wanted",
    "Your e-mail address was entered for another Kino account",
    (
        "Somebody entered this address for another account of Kino. It is that of your account, and stays so.",
        "If that was you, change the address of this account first. If it was not you, do nothing.",
    ),
)
LOCKED_OUT = Letter(
    "locked-out",
    "Failed attempts to sign in to your Kino account",
    (
        "Somebody tried wrong passwords for your Kino account too often, so sign-in from there has to wait 15 minutes.",
        "If that was you, wait, or reset your password on the sign-in page. If not, nobody got in.",
    ),
)
SESSION_STOLEN = Letter(
    "refresh-token-reused",
    "A session of your Kino account was ended",
    (
        "A credential of one of your sessions was used a second time, as a thief would use a copy. It is over.",
        "Sign in again. If it happens again, change your password and tell an administrator.",
    ),
)


def send(
    session: WriteSession,
    letter: Letter,
    reader: Reader,
    *,
    link_id: uuid.UUID | None = None,
    expires_at: datetime | None = None,
) -> None:
    """Put the letter into the outbox; one with a button needs its link."""
    put_mail(
        session,
        Mail(
            kind=letter.kind,
            recipient=reader.email,
            subject=letter.subject,
            text=_as_text(letter),
            html=_as_html(letter),
            user_id=reader.user_id,
            link_id=link_id,
            link_path=letter.path,
            expires_at=expires_at,
        ),
    )


def _as_text(letter: Letter) -> str:
    link = [f"{letter.button}:\n{LINK}"] if letter.button else []
    return "\n\n".join([*letter.paragraphs, *link, "Kino"]) + "\n"


def _as_html(letter: Letter) -> str:
    paragraphs = Markup("").join(Markup("<p>{}</p>").format(each) for each in letter.paragraphs)
    button = Markup(
        '<p><a href="{0}" style="display:inline-block;padding:10px 18px;border-radius:6px;background:#2f5bd7;'
        'color:#ffffff;text-decoration:none">{1}</a></p><p style="font-size:13px;word-break:break-all">{0}</p>'
    ).format(LINK, letter.button)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        f"<title>{escape(letter.subject)}</title></head>"
        '<body style="font-family:system-ui,sans-serif;font-size:16px;line-height:1.5;max-width:34em">'
        f"{paragraphs}{button if letter.button else ''}<p>Kino</p></body></html>"
    )
