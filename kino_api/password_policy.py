"""What a new password must be: long, and not among the first that anybody would try. No rule says of what characters.

The words that people choose come with zxcvbn, which also sees repeats, reversals, rows of the keyboard, dates and
letters replaced by digits; nothing leaves this machine.
"""

import re
from urllib.parse import urlsplit

from zxcvbn import zxcvbn

from kino_api.passwords import LONGEST_PASSWORD, normal_password
from kino_core.errors import InvalidInput

SHORTEST_PASSWORD = 15
FEWEST_GUESSES = 10**8
"""What zxcvbn thinks an attacker needs at least who knows how people choose; a sign-in waits after five."""
FEWEST_OWN_CHARACTERS = 8
"""Beyond the words that stand for this Kino and this person."""
SHORTEST_WORD = 3
SHOWN_EVERYWHERE = ("correct horse battery staple", "correcthorsebatterystaple")
"""What everybody has seen as the example of a good password is none."""
MOST_ESTIMATED = 72
"""zxcvbn's own limit: it compares every part with every other."""


class WeakPassword(InvalidInput):
    """A password that is too short, too long, or too easy to guess."""

    code = "WEAK_PASSWORD"


def checked_password(password: str, *about: str, base_url: str = "") -> str:
    """Return `password` where it may be one; raises WeakPassword.

    `about` are the name and the addresses of the person: a password must not consist of them.
    """
    password = normal_password(password)
    if len(password) < SHORTEST_PASSWORD:
        raise _weak(f"has {len(password)} characters and needs {SHORTEST_PASSWORD}. A few words make a good one.")
    if len(password) > LONGEST_PASSWORD:
        raise _weak(f"may have {LONGEST_PASSWORD} characters at most.")
    words = context_words(*about, base_url=base_url)
    if len(_without(words, password)) < FEWEST_OWN_CHARACTERS:
        raise _weak("is little more than your name, your address or the name of this site. Add words of your own.")
    found = zxcvbn(password[:MOST_ESTIMATED], user_inputs=[*words, *SHOWN_EVERYWHERE])
    if found["guesses"] < FEWEST_GUESSES:
        raise _weak("is among the first that somebody would try. A few words that have nothing in common are better.")
    return password


def context_words(*about: str, base_url: str = "") -> list[str]:
    """Return the words that anybody would try here, the longest first."""
    host = urlsplit(base_url).hostname or ""
    parts = {"kino"}
    for text in (*about, host):
        folded = normal_password(text).casefold().strip()
        parts |= {folded, *re.split(r"[\W_]+", folded)}
    return sorted((part for part in parts if len(part) >= SHORTEST_WORD), key=lambda part: (-len(part), part))


def _without(words: list[str], password: str) -> str:
    """Return what is left of the password without those words, however often and in whichever direction they come."""
    left = password.casefold()
    for word in words:
        for written in (word, word[::-1]):
            left = left.replace(written, "")
    return left


def _weak(reason: str) -> WeakPassword:
    return WeakPassword(f"The password {reason}", field="password")
