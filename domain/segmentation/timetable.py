"""When each row of a clusterer is to be looked at again, and which the newest model has not seen.

The clusterer has no clock; whoever feeds it by one keeps these columns beside its rows.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.segmentation.table import FIRST_ROWS, Flags, Rows, Times

FAR: Final = 1 << 62


class Timetable:
    """When the next click leaves each row's vector (``expiry``, ms; ``FAR`` for a free row).

    ``stale`` rows are still to be judged by the newest model. ``expiry`` comes earlier where the
    customer is to be looked at earlier. Bound: a row for each of the clusterer's.
    """

    def __init__(self) -> None:
        self.expiry: Times = np.full(FIRST_ROWS, FAR, dtype=np.int64)
        self.stale: Flags = np.zeros(FIRST_ROWS, dtype=np.bool_)
        self.next_expiry = FAR

    @property
    def nbytes(self) -> int:
        """Bytes it takes."""
        return int(self.expiry.nbytes + self.stale.nbytes)

    def enter(self, rows: Rows, expiry: Times) -> None:
        """Let these rows (m,) be due at these times (m,)."""
        if len(rows):
            self._grow(int(rows.max()) + 1)
            self.expiry[rows] = expiry
            self.next_expiry = min(self.next_expiry, int(expiry.min()))

    def remove(self, rows: Rows) -> None:
        """Nothing is due of these rows any more."""
        self.expiry[rows] = FAR
        self.stale[rows] = False

    def due(self, now: int) -> Rows:
        """The rows whose oldest click has left the window by ``now`` (ms)."""
        if now < self.next_expiry:
            return np.zeros(0, dtype=np.intp)
        return np.flatnonzero(self.expiry <= now)

    def look_at(self, rows: Rows, times: NDArray[np.int64]) -> None:
        """Let these rows be due at these times (ms), unless they are earlier."""
        self.expiry[rows] = earlier = np.minimum(self.expiry[rows], times)
        self.next_expiry = min(self.next_expiry, int(earlier.min(initial=FAR)))

    def look_ahead(self) -> None:
        """Work ``next_expiry`` out anew, after the due ones were dealt with."""
        self.next_expiry = int(self.expiry.min())

    def _grow(self, rows: int) -> None:
        missing = rows - len(self.expiry)
        if missing > 0:
            more = max(missing, len(self.expiry))
            self.expiry = np.concatenate([self.expiry, np.full(more, FAR, dtype=np.int64)])
            self.stale = np.concatenate([self.stale, np.zeros(more, dtype=np.bool_)])
