"""What one partition tells the segments task: a snapshot that replaces the one before.

Micro-clusters carry the fit, moments the scaler, and a sample of customers the choice of K. The
sample is those customers with the smallest hashes of their keys, so the samples of partitions
merge into the one that a single partition would have given.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_digest

FORMAT: Final = 1
DIGEST_BYTES: Final = 8


class SummaryFormatError(ValueError):
    """A summary that this version cannot read: torn, or of a newer format."""


class Summary(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A partition's customers as m micro-clusters of d features, and s of them as a sample.

    ``clock`` is the partition's event time in milliseconds. ``features`` names the columns that
    transformed vectors have, those behind the features included (`FeatureSet.columns`): d is
    their number here. ``sums`` adds transformed vectors; ``raw_sums`` and ``raw_squares`` add real
    units and their squares, for the cards, and of a column that is no feature its product with the
    one that it belongs to. ``mean`` and ``m2`` (sum of squared deviations from it) are of all
    customers, transformed. A sampled vector is transformed, not scaled; ``hashes`` ascend.
    """

    format: int = FORMAT
    partition: int
    clock: int
    features: tuple[str, ...]
    customers: int
    counts: NDArray[np.int64]  # (m,)
    sums: NDArray[np.float64]  # (m, d)
    raw_sums: NDArray[np.float32]  # (m, d)
    raw_squares: NDArray[np.float32]  # (m, d)
    mean: NDArray[np.float64]  # (d,)
    m2: NDArray[np.float64]  # (d,)
    hashes: NDArray[np.uint64]  # (s,)
    vectors: NDArray[np.float32]  # (s, d)


class _Column(NamedTuple):
    """Where a column is stored, its type (little-endian), whether it has a value a feature."""

    place: int
    kind: str
    wide: bool


# Stored by place: append only. A new column or entry is a new format.
_COLUMNS: Final = {
    "counts": _Column(0, "<i8", False),
    "sums": _Column(1, "<f8", True),
    "raw_sums": _Column(2, "<f4", True),
    "raw_squares": _Column(3, "<f4", True),
    "mean": _Column(4, "<f8", False),
    "m2": _Column(5, "<f8", False),
    "hashes": _Column(6, "<u8", False),
    "vectors": _Column(7, "<f4", True),
}
assert [column.place for column in _COLUMNS.values()] == list(range(len(_COLUMNS)))


class _Packed(msgspec.Struct, array_like=True):
    format: int  # 0
    partition: int  # 1
    clock: int  # 2
    features: tuple[str, ...]  # 3
    customers: int  # 4
    columns: list[bytes]  # 5


def dump_summary(summary: Summary) -> bytes:
    """The summary as bytes: MessagePack, then a digest of it (8 bytes)."""
    columns = [
        np.ascontiguousarray(getattr(summary, name), dtype=kind).tobytes()
        for name, (_, kind, _) in _COLUMNS.items()
    ]
    packed = msgspec.msgpack.encode(
        _Packed(
            FORMAT,
            summary.partition,
            summary.clock,
            summary.features,
            summary.customers,
            columns,
        )
    )
    return packed + xxh3_64_digest(packed)


def load_summary(record: bytes) -> Summary:
    """What ``dump_summary`` wrote. Raises SummaryFormatError: torn, or of a newer format."""
    packed, digest = record[:-DIGEST_BYTES], record[-DIGEST_BYTES:]
    if xxh3_64_digest(packed) != digest:
        raise SummaryFormatError(f"summary of {len(record)} bytes is torn: its digest differs")
    found = _format_of(packed)
    if found != FORMAT:
        raise SummaryFormatError(
            f"summary has format {found}; this version reads {FORMAT}: update this worker"
        )
    try:
        read = msgspec.msgpack.decode(packed, type=_Packed)
        columns = _columns(read)
    except (msgspec.DecodeError, ValueError) as error:
        raise SummaryFormatError(f"summary cannot be read: {error}") from error
    _check_lengths(read, columns)
    return Summary(
        partition=read.partition,
        clock=read.clock,
        features=read.features,
        customers=read.customers,
        **columns,
    )


def _format_of(packed: bytes) -> object:
    """The first entry: every format to come keeps it there."""
    try:
        read = msgspec.msgpack.decode(packed)
    except msgspec.DecodeError as error:
        raise SummaryFormatError(f"summary cannot be read: {error}") from error
    return read[0] if isinstance(read, list) and read else None


def _columns(read: _Packed) -> dict[str, Any]:
    if len(read.columns) != len(_COLUMNS):
        raise ValueError(f"{len(read.columns)} columns instead of {len(_COLUMNS)}")
    width = len(read.features)
    columns: dict[str, Any] = {}
    for name, (place, kind, wide) in _COLUMNS.items():
        column = np.frombuffer(read.columns[place], dtype=kind)
        columns[name] = column.reshape(-1, width) if wide else column
    return columns


def _check_lengths(read: _Packed, columns: dict[str, Any]) -> None:
    width, clusters, sampled = len(read.features), len(columns["counts"]), len(columns["hashes"])
    expected = dict.fromkeys(("counts", "sums", "raw_sums", "raw_squares"), clusters)
    expected |= {"mean": width, "m2": width, "hashes": sampled, "vectors": sampled}
    for name, length in expected.items():
        if len(columns[name]) != length:
            raise SummaryFormatError(f"summary has {len(columns[name])} {name}, not {length}")
    if columns["counts"].sum() != read.customers:
        raise SummaryFormatError("summary's micro-clusters do not add up to its customers")
