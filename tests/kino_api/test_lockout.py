"""Who guesses too often waits: counted in PostgreSQL, by account and network, and over everything."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher

from kino_api import passwords
from kino_api.lockout import (
    HOUR,
    OF_ACCOUNT,
    OF_ALL,
    OF_NETWORK,
    PAUSE,
    Kind,
    Lockout,
    forget_account,
    locked_until,
    network_of,
    target_of,
)
from kino_api.problems import TooManyAttempts
from kino_api.sign_in import Origin, SignIn, WrongPassword
from kino_api.users import create_invited_user
from kino_core.database import Database, query

from .conftest import EMAIL, PASSWORD

HERE, ELSEWHERE = "192.0.2.7", "198.51.100.7"
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def _origin(address: str = HERE) -> Origin:
    return Origin(address, "Firefox", "request-1")


def _fail(database: Database, email: str, address: str, times: int = 1) -> None:
    lockout = Lockout(enabled=True)
    with database.write() as session:
        for _ in range(times):
            lockout.count(session, target_of(Kind.SIGN_IN, email, address))


def _is_locked(database: Database, email: str, address: str) -> bool:
    with database.read() as session:
        try:
            Lockout(enabled=True).check(session, target_of(Kind.SIGN_IN, email, address))
        except TooManyAttempts:
            return True
    return False


def _age(database: Database, span: timedelta) -> None:
    with database.write() as session:
        query(session, "UPDATE kino.attempt SET made_at = made_at - CAST(:span AS interval) RETURNING id", span=span)


@pytest.mark.parametrize(
    ("ages_seconds", "locked"),
    [
        ([0, 1, 2, 3], False),
        ([0, 1, 2, 3, 59], True),
        ([0, 1, 2, 3, 60], False),
        ([60 * place for place in range(20)], True),
        ([60 * place for place in range(19)], False),
        ([190 * place for place in range(20)], False),
    ],
)
def test_five_a_minute_or_twenty_an_hour_are_too_many(ages_seconds: list[int], locked: bool) -> None:
    moments = [NOW - timedelta(seconds=age) for age in ages_seconds]
    ends = {locked_until(moments, rule) for rule in OF_ACCOUNT} - {None}
    assert ends == ({NOW + PAUSE} if locked else set())


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("'; DROP TABLE kino.attempt; --", "unknown"),
        ("", "unknown"),
    ],
)
def test_neighbours_share_a_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_an_account_is_locked_for_the_network_that_guessed_and_for_no_other(database: Database) -> None:
    _fail(database, "Ada@Example.com ", HERE, 4)
    assert not _is_locked(database, EMAIL, HERE)
    _fail(database, EMAIL, "192.0.2.200")
    assert _is_locked(database, EMAIL, HERE)
    assert _is_locked(database, " ADA@example.com", HERE)
    assert not _is_locked(database, EMAIL, ELSEWHERE)
    assert not _is_locked(database, "grace@example.com", HERE)
    _age(database, PAUSE)
    assert not _is_locked(database, EMAIL, HERE)


def test_a_network_that_tries_many_accounts_waits_as_a_whole(database: Database) -> None:
    for place in range(OF_NETWORK[0].most):
        assert not _is_locked(database, "somebody@example.com", HERE)
        _fail(database, f"user{place}@example.com", HERE)
    assert _is_locked(database, "somebody@example.com", HERE)
    assert not _is_locked(database, "somebody@example.com", ELSEWHERE)


def test_attempts_from_everywhere_at_once_make_everybody_wait_a_moment(database: Database) -> None:
    with database.write() as session:
        query(
            session,
            "INSERT INTO kino.attempt (kind, account, network) SELECT 'sign-in', number::text::bytea, number::text"
            " FROM generate_series(1, :count) AS number RETURNING id",
            count=OF_ALL[0].most,
        )
    assert _is_locked(database, EMAIL, HERE)
    _age(database, OF_ALL[0].pause)
    assert not _is_locked(database, EMAIL, HERE)


def test_what_is_counted_says_nothing_of_what_was_typed(database: Database) -> None:
    _fail(database, "my password in the wrong field", HERE)
    with database.read() as session:
        stored = str(query(session, "SELECT * FROM kino.attempt"))
    assert "wrong field" not in stored
    assert HERE not in stored


def test_unlocking_an_account_lets_everybody_try_it_again(database: Database) -> None:
    _fail(database, EMAIL, HERE, 5)
    _fail(database, "grace@example.com", HERE, 5)
    with database.write() as session:
        assert forget_account(session, EMAIL.upper()) == 5
    assert not _is_locked(database, EMAIL, HERE)
    assert _is_locked(database, "grace@example.com", HERE)


@pytest.mark.usefixtures("administrator")
def test_a_burst_of_guesses_learns_no_more_than_the_limit_allows(sign_in: SignIn, database: Database) -> None:
    def guess(password: str) -> type[Exception] | None:
        try:
            sign_in.enter(EMAIL, password, _origin())
        except (WrongPassword, TooManyAttempts) as error:
            return type(error)
        return None

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, [f"wrong password number {number}" for number in range(8)]))
    assert sorted(answers, key=str) == sorted([WrongPassword] * 5 + [TooManyAttempts] * 3, key=str)
    # Even the right one is not told now, neither by this process nor by one that has just started.
    assert guess(PASSWORD) is TooManyAttempts
    with database.read() as session:
        assert len(query(session, "SELECT FROM kino.attempt")) == 5
        audited = [row.action for row in query(session, "SELECT action FROM kino.audit ORDER BY id")]
        [mail] = query(session, "SELECT kind, recipient FROM kino.outbox")
    assert (audited.count("LOGIN_FAILED"), audited.count("LOCKED_OUT")) == (5, 1)
    assert (mail.kind, mail.recipient) == ("locked-out", EMAIL)


@pytest.mark.usefixtures("administrator")
def test_getting_in_forgets_the_failures_and_another_lockout_soon_after_is_not_told_again(
    sign_in: SignIn, database: Database
) -> None:
    for _ in range(4):
        with pytest.raises(WrongPassword) as refused:
            sign_in.enter(EMAIL, "wrong password", _origin())
    assert not refused.value.locked
    sign_in.enter(EMAIL, PASSWORD, _origin())
    with database.read() as session:
        assert query(session, "SELECT FROM kino.attempt") == []
    for address in (HERE, ELSEWHERE):
        _fail(database, EMAIL, address, 4)
        with pytest.raises(WrongPassword) as refused:
            sign_in.enter(EMAIL, "wrong password", _origin(address))
        assert refused.value.locked
    with database.read() as session:
        assert len(query(session, "SELECT FROM kino.outbox WHERE kind = 'locked-out'")) == 1


def test_an_unknown_account_is_counted_and_audited_like_any_other(sign_in: SignIn, database: Database) -> None:
    _fail(database, "nobody@example.com", HERE, 4)
    with pytest.raises(WrongPassword) as refused:
        sign_in.enter("nobody@example.com", "wrong password", _origin())
    assert (refused.value.user_id, refused.value.locked) == (None, True)
    with database.read() as session:
        audited = query(
            session, "SELECT action, entity_id, actor_type, details, request_id FROM kino.audit ORDER BY id"
        )
        assert query(session, "SELECT FROM kino.outbox") == []
    assert [tuple(row) for row in audited] == [
        ("LOGIN_FAILED", None, "system", {}, "request-1"),
        ("LOCKED_OUT", None, "system", {}, "request-1"),
    ]


class _Counting:
    """The real hasher, watched."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self._lock = threading.Lock()
        self.done = self.now = self.most = 0

    def verify(self, stored: str, password: str) -> bool:
        with self._lock:
            self.done += 1
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            return self._hasher.verify(stored, password)
        finally:
            with self._lock:
                self.now -= 1

    def check_needs_rehash(self, stored: str) -> bool:
        return self._hasher.check_needs_rehash(stored)


