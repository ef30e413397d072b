"""Options that every verb shares, and the settings they lead to."""

from pathlib import Path
from typing import Annotated

import typer

from kino_core.settings import Settings, load_settings

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="Where Kino keeps its state [default: $KINO_HOME or ./.kino]"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else there.")]
PortOption = Annotated[int | None, typer.Option("--port", metavar="PORT", help="Port of the web process [8000]")]


def settings_of(home: Path | None) -> Settings:
    """Return the settings of the Kino in `home`, with the ports on which it runs.

    Raises WrongSettings with every problem together.
    """
    return load_settings(home)
