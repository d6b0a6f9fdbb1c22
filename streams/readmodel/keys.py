"""A changelog key as the file has it: whose the record is, and which of theirs."""

from __future__ import annotations

import msgspec

from streams.engine.checkpoint import TIMER_PREFIX
from streams.engine.store import NUMBERED, NUMBERED_BYTES, OF_NOBODY

NOBODY = b""
TOGETHER = b""
"""The short key of what a customer has besides numbered records: one row of the file."""
SPECIAL = frozenset((OF_NOBODY, TIMER_PREFIX, *NUMBERED))
"""First letters of keys whose records do not lie together with the owner's others."""

pack = msgspec.msgpack.Encoder().encode
unpack = msgspec.msgpack.Decoder(dict[bytes, bytes]).decode


def split(key: bytes) -> tuple[bytes, bytes]:
    """``(owner, short)`` of a record's key; what is of nobody lies under its whole key.

    >>> split(b"calice"), split(b"p" + bytes(4) + b"alice"), split(b"!checkpoint")
    ((b'alice', b'c'), (b'alice', b'p\\x00\\x00\\x00\\x00'), (b'', b'!checkpoint'))
    """
    letter = key[:1]
    if letter == OF_NOBODY:
        return NOBODY, key
    if letter in NUMBERED:
        return key[NUMBERED_BYTES:], key[:NUMBERED_BYTES]
    return key[1:], letter


def wanted(key: bytes) -> bool:
    """Whether a record is kept: timers only say again what customers' own records do."""
    return key[:1] != TIMER_PREFIX


__all__ = ["NOBODY", "SPECIAL", "TOGETHER", "pack", "split", "unpack", "wanted"]
