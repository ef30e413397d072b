"""A body that is far too large takes no memory; `make torture MEMORY=10` watches the web process for longer."""

import psutil

from kino_ingest.doors import AGENT_PATH
from tests.torture.memory import MOST_GROWTH, send_large
from tests.torture.system import running_system


def test_a_large_body_takes_no_memory() -> None:
    with running_system(doors=1, workers=0) as system:
        [door] = system.doors.values()
        process = psutil.Process(door.pid)
        # The first one brings in what the process needs to answer at all.
        for _ in range(2):
            sent = send_large(system, process, AGENT_PATH, "application/json")
        assert sent.status == 413
        assert sent.peak <= MOST_GROWTH * sent.before
