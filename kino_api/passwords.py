"""Passwords: how long they are, and how they are kept (argon2id)."""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kino_core.errors import InvalidInput

SHORTEST_PASSWORD = 15
LONGEST_PASSWORD = 200
AT_ONCE = 2
"""Hashing takes 64 MiB each: more at the same moment would let anyone fill the memory from outside."""

_hasher = PasswordHasher()
_slots = threading.BoundedSemaphore(AT_ONCE)
# Made of nothing anybody could type: an unknown user costs as much time as a wrong password.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$sTj3qZzNm9DP8AhjXnI8nA$MRxxbUKEJCoRlK0KYjxYtRsRNoO0WHnIzTDsTktLeqg"


class WeakPassword(InvalidInput):
    """A password that is too short or too long."""

    code = "WEAK_PASSWORD"


def hash_password(password: str) -> str:
    """Return the argon2id hash of `password`; raises WeakPassword. Length is the only rule, any Unicode goes."""
    if len(password) < SHORTEST_PASSWORD:
        raise WeakPassword(
            f"The password has {len(password)} characters and needs {SHORTEST_PASSWORD}. A few words make a good one.",
            field="password",
        )
    if len(password) > LONGEST_PASSWORD:
        raise WeakPassword(f"The password may have {LONGEST_PASSWORD} characters at most.", field="password")
    with _slots:
        return _hasher.hash(password)


def is_password(password: str, stored: str | None) -> bool:
    """Return whether `password` is the one behind `stored`; None (nobody has that name) takes as long and is false."""
    if len(password) > LONGEST_PASSWORD:
        return False
    with _slots:
        try:
            return _hasher.verify(stored or _NOBODY, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def needs_new_hash(stored: str) -> bool:
    """Return whether `stored` was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)
