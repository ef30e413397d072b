"""One's own account: the password, a forgotten one, an invitation, the e-mail address."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from kino_api.account_links import Purpose, find_link, make_link, use_link, void_links
from kino_api.lockout import Kind, forget_account, target_of
from kino_api.mails import EMAIL_CHANGED, EMAIL_WANTED, PASSWORD_CHANGED, RESET, VERIFICATION, Letter, Reader, send
from kino_api.password_policy import checked_password
from kino_api.passwords import hash_password
from kino_api.sessions import Grant, end_sessions, user_of
from kino_api.sign_in import Origin, SignIn
from kino_api.users import UserExists, checked_email, checked_person_name
from kino_core.audit import record
from kino_core.database import ReadSession, WriteSession, query

MOST_RESET_LINKS = 5
"""An hour, for one account: nobody fills somebody else's mailbox."""


@dataclass(frozen=True)
class Accounts:
    """What people do to their own accounts. Passwords are hashed outside of transactions, because that takes long."""

    sign_in: SignIn
    link_secret: str
    base_url: str

    def forgot(self, email: str, origin: Origin) -> None:
        """Send a reset link to the account with that address; for an address that is nobody's, do as much as can be.

        Either way something is written and committed, so that the time of the answer tells no more than the answer.
        Raises TooManyAttempts.
        """
        target = target_of(Kind.FORGOT, email, origin.address)
        with self.sign_in.database.write(by=origin.actor) as session:
            self.sign_in.lockout.hold(session, target)
            self.sign_in.lockout.count(session, target)
            rows = query(
                session,
                'SELECT id, email FROM kino."user" WHERE lower(email) = lower(:email) AND disabled_at IS NULL'
                ' AND (SELECT count(*) FROM kino.account_link AS link WHERE link.user_id = "user".id'
                " AND link.purpose = 'reset' AND link.created_at > now() - interval '1 hour') < :most",
                email=email.strip().replace("\0", ""),
                most=MOST_RESET_LINKS,
            )
            record(session, "PASSWORD_RESET_REQUESTED", "user", rows[0].id if rows else None)
            for row in rows:
                _send_link(session, self.link_secret, RESET, Purpose.RESET, Reader(row.email, row.id))

    def reset(self, token: str, password: str, origin: Origin) -> list[uuid.UUID]:
        """Use a reset link up and give its account another password; return its sessions, which all ended.

        Raises LinkInvalid, or WeakPassword, which leaves the link unused.
        """
        with self.sign_in.database.read() as session:
            seen = find_link(session, token, Purpose.RESET)
        stored = self._hashed(password, seen.user_name, seen.user_email)
        with self.sign_in.database.write(by=origin.acting_as(seen.user_id)) as session:
            link = use_link(session, token, Purpose.RESET)
            _set_password(session, link.user_id, stored)
            ended = end_sessions(session, link.user_id)
            forget_account(session, link.user_email)
            record(session, "PASSWORD_RESET", "user", link.user_id)
            send(session, PASSWORD_CHANGED, Reader(link.user_email, link.user_id))
        return ended

    def accept(self, token: str, name: str | None, password: str, origin: Origin) -> Grant:
        """Use an invitation up: the account gets its password, another name where one is given, and a session.

        Raises LinkInvalid, or InvalidPersonName or WeakPassword, which leave the link unused.
        """
        with self.sign_in.database.read() as session:
            seen = find_link(session, token, Purpose.INVITE)
        shown = checked_person_name(name) if name else seen.user_name
        stored = self._hashed(password, shown, seen.user_email)
        with self.sign_in.database.write(by=origin.acting_as(seen.user_id)) as session:
            link = use_link(session, token, Purpose.INVITE)
            query(
                session,
                'UPDATE kino."user" SET name = :name, updated_at = now() WHERE id = :id RETURNING id',
                name=shown,
                id=link.user_id,
            )
            _set_password(session, link.user_id, stored)
            record(session, "EMAIL_VERIFIED", "user", link.user_id)
            return self.sign_in.open(session, user_of(_account(session, link.user_id)), origin)

    def change_password(
        self, user_id: uuid.UUID, password: str, origin: Origin, *, spared: uuid.UUID
    ) -> list[uuid.UUID]:
        """Change the password of somebody who has just shown the old one; return the other sessions, which ended.

        Raises WeakPassword.
        """
        with self.sign_in.database.read() as session:
            account = _account(session, user_id)
        stored = self._hashed(password, account.name, account.email)
        with self.sign_in.database.write(by=origin.acting_as(user_id)) as session:
            _set_password(session, user_id, stored)
            ended = end_sessions(session, user_id, but=spared)
            record(session, "PASSWORD_CHANGED", "user", user_id)
            send(session, PASSWORD_CHANGED, Reader(account.email, user_id))
        return ended

    def verify_email(self, token: str, origin: Origin) -> None:
        """Use a link up that proves an address, and give it to the account; links in the old mailbox die.

        Raises LinkInvalid, or UserExists where somebody else has taken the address meanwhile.
        """
        with self.sign_in.database.read() as session:
            seen = find_link(session, token, Purpose.VERIFY)
        try:
            with self.sign_in.database.write(by=origin.acting_as(seen.user_id)) as session:
                link = use_link(session, token, Purpose.VERIFY)
                query(
                    session,
                    'UPDATE kino."user" SET email = :email, updated_at = now() WHERE id = :id RETURNING id',
                    email=link.email,
                    id=link.user_id,
                )
                void_links(session, link.user_id, Purpose.RESET, Purpose.INVITE)
                record(session, "EMAIL_VERIFIED", "user", link.user_id)
                send(session, EMAIL_CHANGED, Reader(link.user_email, link.user_id))
        except IntegrityError as error:
            raise UserExists("Somebody else signs in with that address by now. Use another one.") from error

    def _hashed(self, password: str, name: str, email: str) -> str:
        return hash_password(checked_password(password, name, email, base_url=self.base_url))


