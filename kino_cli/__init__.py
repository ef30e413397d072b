"""The `kino` command: one module a verb.

What starts and supervises the processes lives here too, because only the command does that.
"""
