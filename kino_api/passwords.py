"""Passwords: how they are kept (argon2id) and compared. What makes a good one is in `password_policy`."""

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LONGEST_PASSWORD = 200
AT_ONCE = 2
"""Hashing takes 64 MiB each: more at the same moment would let anyone fill the memory from outside."""

_hasher = PasswordHasher()
_slots = threading.BoundedSemaphore(AT_ONCE)
# Made of nothing anybody could type: an unknown user costs as much time as a wrong password.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$sTj3qZzNm9DP8AhjXnI8nA$MRxxbUKEJCoRlK0KYjxYtRsRNoO0WHnIzTDsTktLeqg"


def normal_password(password: str) -> str:
    """Return the one form in which a password is measured, checked and hashed.

    NFC: keyboards write one letter in several ways, and nothing that looks different becomes the same.
    """
    return unicodedata.normalize("NFC", password)


def hash_password(password: str) -> str:
    """Return the argon2id hash of the whole of `password`, which the policy has let pass."""
    with _slots:
        return _hasher.hash(normal_password(password))


def is_password(password: str, stored: str | None) -> bool:
    """Return whether `password` is the one behind `stored`; None (nobody has that name) takes as long and is false."""
    shown = normal_password(password)
    could_be = stored is not None and len(shown) <= LONGEST_PASSWORD
    with _slots:
        try:
            return _hasher.verify(stored or _NOBODY, shown if could_be else "") and could_be
        except (VerificationError, InvalidHashError):
            return False


def needs_new_hash(stored: str) -> bool:
    """Return whether `stored` was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)
