"""Customers by key: one row of columns each, with the newest vector and the segment it is in.

Rows are handed out here and used again once their customer has left. Bound: as many rows as
there have been customers at the same time.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from domain.segmentation.features import Floats
from domain.segmentation.numbers import NOWHERE, Codes

FIRST_ROWS: Final = 256
KEY_BYTES: Final = 150
"""Of a key: its text, its row as a number, and its places in a dict and a list."""

Rows = NDArray[np.intp]
Times = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Flags = NDArray[np.bool_]


class Table:
    """``raw`` vectors (real units), ``hashes`` of the keys, the segment's number (``segments``).

    ``away`` says since when (ms) another segment has been nearer past the margin, 0 for none.
    ``fresh`` rows have a vector that is in no micro-cluster yet. About 91 bytes a row at 8
    features, beside its key.
    """

    def __init__(self, width: int) -> None:
        self.rows: dict[Hashable, int] = {}
        self.keys: list[Hashable] = []
        self.raw: Floats = np.zeros((FIRST_ROWS, width))
        self.hashes: Hashes = np.zeros(FIRST_ROWS, dtype=np.uint64)
        self.segments: Codes = np.full(FIRST_ROWS, NOWHERE, dtype=np.int16)
        self.away: Times = np.zeros(FIRST_ROWS, dtype=np.int64)
        self.fresh: Flags = np.zeros(FIRST_ROWS, dtype=np.bool_)
        self._free: list[int] = []

    def __len__(self) -> int:
        return len(self.rows)

    def enter(self, key: Hashable) -> int:
        """The row of ``key``; a new one, with neither vector nor segment, where it is new."""
        row = self.rows.get(key)
        return self._new(key) if row is None else row

    def remove(self, key: Hashable) -> int | None:
        """Let ``key`` go; its former row, or ``None`` if it had none."""
        row = self.rows.pop(key, None)
        if row is not None:
            self.segments[row], self.away[row] = NOWHERE, 0
            self.fresh[row] = False
            self.keys[row], self.hashes[row] = "", 0
            self.raw[row] = 0.0
            self._free.append(row)
        return row

    @property
    def nbytes(self) -> int:
        """Bytes it takes with its keys, about."""
        columns = (self.raw, self.hashes, self.segments, self.away, self.fresh)
        return sum(column.nbytes for column in columns) + KEY_BYTES * len(self.keys)

    def live(self) -> Rows:
        """The rows in use, ascending."""
        return np.sort(np.fromiter(self.rows.values(), dtype=np.intp, count=len(self.rows)))

    def _new(self, key: Hashable) -> int:
        if self._free:
            row = self._free.pop()
            self.keys[row] = key
        else:
            row = len(self.keys)
            self.keys.append(key)
            if row == len(self.fresh):
                self._grow()
        self.rows[key] = row
        self.hashes[row] = key_hash(key)
        return row

    def _grow(self) -> None:
        size = len(self.fresh)
        self.raw = np.concatenate([self.raw, np.zeros_like(self.raw)])
        self.hashes = np.concatenate([self.hashes, np.zeros(size, dtype=np.uint64)])
        self.segments = np.concatenate([self.segments, np.full(size, NOWHERE, dtype=np.int16)])
        self.away = np.concatenate([self.away, np.zeros(size, dtype=np.int64)])
        self.fresh = np.concatenate([self.fresh, np.zeros(size, dtype=np.bool_)])


def key_hash(key: Hashable) -> int:
    """The hash that decides whether a customer is sampled: of the key's text, or its bytes."""
    return xxh3_64_intdigest(key if isinstance(key, bytes) else str(key).encode())
