"""`kino status`: what runs, and where."""

import http.client
import socket
from pathlib import Path
from typing import Any

from kino_cli.homes import Running, read_running
from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, print_table, say
from kino_cli.supervision import Supervisor

ORDER = ("postgres", "valkey", "web", "worker", "refresher", "dagster-webserver", "dagster-daemon", "dagster-code")


def command(home: HomeOption = None, as_json: JsonOption = False) -> None:
    settings = settings_of(home)
    show_status(status_of(settings.home), as_json)


def status_of(home: Path) -> dict[str, Any]:
    """Return the state of the Kino in `home` as `kino status --json` prints it."""
    running = read_running(home)
    processes = Supervisor(home).processes() if running else []
    processes.sort(key=lambda process: ORDER.index(str(process["name"])))
    if running is None or not processes:
        return {"ready": False, "urls": {"web": None, "dagster": None}, "processes": []}
    dagster_url = f"http://localhost:{running.dagster_port}" if running.with_dagster else None
    return {
        "ready": all(process["state"] == "RUNNING" for process in processes) and _answers(running),
        "urls": {"web": running.web_url, "dagster": dagster_url},
        "processes": processes,
    }


def show_status(status: dict[str, Any], as_json: bool) -> None:
    """Print the state for a program or for a person."""
    if as_json:
        print_json(status)
        return
    if not status["processes"]:
        say("Kino does not run here. Start it with `kino up`.")
        return
    columns = ("name", "state", "pid", "restarts")
    print_table(columns, [[process[column] for column in columns] for process in status["processes"]])
    for name, url in status["urls"].items():
        if url:
            say(f"{name:8} {url}")
    if not status["ready"]:
        say("Not everything is ready.")


def web_is_ready(port: int) -> bool:
    """Tell whether the web process answers that it can serve."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _answers(running: Running) -> bool:
    if not web_is_ready(running.port):
        return False
    return not running.with_dagster or listens(running.dagster_port)


def listens(port: int) -> bool:
    """Tell whether something on this machine accepts connections on `port`."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
