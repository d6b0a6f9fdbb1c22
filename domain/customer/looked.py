"""What the last look at a customer's relationship went by; kept in memory only."""

from __future__ import annotations

from msgspec import Struct


class Looked(Struct, frozen=True, gc=False):
    """What a look went by: as long as nothing of it moves, another would find the same.

    ``until`` is the first time (ms) from which on the clock alone may change what it finds.
    """

    until: int
    moves: int
    first: int
    first_campaign: int
    parts: int
    answers: tuple[object, ...]