@pytest.fixture
def hasher(monkeypatch: pytest.MonkeyPatch, real_hasher: PasswordHasher) -> _Counting:
    """Watches the real one: what is quick would hardly meet another."""
    counting = _Counting(real_hasher)
    monkeypatch.setattr(passwords, "_hasher", counting)
    return counting


@pytest.mark.usefixtures("administrator")
def test_whoever_is_asked_for_costs_the_same_work(sign_in: SignIn, database: Database, hasher: _Counting) -> None:
    with database.write() as session:
        create_invited_user(session, "invited@example.com", None, None)
    for number, email in enumerate([EMAIL, "nobody@example.com", "invited@example.com", "no address"], 1):
        with pytest.raises(WrongPassword) as refused:
            sign_in.enter(email, "not the right password", _origin())
        assert str(refused.value) == "The e-mail address or the password is wrong."
        assert hasher.done == number


def test_few_hashes_are_worked_out_at_once(hasher: _Counting) -> None:
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda _: passwords.is_password("anything", None), range(6))) == [False] * 6
    assert hasher.done == 6
    assert hasher.most <= passwords.AT_ONCE


def test_where_quotas_are_lifted_nobody_waits(database: Database) -> None:
    _fail(database, EMAIL, HERE, 30)
    with database.read() as session:
        Lockout(enabled=False).check(session, target_of(Kind.SIGN_IN, EMAIL, HERE))


def test_an_hour_is_looked_back_and_no_more(database: Database) -> None:
    _fail(database, EMAIL, HERE, 19)
    _age(database, HOUR)
    _fail(database, EMAIL, HERE)
    assert not _is_locked(database, EMAIL, HERE)
