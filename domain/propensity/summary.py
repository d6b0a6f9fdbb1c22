"""What one partition tells of answers to mailings: a snapshot that replaces its last one.

MessagePack, then a digest of it (8 bytes): the examples that are not learnt yet, and up to when
these are all.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec
from xxhash import xxh3_64_digest

from domain.propensity.examples import Example, Examples

FORMAT: Final = 1
DIGEST_BYTES: Final = 8


class SnapshotFormatError(ValueError):
    """A snapshot that this version cannot read: torn, or of another format."""


class Snapshot(NamedTuple):
    """The examples of a partition known up to ``clock`` (ms), less those that were learnt.

    ``dropped`` left unlearnt so far.
    """

    partition: int
    clock: int
    dropped: int
    examples: list[Example]


class _Packed(msgspec.Struct, array_like=True, frozen=True):
    format: int
    partition: int
    clock: int
    dropped: int
    examples: list[msgspec.Raw]


class _Unpacked(msgspec.Struct, array_like=True, frozen=True):
    format: int
    partition: int
    clock: int
    dropped: int
    examples: list[Example]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Unpacked).decode


def dump_snapshot(examples: Examples, number: int) -> bytes:
    """The snapshot of partition ``number``, as its examples were last told of."""
    head, kept = examples.head, [msgspec.Raw(value) for value in examples.kept.values()]
    body = _encode(_Packed(FORMAT, number, head.told, head.dropped, kept))
    return body + xxh3_64_digest(body)


def load_snapshot(record: bytes) -> Snapshot:
    """What ``dump_snapshot`` gave. Raises SnapshotFormatError: torn, or of another format."""
    body, digest = record[:-DIGEST_BYTES], record[-DIGEST_BYTES:]
    if xxh3_64_digest(body) != digest:
        raise SnapshotFormatError(f"snapshot of {len(record)} bytes is torn: its digest differs")
    try:
        found = _decode(body)
    except msgspec.MsgspecError as error:
        raise SnapshotFormatError(f"snapshot cannot be read: {error}") from error
    if found.format != FORMAT:
        raise SnapshotFormatError(
            f"snapshot of answers to mailings has format {found.format}; this version reads"
            f" {FORMAT}: update this worker"
        )
    return Snapshot(found.partition, found.clock, found.dropped, found.examples)
