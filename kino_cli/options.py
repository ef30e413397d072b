"""Options that every verb shares, and the settings they lead to."""

from pathlib import Path
from typing import Annotated

import typer

from kino_cli.homes import read_running
from kino_core.settings import Settings, load_settings

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="Where Kino keeps its state [default: $KINO_HOME or ./.kino]"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else there.")]
PortOption = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, metavar="PORT", help="Port of the web process [8000]")
]


def settings_of(home: Path | None) -> Settings:
    """Return the settings of the Kino in `home`, with the ports on which it runs.

    Raises WrongSettings with every problem together.
    """
    settings = load_settings(home)
    running = read_running(settings.home)
    if running is None:
        return settings
    return settings.model_copy(update={"port": running.port, "dagster_port": running.dagster_port})
