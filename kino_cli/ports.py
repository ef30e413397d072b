"""Ports on this machine: which are free, and choosing one that stays ours."""

import random
import socket

QUIET_PORTS = range(20_000, 32_000)
"""Below the range from which Linux takes the ports of outgoing connections."""


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Tell whether a server could listen on `port` now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def choose_port(remembered: int | None = None) -> int:
    """Return the remembered port while it is free, else another free one."""
    if remembered is not None and is_free(remembered):
        return remembered
    return next(port for port in random.sample(QUIET_PORTS, len(QUIET_PORTS)) if is_free(port))
