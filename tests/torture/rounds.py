# ruff: noqa: T201
"""Rounds of faults under load, and the count afterwards: acknowledged = stored = folded, none twice."""

import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kino_core.database import Database
from tests.faults.senders import Load
from tests.faults.servers import Process, until
from tests.kino_ingest.events import one
from tests.torture.system import System, running_system

ROUNDS_BETWEEN_COUNTS = 5
EVENTS_BEFORE_A_FAULT = 150
SENDERS, BATCHES, PAUSE_SECONDS = 8, (40,), 0.005
VICTIMS = (3, 3, 4, 1)
"""How often something happens to a door, a worker, PostgreSQL and Valkey, which nothing of this needs."""
FOLD_SECONDS = 60.0
BACK_SECONDS = 30.0

ENDED_BY_SIGTERM = (0, -signal.SIGTERM)


@dataclass
class Tally:
    """What the whole run came to; `not_stored` and `not_folded` are acknowledged events that are missing.

    `taken_for_foreign` are events of a log that was taken for another server's and folded anew.
    """

    seed: int
    rounds: int = 0
    acknowledged: int = 0
    stored: int = 0
    stored_twice: int = 0
    claimed: int = 0
    folded: int = 0
    folded_twice: int = 0
    not_stored: int = 0
    not_folded: int = 0
    dead_letters: int = 0
    taken_for_foreign: int = 0
    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems

    def shown(self) -> dict[str, object]:
        """Return it for JSON."""
        return {"ok": self.ok, **vars(self), "seconds": round(self.seconds, 1)}


def torture(rounds: int, seed: int) -> Tally:
    """Run so many rounds; the same seed gives the same faults in the same order, though not at the same instants."""
    tally, began = Tally(seed), time.monotonic()
    chance = random.Random(seed)
    acknowledged: list[str] = []
    with running_system(doors=2, workers=2) as system:
        while tally.rounds < rounds and tally.ok:
            most = min(ROUNDS_BETWEEN_COUNTS, rounds - tally.rounds)
            try:
                _stretch(system, chance, most, tally, acknowledged)
            except AssertionError as error:
                tally.problems.append(f"round {tally.rounds}: {error}")
                _show_logs(system)
            _count(system.database, acknowledged, tally)
    tally.seconds = time.monotonic() - began
    return tally


def _stretch(system: System, chance: random.Random, rounds: int, tally: Tally, acknowledged: list[str]) -> None:
    """Run some rounds under one load, let the load end, and return once all of it is folded.

    Adds the ids of what was acknowledged to `acknowledged`.
    """
    load = Load(
        system.addresses, system.token, senders=SENDERS, batches=BATCHES, pause=PAUSE_SECONDS, name=f"s{tally.rounds}"
    )
    load.start()
    try:
        for _ in range(rounds):
            _wait_for_more(load)
            time.sleep(chance.uniform(0, 0.3))
            fault = _do_something(system, chance)
            tally.faults[fault] += 1
            tally.rounds += 1
            print(f"round {tally.rounds}: {fault}, {load.count} acknowledged in this stretch", file=sys.stderr)
            _check_that_the_others_live(system, fault)
        _wait_for_more(load)
    finally:
        load.stop()
        acknowledged += load.acknowledged
        tally.answers.update(load.statuses)
    strange = set(load.statuses) - {202, 503}
    assert not strange, f"answers other than 202 and 503: {strange}"
    assert all(load.told_to_wait), "a 503 came without Retry-After"
    until(lambda: _all_folded(system.database), "what is stored was not folded in time", FOLD_SECONDS)


def _wait_for_more(load: Load) -> None:
    enough = load.count + EVENTS_BEFORE_A_FAULT
    until(lambda: load.count >= enough, "the doors did not recover", BACK_SECONDS)


def _do_something(system: System, chance: random.Random) -> str:
    """Let one process suffer, and see to it that it runs again; return what was done."""
    groups = (list(system.doors), list(system.workers), ["postgres"], ["valkey"])
    name = chance.choice(chance.choices(groups, VICTIMS)[0])
    process = system.processes[name]
    kinds: dict[str, Callable[[], None]] = {
        "kill": lambda: _end(process, signal.SIGKILL),
        "freeze": lambda: _freeze(process, chance.uniform(0.2, 1.5)),
    }
    if name == "postgres":
        kinds |= {"stop": lambda: _end(process, signal.SIGINT), "crash": lambda: _end(process, signal.SIGQUIT)}
    else:
        kinds["terminate"] = lambda: _terminate(name, process)
    kind = chance.choice(sorted(kinds))
    kinds[kind]()
    return f"{kind} {name.rstrip('0123456789')}"


def _end(process: Process, number: signal.Signals) -> None:
    process.end(number)
    process.start()


def _terminate(name: str, process: Process) -> None:
    code = process.end(signal.SIGTERM)
    assert code in ENDED_BY_SIGTERM, f"{name} ended with {code}"
    process.start()


def _freeze(process: Process, seconds: float) -> None:
    process.freeze()
    time.sleep(seconds)
    process.thaw()


def _check_that_the_others_live(system: System, fault: str) -> None:
    ended = [name for name, process in system.processes.items() if not process.is_running()]
    assert not ended, f"after {fault!r}, ended by themselves: {ended}"


def _all_folded(database: Database) -> bool:
    stored = one(database, "SELECT count(*) FROM landing.event WHERE source = 'agent'")
    return bool(stored <= one(database, "SELECT count(*) FROM kino.agent_activity"))


def _count(database: Database, acknowledged: Sequence[str], tally: Tally) -> None:
    tally.acknowledged = len(acknowledged)
    tally.stored = one(database, "SELECT count(*) FROM landing.event WHERE source = 'agent'")
    tally.stored_twice = tally.stored - one(
        database, "SELECT count(DISTINCT event_id) FROM landing.event WHERE source = 'agent'"
    )
    tally.claimed = one(database, "SELECT count(*) FROM landing.claim WHERE source = 'agent'")
    tally.folded = one(database, "SELECT count(*) FROM kino.agent_activity")
    tally.folded_twice = tally.folded - one(database, "SELECT count(DISTINCT event_id) FROM kino.agent_activity")
    tally.not_stored = one(database, _MISSING.format(table="landing.event"), list(acknowledged))
    tally.not_folded = one(database, _MISSING.format(table="kino.agent_activity"), list(acknowledged))
    tally.dead_letters = one(database, "SELECT count(*) FROM landing.dead_letter")
    tally.taken_for_foreign = one(database, "SELECT stamp_to FROM landing.fold_cursor")
    wrong = {name: getattr(tally, name) for name in _NONE_OF if getattr(tally, name)}
    if wrong:
        tally.problems.append(f"round {tally.rounds}: {wrong}")
    if not tally.stored == tally.claimed == tally.folded:
        tally.problems.append(f"round {tally.rounds}: what is stored, claimed and folded differs")


_NONE_OF = ("stored_twice", "folded_twice", "not_stored", "not_folded", "dead_letters", "taken_for_foreign")
_MISSING = """
    SELECT count(*) FROM (
        SELECT unnest(%s::text[]) EXCEPT SELECT split_part(event_id, '/', 2) FROM {table}) AS missing
"""


def _show_logs(system: System) -> None:
    for name, process in system.processes.items():
        print(f"--- the end of the log of {name}\n{process.log[-2000:]}", file=sys.stderr)
