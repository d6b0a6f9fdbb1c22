"""Which partition a key belongs to."""

from __future__ import annotations

import functools

from kafka.partitioner import murmur2


@functools.lru_cache(maxsize=200_000)
def partition_of(key: bytes, partitions: int) -> int:
    """Where Kafka's default partitioner (murmur2) puts a key.

    >>> [partition_of(key, 12) for key in (b"ann", b"bob")]
    [2, 6]
    """
    number: int = (murmur2(key) & 0x7FFFFFFF) % partitions
    return number
