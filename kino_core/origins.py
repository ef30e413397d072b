"""Whose page sent a request, by the headers that browsers add: what keeps other sites from using a reader's browser."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_own_host(host: str, own: str | None) -> bool:
    """Return whether a Host header names this machine's loopback or the configured host; the port does not matter.

    Anything else may be a page of somebody else's that resolves its own name to us.
    """
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    if name is None:
        return False
    if name == "localhost" or name == own:
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def is_own_origin(origin: str, host: str) -> bool:
    """Return whether an Origin header names the very host and port that the request was sent to."""
    return urlsplit(origin).netloc.casefold() == host.casefold() != ""


def is_own_page(site: str | None, origin: str | None, host: str) -> bool | None:
    """Return whether a page of ours sent the request, None where no browser says whose page did.

    Browsers say so themselves in Sec-Fetch-Site (`site`), older ones in Origin.
    """
    if site is not None:
        return site in ("same-origin", "none")
    return None if origin is None else is_own_origin(origin, host)