def ask_for_email(session: WriteSession, link_secret: str, user_id: uuid.UUID, email: str) -> None:
    """Send a link to a new address; the account has it once the link was used. Raises InvalidEmail.

    Whoever has that address already is told by mail: the one who asks learns nothing of other accounts.
    """
    address = checked_email(email)
    holders = query(
        session,
        'SELECT id, email, disabled_at FROM kino."user" WHERE lower(email) = lower(:email) AND id <> :id',
        email=address,
        id=user_id,
    )
    void_links(session, user_id, Purpose.VERIFY)
    if not holders:
        _send_link(session, link_secret, VERIFICATION, Purpose.VERIFY, Reader(address, user_id), email=address)
        return
    # The account waits for its link all the same; this one is in no mail.
    make_link(session, link_secret, user_id, Purpose.VERIFY, address)
    for holder in holders:
        if holder.disabled_at is None:
            send(session, EMAIL_WANTED, Reader(holder.email, holder.id))


def _account(session: ReadSession | WriteSession, user_id: uuid.UUID) -> Row[Any]:
    sql = 'SELECT id, email, name, role, kino.memberships(id) AS memberships FROM kino."user" WHERE id = :id'
    row: Row[Any] = query(session, sql, id=user_id)[0]
    return row


def _set_password(session: WriteSession, user_id: uuid.UUID, stored: str) -> None:
    """Store a password's hash; links that were to set one are worthless now."""
    query(
        session,
        'UPDATE kino."user" SET password_hash = :hash, updated_at = now() WHERE id = :id RETURNING id',
        hash=stored,
        id=user_id,
    )
    void_links(session, user_id, Purpose.RESET, Purpose.INVITE)


def _send_link(
    session: WriteSession,
    link_secret: str,
    letter: Letter,
    purpose: Purpose,
    reader: Reader,
    email: str | None = None,
) -> None:
    link = make_link(session, link_secret, reader.user_id, purpose, email)
    send(session, letter, reader, link_id=link.id, expires_at=link.expires_at)
