"""Passwords forgotten and changed, invitations, new addresses: by links that work once and for one thing."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row

from kino_api.account_links import LIFETIMES, LinkInvalid, Purpose, find_link, make_link
from kino_api.accounts import MOST_RESET_LINKS, Accounts, ask_for_email
from kino_api.password_policy import WeakPassword
from kino_api.problems import TooManyAttempts
from kino_api.sessions import Grant, SessionEnded, session_of_access_token
from kino_api.sign_in import Origin, SignIn, WrongPassword
from kino_api.user_accounts import get_account, invite_again, invite_user
from kino_api.users import Role, UserExists
from kino_core.database import Database, query
from kino_core.outbox import LINK
from kino_core.security import link_token

from .conftest import EMAIL, LINK_SECRET, PASSWORD

HERE = Origin("192.0.2.7", "Firefox", "request-1")
NEW_PASSWORD = "a green lamp on the stairs"


def _row(database: Database, sql: str, **values: object) -> Row[Any]:
    with database.read() as session:
        [row] = query(session, sql, **values)
        found: Row[Any] = row
        return found


def _ada(database: Database) -> uuid.UUID:
    found: uuid.UUID = _row(database, 'SELECT id FROM kino."user" WHERE email = :email', email=EMAIL).id
    return found


def _link(database: Database, purpose: Purpose, email: str | None = None) -> str:
    ada = _ada(database)
    with database.write() as session:
        return make_link(session, LINK_SECRET, ada, purpose, email).token


def _mailed_token(database: Database, kind: str) -> str:
    """Return the token that the worker would put into the latest mail of this kind."""
    mail = _row(database, "SELECT * FROM kino.outbox WHERE kind = :kind ORDER BY created_at DESC LIMIT 1", kind=kind)
    assert LINK in mail.text
    assert LINK in mail.html
    return link_token(LINK_SECRET, mail.link_id)


def _kinds(database: Database) -> list[str]:
    with database.read() as session:
        return [row.kind for row in query(session, "SELECT kind FROM kino.outbox ORDER BY created_at")]


def _actions(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        rows = query(session, "SELECT actor_type, action FROM kino.audit ORDER BY id")
    return [(row.actor_type, row.action) for row in rows if row.action not in ("CREATE", "UPDATE")]


def _is_alive(database: Database, sign_in: SignIn, grant: Grant) -> bool:
    with database.read() as session:
        try:
            session_of_access_token(session, sign_in.tokens, grant.access_token)
        except SessionEnded:
            return False
    return True


def _open(database: Database, sign_in: SignIn) -> Grant:
    return sign_in.enter(EMAIL, PASSWORD, HERE)


@pytest.mark.usefixtures("administrator")
def test_a_forgotten_password_is_replaced_by_a_link_and_every_session_ends(
    database: Database, sign_in: SignIn, accounts: Accounts
) -> None:
    before = _open(database, sign_in)
    accounts.forgot(f" {EMAIL.upper()} ", HERE)
    token = _mailed_token(database, "password-reset")
    assert token not in str(_row(database, "SELECT * FROM kino.outbox"))
    with pytest.raises(WeakPassword):
        accounts.reset(token, "passwordpassword", HERE)
    assert accounts.reset(token, NEW_PASSWORD, HERE) == [before.session_id]
    assert not _is_alive(database, sign_in, before)
    with pytest.raises(WrongPassword):
        sign_in.enter(EMAIL, PASSWORD, HERE)
    assert _is_alive(database, sign_in, sign_in.enter(EMAIL, NEW_PASSWORD, HERE))
    assert _kinds(database) == ["password-reset", "password-changed"]
    assert _actions(database) == [
        ("user", "LOGIN"),
        ("system", "PASSWORD_RESET_REQUESTED"),
        ("user", "SESSION_ENDED"),
        ("user", "PASSWORD_RESET"),
        ("system", "LOGIN_FAILED"),
        ("user", "LOGIN"),
    ]


@pytest.mark.usefixtures("administrator")
def test_an_unknown_or_disabled_address_gets_nothing_and_the_same_is_written(
    database: Database, accounts: Accounts
) -> None:
    accounts.forgot("nobody@example.com", HERE)
    with database.write() as session:
        query(session, 'UPDATE kino."user" SET disabled_at = now() RETURNING id')
    accounts.forgot(EMAIL, HERE)
    assert _kinds(database) == []
    assert _actions(database) == [("system", "PASSWORD_RESET_REQUESTED")] * 2


@pytest.mark.usefixtures("administrator")
def test_nobodys_mailbox_is_filled(database: Database, accounts: Accounts) -> None:
    for place in range(MOST_RESET_LINKS + 2):
        accounts.forgot(EMAIL, Origin(f"192.0.{place}.1", "", "request-1"))
    assert len(_kinds(database)) == MOST_RESET_LINKS
    for _ in range(4):
        accounts.forgot("nobody@example.com", HERE)
    accounts.forgot("nobody@example.com", HERE)
    with pytest.raises(TooManyAttempts):
        accounts.forgot("nobody@example.com", HERE)


@pytest.mark.usefixtures("administrator")
@pytest.mark.parametrize("purpose", Purpose)
def test_a_link_is_for_one_thing_and_ends(database: Database, purpose: Purpose) -> None:
    token = _link(database, purpose, "new@example.com" if purpose is Purpose.VERIFY else None)
    with database.read() as session:
        assert find_link(session, token, purpose).user_email == EMAIL
        for other in set(Purpose) - {purpose}:
            with pytest.raises(LinkInvalid):
                find_link(session, token, other)
        for invented in ("", "x", token[:-1], token + "A", "é"):
            with pytest.raises(LinkInvalid):
                find_link(session, invented, purpose)
    assert LIFETIMES[purpose] <= (timedelta(days=7) if purpose is Purpose.INVITE else timedelta(hours=1))
    with database.write() as session:
        query(session, "UPDATE kino.account_link SET expires_at = now() RETURNING id")
    with database.read() as session, pytest.raises(LinkInvalid):
        find_link(session, token, purpose)


@pytest.mark.usefixtures("administrator")
def test_a_link_used_by_many_at_once_works_for_one(database: Database, accounts: Accounts) -> None:
    token = _link(database, Purpose.VERIFY, "new@example.com")

    def use(_: int) -> bool:
        try:
            accounts.verify_email(token, HERE)
        except LinkInvalid:
            return False
        return True

    with ThreadPoolExecutor(5) as pool:
        assert sorted(pool.map(use, range(5))) == [False] * 4 + [True]


@pytest.mark.usefixtures("administrator")
def test_links_of_before_die_with_the_password_or_address_that_they_were_for(
    database: Database, accounts: Accounts
) -> None:
    first, second = (_link(database, Purpose.RESET) for _ in range(2))
    accounts.change_password(_ada(database), NEW_PASSWORD, HERE, spared=uuid.uuid4())
    third = _link(database, Purpose.RESET)
    accounts.verify_email(_link(database, Purpose.VERIFY, "new@example.com"), HERE)
    for token in (first, second, third):
        with pytest.raises(LinkInvalid):
            accounts.reset(token, NEW_PASSWORD, HERE)


@pytest.mark.usefixtures("administrator")
def test_a_changed_password_ends_the_other_sessions_and_tells(
    database: Database, sign_in: SignIn, accounts: Accounts
) -> None:
    mine, other = _open(database, sign_in), _open(database, sign_in)
    ended = accounts.change_password(_ada(database), NEW_PASSWORD, HERE, spared=mine.session_id)
    assert ended == [other.session_id]
    assert [_is_alive(database, sign_in, each) for each in (mine, other)] == [True, False]
    assert _kinds(database) == ["password-changed"]
    assert _actions(database)[2:] == [("user", "SESSION_ENDED"), ("user", "PASSWORD_CHANGED")]


@pytest.mark.usefixtures("administrator")
def test_a_sign_in_under_way_while_the_password_changes_does_not_survive_it(
    database: Database, sign_in: SignIn, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = sign_in.lockout.hold
    changed: list[object] = []

    def change_first(session: Any, target: Any) -> None:  # noqa: ANN401 - as the method has it
        if not changed:
            changed.append(accounts.change_password(_ada(database), NEW_PASSWORD, HERE, spared=uuid.uuid4()))
        hold(session, target)

    monkeypatch.setattr(type(sign_in.lockout), "hold", lambda _, session, target: change_first(session, target))
    with pytest.raises(WrongPassword):
        sign_in.enter(EMAIL, PASSWORD, HERE)
    assert changed


@pytest.mark.usefixtures("administrator")
def test_a_new_address_counts_once_it_is_proved_and_the_old_one_is_told(database: Database, accounts: Accounts) -> None:
    ada = _ada(database)
    for address in ("first@example.com", "countess@example.com"):
        with database.write() as session:
            ask_for_email(session, LINK_SECRET, ada, address)
    assert _row(database, 'SELECT email FROM kino."user"').email == EMAIL
    accounts.verify_email(_mailed_token(database, "email-verification"), HERE)
    assert _row(database, 'SELECT email FROM kino."user"').email == "countess@example.com"
    told = _row(database, "SELECT recipient, link_id FROM kino.outbox WHERE kind = 'email-changed'")
    assert (told.recipient, told.link_id) == (EMAIL, None)
    assert ("user", "EMAIL_VERIFIED") in _actions(database)
    # The link to the address that was given up first.
    dead = _row(database, "SELECT link_id FROM kino.outbox WHERE recipient = 'first@example.com'").link_id
    with pytest.raises(LinkInvalid):
        accounts.verify_email(link_token(LINK_SECRET, dead), HERE)


@pytest.mark.usefixtures("administrator")
def test_an_address_that_somebody_else_took_meanwhile_stays_theirs(database: Database, accounts: Accounts) -> None:
    ada = _ada(database)
    with database.write() as session:
        ask_for_email(session, LINK_SECRET, ada, "grace@example.com")
        invite_user(session, LINK_SECRET, "Grace@Example.com", "Grace", None)
    with pytest.raises(UserExists):
        accounts.verify_email(_mailed_token(database, "email-verification"), HERE)


@pytest.mark.usefixtures("administrator")
def test_an_address_that_is_taken_is_answered_like_any_other_and_its_holder_told(
    database: Database, accounts: Accounts
) -> None:
    ada = _ada(database)
    with database.write() as session:
        grace = invite_user(session, LINK_SECRET, "Grace@Example.com", "Grace", None)
        ask_for_email(session, LINK_SECRET, ada, "GRACE@example.com")
        assert get_account(session, ada).unverified_email == "GRACE@example.com"
    told = _row(database, "SELECT recipient, user_id, link_id FROM kino.outbox WHERE kind = 'email-wanted'")
    assert tuple(told) == ("Grace@Example.com", grace.id, None)
    assert _row(database, "SELECT count(*) FROM kino.outbox WHERE kind = 'email-verification'").count == 0
    # Were the link known, it would not help either.
    unsent = _row(database, "SELECT id FROM kino.account_link WHERE purpose = 'verify' AND used_at IS NULL").id
    with pytest.raises(UserExists):
        accounts.verify_email(link_token(LINK_SECRET, unsent), HERE)


@pytest.mark.usefixtures("administrator")
def test_whoever_is_shut_out_is_not_written_to(database: Database) -> None:
    with database.write() as session:
        invite_user(session, LINK_SECRET, "grace@example.com", "Grace", None)
        session.exec_driver_sql("UPDATE kino.\"user\" SET disabled_at = now() WHERE email = 'grace@example.com'")
        ask_for_email(session, LINK_SECRET, _ada(database), "grace@example.com")
    assert _row(database, "SELECT count(*) FROM kino.outbox WHERE kind = 'email-wanted'").count == 0


def test_an_invitation_lets_somebody_in_with_a_password_of_their_own(
    database: Database, sign_in: SignIn, accounts: Accounts
) -> None:
    with database.write() as session:
        invited = invite_user(session, LINK_SECRET, "grace@example.com", None, Role.MANAGER)
    assert (invited.name, invited.status, invited.role) == ("grace", "INVITED", Role.MANAGER)
    with pytest.raises(WrongPassword):
        sign_in.enter("grace@example.com", PASSWORD, HERE)
    lost = _mailed_token(database, "invitation")
    with database.write() as session:
        invite_again(session, LINK_SECRET, invited.id)
    with pytest.raises(LinkInvalid):
        accounts.accept(lost, None, PASSWORD, HERE)
    token = _mailed_token(database, "invitation")
    with pytest.raises(WeakPassword):
        accounts.accept(token, "Grace Hopper", "grace hopper 1906", HERE)
    grant = accounts.accept(token, "Grace Hopper", PASSWORD, HERE)
    assert (grant.user.name, grant.user.role) == ("Grace Hopper", Role.MANAGER)
    assert _is_alive(database, sign_in, grant)
    with pytest.raises(LinkInvalid):
        accounts.accept(token, None, NEW_PASSWORD, HERE)
    with database.write() as session, pytest.raises(Exception, match="not come in yet"):
        invite_again(session, LINK_SECRET, invited.id)
    assert [each for each in _actions(database) if each[0] == "user"] == [("user", "EMAIL_VERIFIED"), ("user", "LOGIN")]


@pytest.mark.parametrize("words", [lambda row: row.text, lambda row: row.html, lambda row: row.subject])
def test_nothing_that_anybody_typed_stands_in_a_mail(database: Database, words: Callable[[Any], str]) -> None:
    with database.write() as session:
        invite_user(session, LINK_SECRET, "grace@example.com", "Click https evil example", None)
    assert "evil" not in words(_row(database, "SELECT * FROM kino.outbox"))
