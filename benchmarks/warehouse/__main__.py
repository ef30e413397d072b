"""Kino beside dlt with dbt-duckdb, over the same growing log: `python -m benchmarks.warehouse [EVENTS …]`.

For each history both build everything, then bring in the same new events in turns, then build everything anew. Their
values are compared before anything is told of their speed. Prints JSON.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from datetime import date
from itertools import islice
from pathlib import Path

import duckdb

from benchmarks.ingest.servers import fresh_database, postgres_server
from benchmarks.warehouse.channel import Json
from benchmarks.warehouse.sides import Scheduled, Side, kino_side, make_environment, rival_side, scheduled_rival_side
from kino_cli.made_up import make_projects
from kino_core.database import Database
from kino_core.events import Event
from kino_ingest.backfill import backfill
from kino_ingest.simulation import Plan, simulated_events

HISTORIES = (20_000, 80_000)
DELTA = 5_000
REPEATS = 3
PROJECTS, AGENTS, SEED, UNTIL = 20, 40, 7, date(2026, 9, 30)
DAYS_A_DELTA = 10

Asked = Side | Scheduled
Start = Callable[[Path, str], AbstractContextManager[Asked]]
SIDES: dict[str, Start] = {
    "kino_same_tables": lambda folder, url: kino_side(folder, url, same=True),
    "kino_all_tables": lambda folder, url: kino_side(folder, url, same=False),
    "rival_warm": rival_side,
    "rival_scheduled": scheduled_rival_side,
}
KINO = [name for name in SIDES if name.startswith("kino")]
RIVAL = [name for name in SIDES if name.startswith("rival")]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.warehouse", description="Kino beside dlt and dbt.")
    parser.add_argument("events", type=int, nargs="*", default=HISTORIES, help="how long the histories are")
    parser.add_argument("--delta", type=int, default=DELTA, help="how many new events a refresh brings in")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="of how many refreshes the median is told")
    asked = parser.parse_args()
    make_environment()
    with tempfile.TemporaryDirectory(prefix="kino-bench-") as folder, postgres_server(Path(folder)) as address:
        runs = [_measure(Path(folder), address, events, asked.delta, asked.repeats) for events in asked.events]
    print(json.dumps({"benchmark": "warehouse", "runs": runs, "last_to_first": _growth(runs)}, indent=2))


def _measure(base: Path, address: str, events: int, delta: int, repeats: int) -> Json:
    folder = base / f"history-{events}"
    folder.mkdir()
    total = events + delta * repeats
    # As many events a day whatever the history is, so that the new ones touch as many days.
    days = -(-total * DAYS_A_DELTA // delta)
    plan = Plan(projects=PROJECTS, days=days, agents=AGENTS, events=total, seed=SEED, until=UNTIL)
    url, _ = fresh_database(address)
    with closing(Database(url, pool_max=2, statement_timeout_ms=60_000)) as database:
        make_projects(database, plan)
        log = simulated_events(plan)
        _land(database, islice(log, events))
        first = {name: _alone(start, folder, url) for name, start in SIDES.items()}
        refreshes = _refreshes(folder, url, [lambda: _land(database, islice(log, delta))] * repeats)
    full = {name: _alone(start, folder, url, full=True) for name, start in SIDES.items()}
    values = _compare(folder, url)
    scan = _scan(folder, url)
    return {
        "history_events": events,
        "delta_events": delta,
        "days": days,
        "values_compared": values,
        "first_seconds": {name: round(told["seconds"], 2) for name, told in first.items()},
        "refresh_seconds": {name: round(told["seconds"], 3) for name, told in refreshes.items()},
        "refresh_cpu_seconds": {name: round(told["cpu_seconds"], 3) for name, told in refreshes.items()},
        "refresh_peak_mb": {name: round(told["peak_mb"]) for name, told in refreshes.items()},
        "full_seconds": {name: round(told["seconds"], 2) for name, told in full.items()},
        "full_peak_mb": {name: round(told["peak_mb"]) for name, told in full.items()},
        "scan_seconds": round(scan["scan_seconds"], 2),
        "refresh_times_faster": _ratios(refreshes),
        "full_times_faster": _ratios(full),
        "full_times_scan": {name: round(told["seconds"] / scan["scan_seconds"], 2) for name, told in full.items()},
    }


def _land(database: Database, events: Iterator[Event]) -> None:
    def complain(reason: str) -> None:
        raise RuntimeError(reason)

    backfill(database, events, on_rejected=complain, on_landed=lambda _: None)


def _alone(start: Start, folder: Path, url: str, *, full: bool = False) -> Json:
    """Have one side bring in all there is, in a process that has done nothing before."""
    with start(folder, url) as side:
        return side.ask("refresh", full=full)


def _refreshes(folder: Path, url: str, growths: list[Callable[[], None]]) -> dict[str, Json]:
    """Let the log grow, and all sides follow it in turns; each starts warm. Returns medians."""
    with ExitStack() as stack:
        sides = {name: stack.enter_context(start(folder, url)) for name, start in SIDES.items()}
        for side in sides.values():
            side.ask("refresh")
        told: dict[str, list[Json]] = {name: [] for name in sides}
        for grow in growths:
            grow()
            for name, side in sides.items():
                told[name].append(side.ask("refresh"))
        _compare_sides(sides, folder)
    return {
        name: {
            "seconds": statistics.median(each["seconds"] for each in every),
            "cpu_seconds": statistics.median(each["cpu_seconds"] for each in every),
            "peak_mb": max(each["peak_mb"] for each in every),
        }
        for name, every in told.items()
    }


def _compare(folder: Path, url: str) -> int:
    with ExitStack() as stack:
        return _compare_sides({name: stack.enter_context(start(folder, url)) for name, start in SIDES.items()}, folder)


def _compare_sides(sides: dict[str, Asked], folder: Path) -> int:
    """Return how many values there are; raises RuntimeError where two sides do not say the same."""
    files = {name: str(folder / f"{name}.parquet") for name in sides}
    for name, side in sides.items():
        side.ask("values", to=files[name])
    # What differs in the last digit only was added up in another order.
    columns = "metric, scope_type, scope_id, grain, period_start, n, round(value, 9) AS value"
    with duckdb.connect() as memory:
        for name in sides:
            memory.read_parquet(files[name]).project(columns).create(name)
        first, *others = sides
        [(number,)] = memory.table(first).count("*").fetchall()
        for name in others:
            one, other = memory.table(name), memory.table(first)
            differing = one.except_(other).union(other.except_(one)).limit(5).fetchall()
            if differing:
                raise RuntimeError(f"{name} and {first} do not say the same: {differing}")
    return int(number)


def _scan(folder: Path, url: str) -> Json:
    with rival_side(folder, url) as rival, kino_side(folder, url, same=True) as kino:
        return kino.ask("scan", models=rival.ask("compiled")["models"])


def _ratios(told: dict[str, Json]) -> Json:
    """Return how many times as long the rival takes as Kino."""
    return {
        f"{name}_than_{rival}": round(told[rival]["seconds"] / told[name]["seconds"], 2)
        for name in KINO
        for rival in RIVAL
    }


def _growth(runs: list[Json]) -> Json:
    """Return how much slower a refresh of as many new events is over the last history than over the first."""
    first, last = runs[0], runs[-1]
    return {
        "history": round(last["history_events"] / first["history_events"], 2),
        "refresh": {name: round(last["refresh_seconds"][name] / first["refresh_seconds"][name], 2) for name in SIDES},
    }


if __name__ == "__main__":
    main()
