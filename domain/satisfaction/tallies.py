"""Tallies: decayed sums of what a scorecard counts, and the small records they are kept in.

Sums fade by forward decay: an amount at t counts 2 ** (t / half-life - epoch).
All tallies of a partition share one epoch and half-life; each record bears both, so that it can
be read alone. A record weighs 20 to 110 bytes.
"""

from __future__ import annotations

from typing import Final

import msgspec

FORMAT: Final = 1
WEIGHT: Final = 0
SCORE: Final = 1
GOOD: Final = 2
BAD: Final = 3
KEPT: Final = 4
BROKEN: Final = 5
CONTACTS: Final = 6
WAITED: Final = 7
"""Places in a tally: weights of moments, weight x score, good and bad moments, callback promises
kept and broken, contacts, and the seconds they waited."""

Tally = list[float]


class TallyFormatError(ValueError):
    """Bytes of a format this version does not read."""


class Form(msgspec.Struct, array_like=True, gc=False):
    """A tally with what it is of; ``refused`` counts what was added here for want of a place."""

    epoch: int
    half_life_ms: float
    tally: Tally
    name: str = ""
    refused: int = 0
    # UTC day of the last look for a place to be used again
    looked: int = -1


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Form)


def blank() -> Tally:
    """A tally of nothing. Zeros are whole numbers, which are one byte in msgpack."""
    return [0, 0, 0, 0, 0, 0, 0, 0]


def dump(form: Form) -> bytes:
    """Format byte and msgpack."""
    return bytes((FORMAT,)) + _encoder.encode(form)


def load(value: bytes) -> Form:
    """What ``dump`` wrote. Raises TallyFormatError."""
    if value[:1] != bytes((FORMAT,)):
        raise TallyFormatError(f"a tally has format {value[:1]!r}; this version reads {FORMAT}")
    return _decoder.decode(memoryview(value)[1:])


def add(into: Tally, tally: Tally, scale: float = 1.0) -> None:
    """Add one tally to another, scaled.

    >>> sums = blank()
    >>> add(sums, [2, 14, 1, 0, 0, 0, 1, 90], 0.5)
    >>> sums
    [1.0, 7.0, 0.5, 0.0, 0.0, 0.0, 0.5, 45.0]
    """
    for place, amount in enumerate(tally):
        into[place] += amount * scale


def scaled(tally: Tally, scale: float) -> Tally:
    """A tally scaled; its whole zeros stay whole."""
    return [amount and amount * scale for amount in tally]
