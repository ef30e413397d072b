"""Attempts at what anybody may try: who tries too often waits.

Counted in PostgreSQL, so that every process knows and a restart forgets nothing. An account is counted as seen from one
network, so that nobody can lock somebody else out from elsewhere; a network by itself, against many accounts tried
once each; and everything together, against many networks.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Any

from sqlalchemy import Row

from kino_api.problems import TooManyAttempts
from kino_api.sql import read_sql
from kino_core.database import ReadSession, WriteSession, query
from kino_core.words import plural

IPV4_PREFIX, IPV6_PREFIX = 24, 64


class Kind(StrEnum):
    """What is tried."""

    SIGN_IN = "sign-in"
    FORGOT = "forgot"


@dataclass(frozen=True)
class Rule:
    """From the `most`-th attempt within `window` on, everybody concerned waits for `pause`."""

    most: int
    window: timedelta
    pause: timedelta


MINUTE, HOUR, PAUSE = timedelta(minutes=1), timedelta(hours=1), timedelta(minutes=15)
OF_ACCOUNT = (Rule(5, MINUTE, PAUSE), Rule(20, HOUR, PAUSE))
OF_NETWORK = (Rule(100, HOUR, PAUSE),)
OF_ALL = (Rule(300, MINUTE, MINUTE),)


@dataclass(frozen=True)
class Target:
    """Which account is tried from which network."""

    kind: Kind
    account: bytes
    network: str


def target_of(kind: Kind, email: str, address: str) -> Target:
    """Return what is counted for an address that somebody typed; only its hash is kept."""
    return Target(kind, account_key(email), network_of(address))


def account_key(email: str) -> bytes:
    """Return what stands for the account with that address, whether there is one or not."""
    return hashlib.sha256(email.strip().casefold().encode(errors="replace")).digest()


def network_of(address: str) -> str:
    """Return the /24 or /64 that an IP address lies in: one household, office or server."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    prefix = IPV4_PREFIX if parsed.version == 4 else IPV6_PREFIX
    return str(ip_network((parsed, prefix), strict=False))


@dataclass(frozen=True)
class Lockout:
    """Counts attempts and says who has to wait; not `enabled`, nobody has to."""

    enabled: bool

    def check(self, session: ReadSession | WriteSession, target: Target) -> None:
        """Raise TooManyAttempts while the target is locked."""
        if not self.enabled:
            return
        left = seconds_left(session, target)
        if left > 0:
            raise TooManyAttempts(f"Too many attempts. Try again in {plural(ceil(left / 60), 'minute')}.", seconds=left)

    def hold(self, session: WriteSession, target: Target) -> None:
        """Let other attempts at the target wait until this session ends, then check.

        Of many guesses at the same moment, only as many as are allowed learn whether they were right.
        """
        query(
            session,
            "SELECT pg_advisory_xact_lock(hashtextextended(:target, 0))",
            target=f"{target.kind} {target.account.hex()} {target.network}",
        )
        self.check(session, target)

    def count(self, session: WriteSession, target: Target) -> bool:
        """Count an attempt; return whether the account is locked for that network by it."""
        query(
            session,
            "INSERT INTO kino.attempt (kind, account, network) VALUES (:kind, :account, :network) RETURNING id",
            kind=target.kind.value,
            account=target.account,
            network=target.network,
        )
        moments = _newest(session, target).of_account
        return self.enabled and any(locked_until(moments, rule) is not None for rule in OF_ACCOUNT)

    def forget(self, session: WriteSession, target: Target) -> None:
        """Forget the attempts at this account from this network: somebody got in."""
        query(
            session,
            "DELETE FROM kino.attempt WHERE kind = :kind AND account = :account AND network = :network RETURNING id",
            kind=target.kind.value,
            account=target.account,
            network=target.network,
        )


def forget_account(session: WriteSession, email: str) -> int:
    """Let everybody try the account with that address again; return how many attempts were forgotten."""
    key = account_key(email)
    return len(query(session, "DELETE FROM kino.attempt WHERE account = :account RETURNING id", account=key))


def seconds_left(session: ReadSession | WriteSession, target: Target) -> int:
    """Return how long the target has to wait, 0 for not at all."""
    found = _newest(session, target)
    counted = ((OF_ACCOUNT, found.of_account), (OF_NETWORK, found.of_network), (OF_ALL, found.of_all))
    ends = [locked_until(moments, rule) for rules, moments in counted for rule in rules]
    left = max((end - found.now for end in ends if end is not None), default=timedelta())
    return max(0, ceil(left.total_seconds()))


def locked_until(moments: Sequence[datetime], rule: Rule) -> datetime | None:
    """Return until when attempts at these moments, the newest first, lock by the rule; None where they do not.

    While locked nothing is counted, so the newest is the one that was too many.
    """
    if len(moments) < rule.most or moments[0] - moments[rule.most - 1] >= rule.window:
        return None
    return moments[0] + rule.pause


def _newest(session: ReadSession | WriteSession, target: Target) -> Row[Any]:
    [found] = query(
        session,
        read_sql("attempts"),
        kind=target.kind.value,
        account=target.account,
        network=target.network,
        of_account=max(rule.most for rule in OF_ACCOUNT),
        of_network=max(rule.most for rule in OF_NETWORK),
        of_all=max(rule.most for rule in OF_ALL),
    )
    row: Row[Any] = found
    return row
