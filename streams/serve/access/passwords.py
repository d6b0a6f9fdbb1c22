"""Passwords: kept as Argon2id makes them, looked at in the same time whoever asks."""

from __future__ import annotations

import secrets
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_CHARACTERS: Final = 12
MAX_CHARACTERS: Final = 256

_hasher = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)
"""Above what OWASP asks for at least (19 MiB, 2 passes); two at once take 64 MiB."""


def hashed(password: str) -> str:
    """What is kept of it: Argon2id in its own notation, salted. Takes some 50 ms."""
    return _hasher.hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Whether it is the one that this was made of; takes as long where there is none."""
    nobodys = _nobodys()  # whoever it is: the first look takes longer for everybody
    try:
        _hasher.verify(nobodys if kept is None else kept, password[:MAX_CHARACTERS])
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


@cache
def _nobodys() -> str:
    """What is kept of a password that nobody has."""
    return hashed(secrets.token_hex(16))
