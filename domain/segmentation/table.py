"""The customers of one partition that have a vector: one row of columns each.

Rows are handed out here and used again once their customer has left. Bound: as many rows as the
partition has had customers with a vector at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

FAR = 1 << 62
FIRST_ROWS = 256

Rows = NDArray[np.intp]


class Table:
    """``raw`` vectors, when the next click leaves each (``expiry``, ms), the segment's code.

    ``current`` is an index of the caller's, -1 for no segment; ``away`` says since when (ms)
    another segment has been nearer past the margin, 0 for none. ``stale`` rows are still to be
    judged by the newest model, ``fresh`` ones still to be learnt by the micro-clusters.
    ``expiry`` comes earlier where the customer is to be looked at earlier.
    """

    def __init__(self, width: int) -> None:
        self.rows: dict[str, int] = {}
        self.keys: list[str] = []
        self.raw = np.zeros((FIRST_ROWS, width))
        self.expiry = np.full(FIRST_ROWS, FAR, dtype=np.int64)
        self.current = np.full(FIRST_ROWS, -1, dtype=np.int16)
        self.away = np.zeros(FIRST_ROWS, dtype=np.int64)
        self.stale = np.zeros(FIRST_ROWS, dtype=np.bool_)
        self.fresh = np.zeros(FIRST_ROWS, dtype=np.bool_)
        self.hashes = np.zeros(FIRST_ROWS, dtype=np.uint64)
        self.next_expiry = FAR
        self._free: list[int] = []

    def __len__(self) -> int:
        return len(self.rows)

    def put(
        self, key: str, raw: tuple[float, ...], expiry: int, current: int, away: int = 0
    ) -> int:
        """Give ``key`` this vector; a new key enters with the segment ``current`` and ``away``."""
        row = self.rows.get(key)
        if row is None:
            row = self._enter(key)
            self.current[row], self.away[row] = current, away
        self.raw[row] = raw
        self.expiry[row] = expiry
        self.fresh[row] = True
        self.next_expiry = min(self.next_expiry, expiry)
        return row

    def remove(self, key: str) -> int | None:
        """Let ``key`` go; its former row, or ``None`` if it had none."""
        row = self.rows.pop(key, None)
        if row is not None:
            self.expiry[row], self.current[row], self.away[row] = FAR, -1, 0
            self.stale[row] = self.fresh[row] = False
            self.keys[row], self.hashes[row] = "", 0
            self.raw[row] = 0.0
            self._free.append(row)
        return row

    def due(self, now: int) -> Iterator[str]:
        """The keys whose oldest click has left the window by ``now`` (ms)."""
        if now < self.next_expiry:
            return
        for row in np.flatnonzero(self.expiry <= now):
            yield self.keys[row]

    def look_at(self, rows: Rows, times: NDArray[np.int64]) -> None:
        """Let these rows be due at these times (ms), unless they are earlier."""
        self.expiry[rows] = earlier = np.minimum(self.expiry[rows], times)
        self.next_expiry = min(self.next_expiry, int(earlier.min(initial=FAR)))

    def look_ahead(self) -> None:
        """Work ``next_expiry`` out anew, after the due ones were dealt with."""
        self.next_expiry = int(self.expiry.min())

    def live(self) -> Rows:
        """The rows in use, ascending."""
        return np.sort(np.fromiter(self.rows.values(), dtype=np.intp, count=len(self.rows)))

    def _enter(self, key: str) -> int:
        if self._free:
            row = self._free.pop()
            self.keys[row] = key
        else:
            row = len(self.keys)
            self.keys.append(key)
            if row == len(self.expiry):
                self._grow()
        self.rows[key] = row
        self.hashes[row] = xxh3_64_intdigest(key.encode())
        return row

    def _grow(self) -> None:
        size = len(self.expiry)
        self.raw = np.concatenate([self.raw, np.zeros_like(self.raw)])
        self.expiry = np.concatenate([self.expiry, np.full(size, FAR, dtype=np.int64)])
        self.current = np.concatenate([self.current, np.full(size, -1, dtype=np.int16)])
        self.away = np.concatenate([self.away, np.zeros(size, dtype=np.int64)])
        self.stale = np.concatenate([self.stale, np.zeros(size, dtype=np.bool_)])
        self.fresh = np.concatenate([self.fresh, np.zeros(size, dtype=np.bool_)])
        self.hashes = np.concatenate([self.hashes, np.zeros(size, dtype=np.uint64)])
