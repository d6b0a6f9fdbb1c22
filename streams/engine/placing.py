"""Which partition a key belongs to, and what of a partition lies where it does not belong.

A customer's records are in one partition, or its state is torn: each half counts alone. Clients
of librdkafka place keys by CRC32 unless told otherwise, so where a record lies is looked at when
its key is first met.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from kafka.partitioner import murmur2

from schemas.codec import Bad

UNKNOWN: Final = 0
"""How many partitions there are, or what the wall clock says, where nobody told."""
PARTITIONERS: Final = (
    "librdkafka clients (confluent-kafka, .NET, Go, Node, PHP): partitioner=murmur2_random; "
    "Java, kafka-python, aiokafka: leave the partitioner as it is by default"
)
"""What a producer is to be set to."""

FEW: Final = 16
"""Fewer keys are hashed one by one."""
MOST_TOLD: Final = 100_000

_SEED, _M = np.uint32(0x9747B28C), np.uint32(0x5BD1E995)
_POSITIVE = np.uint32(0x7FFFFFFF)


@functools.lru_cache(maxsize=200_000)
def partition_of(key: bytes, partitions: int) -> int:
    """Where Kafka's default partitioner (murmur2) puts a key.

    >>> [partition_of(key, 12) for key in (b"ann", b"bob")]
    [2, 6]
    """
    number: int = (murmur2(key) & 0x7FFFFFFF) % partitions
    return number


def partitions_of(keys: Sequence[bytes], partitions: int) -> npt.NDArray[np.int64]:
    """:func:`partition_of` each of n keys, as (n,) numbers: 0.3 us a key where one alone takes 8.

    Keys of one length are hashed side by side.
    """
    numbers = np.zeros(len(keys), np.int64)
    by_length: defaultdict[int, list[int]] = defaultdict(list)
    for place, key in enumerate(keys):
        by_length[len(key)].append(place)
    for length, places in by_length.items():
        together = np.frombuffer(b"".join([keys[place] for place in places]), np.uint8)
        hashes = _murmur2(together.reshape(len(places), length))
        numbers[places] = (hashes & _POSITIVE) % np.uint32(partitions)
    return numbers


def _murmur2(keys: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """Hashes (n,) of keys (n, length in bytes), as Kafka's ``Utils.murmur2`` makes them."""
    count, length = keys.shape
    whole = length // 4
    words = np.ascontiguousarray(keys[:, : 4 * whole]).view("<u4").reshape(count, whole)
    hashes = np.full(count, _SEED ^ np.uint32(length), np.uint32)
    for word in words.T:
        mixed = word * _M
        mixed = (mixed ^ (mixed >> np.uint32(24))) * _M
        hashes = hashes * _M ^ mixed
    rest = keys[:, 4 * whole :]
    for place in reversed(range(rest.shape[1])):
        hashes ^= rest[:, place].astype(np.uint32) << np.uint32(8 * place)
    if rest.shape[1]:
        hashes *= _M
    hashes = (hashes ^ (hashes >> np.uint32(13))) * _M
    return hashes ^ (hashes >> np.uint32(15))


class Placing:
    """Which keys belong to partition ``number`` of so many; of how many may be ``UNKNOWN``.

    ``strange`` are the keys that do not and have a state here all the same, from before such
    records were refused.
    """

    __slots__ = ("_told", "known", "number", "partitions", "strange")

    def __init__(self, number: int, partitions: int) -> None:
        self.number, self.partitions = number, partitions
        self.known = partitions != UNKNOWN
        self.strange: frozenset[str] = frozenset()
        self._told: dict[str, bool] = {}

    def meet(self, keys: Sequence[str]) -> None:
        """Find the strange ones among all keys that have a state here."""
        if self.known:
            numbers = partitions_of([key.encode() for key in keys], self.partitions)
            strange: list[int] = np.flatnonzero(numbers != self.number).tolist()
            self.strange = frozenset(keys[at] for at in strange)

    def look_ahead(self, keys: Collection[str]) -> None:
        """Work out side by side where many keys belong that are about to be asked for."""
        if len(keys) < FEW:
            return
        if len(self._told) > MOST_TOLD:
            self._told.clear()
        numbers = partitions_of([key.encode() for key in keys], self.partitions)
        self._told.update(zip(keys, (numbers == self.number).tolist(), strict=True))

    def has(self, key: str) -> bool:
        """Whether a key belongs here."""
        told = self._told.pop(key, None)
        if told is not None:
            return told
        return partition_of(key.encode(), self.partitions) == self.number

    def wrong(self, key: str) -> Bad:
        """Why a record of a key that belongs elsewhere is refused, and what to do."""
        right = partition_of(key.encode(), self.partitions)
        return Bad(
            "wrong_partition",
            f"the record lies in partition {self.number}; by its key it must be in {right} of "
            f"{self.partitions} (murmur2, Kafka's default). Set the producer to it: {PARTITIONERS}",
        )
