"""How the benchmark talks with the two sides: a JSON line each way, whatever else a side's libraries print."""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]


def serve(commands: dict[str, Callable[..., Json | None]]) -> None:
    """Answer commands from stdin until it ends; each answer holds the seconds that it took and the peak memory."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        asked = json.loads(line)
        name = asked.pop("do")
        began = time.perf_counter()
        told = commands[name](**asked) or {}
        told |= {"seconds": time.perf_counter() - began, "peak_mb": _peak_mb()}
        answers.write(json.dumps(told, default=str) + "\n")
        answers.flush()


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
