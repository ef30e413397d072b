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
    """Answer commands from stdin until it ends.

    Each answer holds the seconds and the processor's seconds that it took, those of the process so far, and its peak
    memory.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        asked = json.loads(line)
        name = asked.pop("do")
        began, cpu_before = time.perf_counter(), time.process_time()
        told = commands[name](**asked) or {}
        spent = time.process_time()
        told |= {"seconds": time.perf_counter() - began, "cpu_seconds": spent - cpu_before, "cpu_so_far": spent}
        told["peak_mb"] = _peak_mb()
        answers.write(json.dumps(told, default=str) + "\n")
        answers.flush()


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
