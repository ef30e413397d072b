# ruff: noqa: T201
"""Rounds of kills while the lake is being refreshed, with the whole check of the lake after each."""

import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg

from kino_assets.refresh import lake_cursor
from kino_assets.window import anything_since
from kino_core.database import libpq_url
from kino_core.gold import PORTFOLIO, open_gold
from kino_core.lake import LAKE_LOCK
from kino_core.periods import parse_period
from kino_core.settings import load_settings
from tests.e2e.system import Kino, post_event, running_kino, wait_until

VICTIMS = ("refresher", "worker", "dagster-daemon", "postgres")
EVENTS_AFTERWARDS = 10
BEGIN_SECONDS = 30.0
LOOK_AGAIN_SECONDS = 0.1
LONGEST_LOOK_SECONDS = 0.8
"""A refresh of a small lake takes about as long: the kill may come at any moment of it."""
BACK_SECONDS = CATCH_UP_SECONDS = 90.0


@dataclass
class RefreshTally:
    """What the run came to; `during_a_refresh` counts the kills that came while the lake was locked."""

    seed: int
    rounds: int = 0
    during_a_refresh: int = 0
    acknowledged: int = 0
    seconds: float = 0.0
    kills: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems

    def shown(self) -> dict[str, object]:
        """Return it for JSON."""
        return {"ok": self.ok, **vars(self), "seconds": round(self.seconds, 1)}


def torture_refreshes(rounds: int, seed: int) -> RefreshTally:
    """Kill a process in each round while a refresh is under way, and check the lake once everything is back."""
    tally, began, chance = RefreshTally(seed), time.monotonic(), random.Random(seed)
    with (
        tempfile.TemporaryDirectory(prefix="kino-torture-", ignore_cleanup_errors=True) as home,
        running_kino(Path(home) / "home", KINO_RATE_LIMITS="off") as kino,
    ):
        kino.json("project", "create", "Torture")
        token = str(kino.json("token", "create", "--project", "Torture")["token"])
        while tally.rounds < rounds and tally.ok:
            victim = chance.choice(VICTIMS)
            tally.rounds += 1
            tally.kills[victim] += 1
            try:
                killed = kill_during_a_refresh(kino, token, [victim], chance)
                tally.acknowledged += len(killed.acknowledged)
                tally.during_a_refresh += killed.during_a_refresh
                wait_until(lambda: _has_caught_up(kino), CATCH_UP_SECONDS)
                found = kino.check()
            except AssertionError as error:
                tally.problems.append(f"round {tally.rounds}, {victim}: {error}")
                break
            wrong = [table.name for table in found.tables if table.differences]
            if wrong:
                tally.problems.append(f"round {tally.rounds}, {victim}: {', '.join(wrong)} differ from the log")
            stored, counted = _stored(kino), _counted(kino)
            if not tally.acknowledged <= stored == counted:
                tally.problems.append(
                    f"round {tally.rounds}: {tally.acknowledged} acknowledged, {stored} stored, {counted} in the lake"
                )
            print(f"round {tally.rounds}: {victim}, {stored} events", file=sys.stderr)
    tally.seconds = time.monotonic() - began
    return tally


@dataclass(frozen=True)
class Killed:
    """The ids of the events that were acknowledged around the kill, and whether it came during a refresh."""

    acknowledged: list[str]
    during_a_refresh: bool


def kill_during_a_refresh(kino: Kino, token: str, names: Sequence[str], chance: random.Random) -> Killed:
    """Kill the processes `names` at some moment of a refresh, between events, and return once all is back."""
    pids = {name: kino.processes()[name]["pid"] for name in names}
    with psycopg.connect(libpq_url(kino.database_url()), autocommit=True) as postgres:
        acknowledged = post_some(kino, token, 1)
        deadline = time.monotonic() + BEGIN_SECONDS
        while not _is_refreshing(postgres):
            assert time.monotonic() < deadline, f"no refresh began within {BEGIN_SECONDS} s"
            acknowledged += post_some(kino, token, 1)
            time.sleep(LOOK_AGAIN_SECONDS)
        time.sleep(chance.uniform(0, LONGEST_LOOK_SECONDS))
        during = _is_refreshing(postgres)
        for pid in pids.values():
            os.kill(pid, signal.SIGKILL)
    acknowledged += post_some(kino, token, EVENTS_AFTERWARDS)
    wait_until(lambda: all(kino.is_back(name, pid) for name, pid in pids.items()), BACK_SECONDS)
    return Killed(acknowledged, during)


def post_some(kino: Kino, token: str, number: int) -> list[str]:
    """Post events and return the ids of those acknowledged; an unanswered one may be stored or not."""
    acknowledged = []
    for _ in range(number):
        try:
            answer = post_event(kino, token, "code_commit", "KILL-1", sha="0" * 40)
        except httpx.HTTPError:
            time.sleep(0.1)
            continue
        if answer.status_code == 202:
            acknowledged.append(str(answer.json()["event_id"]))
        else:
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["Retry-After"]) >= 1
    return acknowledged


def _is_refreshing(postgres: psycopg.Connection) -> bool:
    held = postgres.execute(
        "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = %s AND objid = %s",
        [LAKE_LOCK >> 32, LAKE_LOCK & 0xFFFFFFFF],
    )
    return held.fetchone() is not None


def _stored(kino: Kino) -> int:
    with psycopg.connect(libpq_url(kino.database_url())) as postgres:
        row = postgres.execute("SELECT count(*) FROM landing.event WHERE source = 'agent'").fetchone()
    assert row is not None
    return int(row[0])


def _counted(kino: Kino) -> int:
    with open_gold(load_settings(kino.home)) as gold:
        return int(gold.value("agent_activities", PORTFOLIO, parse_period(f"{time.gmtime().tm_year}")).value or 0)


def _has_caught_up(kino: Kino) -> bool:
    settings = load_settings(kino.home)
    with psycopg.connect(libpq_url(settings.database_url)) as postgres:
        return not anything_since(postgres, lake_cursor(settings))
