# ruff: noqa: T201
"""`python -m tests.torture`: prints one JSON object, and ends with 1 when anything was lost, doubled or grew."""

import argparse
import json
import random
import sys

from tests.torture.memory import watch_memory
from tests.torture.refreshes import torture_refreshes
from tests.torture.rounds import torture


def main() -> int:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="faults, one after the other [200]")
    parser.add_argument("--seed", type=int, help="repeat the faults of an earlier run")
    parser.add_argument("--memory", type=float, metavar="MINUTES", help="watch the memory of the web process instead")
    parser.add_argument("--refreshes", action="store_true", help="kill during refreshes, and check the lake each time")
    arguments = parser.parse_args()
    if arguments.memory is not None:
        watched = watch_memory(arguments.memory)
        print(json.dumps(watched.shown()))
        return 0 if watched.ok else 1
    seed = arguments.seed if arguments.seed is not None else random.randrange(1_000_000)
    print(f"seed {seed}", file=sys.stderr)
    tally = (torture_refreshes if arguments.refreshes else torture)(arguments.rounds, seed)
    print(json.dumps(tally.shown()))
    return 0 if tally.ok else 1


if __name__ == "__main__":
    sys.exit(main())
