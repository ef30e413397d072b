"""Become another program: give up root's rights, agree to die with the parent, then exec.

Run by path, as `python -S launch.py USER SIGNAL COMMAND …` (USER `-` keeps the current one), so that nothing but the
standard library is loaded before the exec: a process costs 20 ms more, not half a second.
"""

import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1


def launched(command: Sequence[str], *, user: str | None = None, death_signal: str = "SIGTERM") -> tuple[str, ...]:
    """Return the command line that becomes `command` as described above."""
    return (sys.executable, "-S", "-E", __file__, user or "-", death_signal, *command)


def main() -> None:
    """Do what the arguments ask; returns only by exec."""
    user, death_signal, *command = sys.argv[1:]
    parent = os.getppid()
    if user != "-":
        drop_rights(user)
    die_with_parent(signal.Signals[death_signal], parent)
    os.execv(command[0], command)


def drop_rights(user: str) -> None:
    """Become `user` for good, without root's groups and without what the environment may hold of secrets."""
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    path = os.environ.get("PATH", os.defpath)
    os.environ.clear()
    os.environ.update(HOME="/", USER=user, LOGNAME=user, PATH=path)


def die_with_parent(death_signal: signal.Signals, parent: int) -> None:
    """Ask Linux for `death_signal` when the parent ends; elsewhere the next start clears up what is left."""
    if sys.platform != "linux":
        return
    # A change of user clears the request, so it comes after `drop_rights`; an exec keeps it.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("The process that started this one has ended already.")


if __name__ == "__main__":
    main()
