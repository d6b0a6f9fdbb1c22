"""What one partition tells of its customers' value: a snapshot that replaces the one before.

It holds how many customers lie in each bin of each figure and what they sum up to, but none of
the customers. Counts are whole, and so are sums (days, purchases, hundredths), so the snapshots
of any partitions add up to that of a single one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from xxhash import xxh3_64_digest

from domain.value.sketches import EMPTY, Bins, add

FORMAT: Final = 2
READ: Final = (1, FORMAT)
DIGEST_BYTES: Final = 8
_KINDS: Final = ("<i4", "<i8", "<f8")


class SnapshotFormatError(ValueError):
    """A snapshot that this version cannot read: torn, or of a newer format."""


class Figures(NamedTuple):
    """Customers by bin of each figure; amounts in hundredths of the base currency.

    ``relational`` is the monetary value of relational customers; CLV comes apart for those who
    cost more than they bring; ``growable`` is of those whose wallet share is known.
    """

    recency_days: Bins
    frequency: Bins
    monetary: Bins
    relational: Bins
    clv: Bins
    clv_below_zero: Bins
    growable: Bins
    # the bins of ``relational``, with the purchases of those customers as sums; empty in format 1
    relational_sales: Bins = EMPTY

    @property
    def customers(self) -> int:
        """How many customers ever bought."""
        return self.recency_days.customers


class Snapshot(NamedTuple):
    """A partition's figures as of a UTC ``day`` (since 1970); ``clock`` is its time (ms).

    ``rules_id`` names the policy by which the customers were measured.
    """

    partition: int
    clock: int
    day: int
    rules_id: str
    figures: Figures


class _Packed(msgspec.Struct, array_like=True):
    format: int
    partition: int
    clock: int
    day: int
    rules_id: str
    # codes, counts and sums of each figure, little-endian
    columns: list[tuple[bytes, bytes, bytes]]


def dump_snapshot(snapshot: Snapshot) -> bytes:
    """The snapshot as bytes: MessagePack, then a digest of it (8 bytes)."""
    columns: list[Any] = [
        tuple(column.astype(kind).tobytes() for column, kind in zip(bins, _KINDS, strict=True))
        for bins in snapshot.figures
    ]
    head = (snapshot.partition, snapshot.clock, snapshot.day, snapshot.rules_id)
    packed = msgspec.msgpack.encode(_Packed(FORMAT, *head, columns))
    return packed + xxh3_64_digest(packed)


def load_snapshot(record: bytes) -> Snapshot:
    """What ``dump_snapshot`` wrote. Raises SnapshotFormatError: torn, or of a newer format."""
    packed, digest = record[:-DIGEST_BYTES], record[-DIGEST_BYTES:]
    if xxh3_64_digest(packed) != digest:
        raise SnapshotFormatError(f"snapshot of {len(record)} bytes is torn: its digest differs")
    try:
        found = msgspec.msgpack.decode(packed)
        number = found[0] if isinstance(found, list) and found else None
        if number not in READ:
            raise SnapshotFormatError(
                f"snapshot has format {number}; this version reads {READ}: update this worker"
            )
        read = msgspec.msgpack.decode(packed, type=_Packed)
        figures = Figures(*map(_bins, read.columns))
    except (msgspec.DecodeError, TypeError, ValueError) as error:
        if isinstance(error, SnapshotFormatError):
            raise
        raise SnapshotFormatError(f"snapshot cannot be read: {error}") from error
    _check(figures)
    return Snapshot(read.partition, read.clock, read.day, read.rules_id, figures)


def merge(snapshots: Sequence[Snapshot], rules_id: str) -> tuple[int, Figures] | None:
    """The newest day, and all customers' figures; ``None`` where nobody has bought.

    Of each partition the newest snapshot counts. One made by another policy is left out: its
    partition still follows an older one.
    """
    newest: dict[int, Snapshot] = {}
    for each in snapshots:
        known = newest.get(each.partition)
        if each.rules_id == rules_id and (known is None or each.clock >= known.clock):
            newest[each.partition] = each
    parts = [newest[number] for number in sorted(newest) if newest[number].figures.customers]
    if not parts:
        return None
    figures = Figures(*(add(bins) for bins in zip(*(part.figures for part in parts), strict=True)))
    return max(part.day for part in parts), figures


def _bins(columns: tuple[bytes, bytes, bytes]) -> Bins:
    codes, counts, sums = (
        np.frombuffer(column, dtype=kind) for column, kind in zip(columns, _KINDS, strict=True)
    )
    if not len(codes) == len(counts) == len(sums):
        raise ValueError(f"{len(codes)} codes, {len(counts)} counts and {len(sums)} sums")
    if (np.diff(codes) <= 0).any() or (counts <= 0).any():
        raise ValueError("bins must ascend and hold somebody each")
    return Bins(codes.astype(np.int64), counts.astype(np.int64), sums.astype(np.float64))


def _check(figures: Figures) -> None:
    customers = figures.customers
    valued = figures.clv.customers + figures.clv_below_zero.customers
    if not customers == figures.frequency.customers == figures.monetary.customers == valued:
        raise SnapshotFormatError("the figures of a snapshot are not of the same customers")
