"""`python -m kino_cli`: how the supervisor starts the processes, whatever the command's script is called."""

from kino_cli.main import main

main()
