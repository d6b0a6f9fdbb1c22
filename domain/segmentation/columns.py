"""The columns of the micro-clusters: how many vectors each has, their sum, and who is nearest.

All is in scaled units: a transformed feature over its standard deviation, times the root of its
weight, so that no feature rules by its units. Only the choice of a place hangs on these sums.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.segmentation.features import Floats
from domain.segmentation.ward import cheapest_pairs

Ints = NDArray[np.int64]


class Columns:
    """``counts`` (m,) and ``sums`` (m, d) of m slots; a slot with count 0 is free.

    The squared distance of x from centre s/n is ``|x|^2 - 2/n s.x + |s|^2/n^2``; ``pulls``
    (-2/n) and ``norms`` (the last term; infinite where free) are kept beside the sums.
    """

    def __init__(self, capacity: int, width: int) -> None:
        self.capacity = capacity
        self.counts: Ints = np.zeros(capacity, dtype=np.int64)
        self.sums: Floats = np.zeros((capacity, width))
        self.inverse: Floats = np.ones(width)
        self._pulls = np.zeros(capacity)
        self._norms = np.full(capacity, np.inf)

    @property
    def centres(self) -> Floats:
        """Scaled centre of every slot (m, d); zero where free."""
        return np.asarray(self.sums / np.maximum(self.counts, 1)[:, None])

    def nearest_one(self, scaled: Floats) -> tuple[int, float]:
        """The nearest slot of one scaled vector (d,), and what joining costs (Ward)."""
        apart = self.sums @ scaled
        apart *= self._pulls
        apart += self._norms
        slot = int(apart.argmin())
        count = self.counts.item(slot)
        return slot, (apart.item(slot) + float(scaled @ scaled)) * (count / (count + 1.0) or 1.0)

    def nearest(self, scaled: Floats) -> tuple[Ints, Floats]:
        """The nearest slot of each scaled vector (k, d), and what joining costs (Ward)."""
        # The norms ride along as one more feature: one product, no further pass over (k, m).
        matrix = np.column_stack((self.sums * self._pulls[:, None], self._norms))
        apart = np.column_stack((scaled, np.ones(len(scaled)))) @ matrix.T
        slots = np.argmin(apart, axis=1)
        squared = apart[np.arange(len(slots)), slots] + np.einsum("ij,ij->i", scaled, scaled)
        counts = np.maximum(self.counts[slots], 1)
        return slots, np.asarray(squared * (counts / (counts + 1.0)))

    def move(self, slot: int, sign: int, scaled: Floats) -> None:
        """Add (1) or revert (-1) one scaled vector (d,)."""
        count = self.counts.item(slot) + sign
        self.counts[slot] = count
        sums = self.sums[slot]
        if not count:
            sums[:] = 0.0
            self._pulls[slot] = 0.0
            self._norms[slot] = np.inf
            return
        if sign > 0:
            np.add(sums, scaled, out=sums)
        else:
            np.subtract(sums, scaled, out=sums)
        self._pulls[slot] = -2.0 / count
        self._norms[slot] = float(sums @ sums) / (count * count)

    def add(self, slots: Ints, scaled: Floats, sign: int) -> None:
        """Add (1) or revert (-1) scaled vectors (k, d) to their slots (k,)."""
        width = scaled.shape[1]
        cells = (slots[:, None] * width + np.arange(width)).ravel()
        moved = np.bincount(cells, weights=scaled.ravel(), minlength=self.sums.size)
        self.counts += sign * np.bincount(slots, minlength=self.capacity)
        self.sums += sign * moved.reshape(self.sums.shape)
        self._derive()

    def merge(self, most: int, limit: float) -> tuple[NDArray[np.int16], float]:
        """Merge at most ``most`` of the closest pairs that cost less than ``limit``.

        Returns the new slot of each slot, and the cost of the cheapest merge from now on.
        """
        pairs, cheapest = cheapest_pairs(self.centres, self.counts, most, limit)
        slots = np.arange(self.capacity, dtype=np.int16)
        for kept, dissolved in pairs:
            slots[dissolved] = kept
            self.counts[kept] += self.counts[dissolved]
            self.sums[kept] += self.sums[dissolved]
            self.counts[dissolved] = 0
        if pairs:
            self._derive()
        return slots, cheapest

    def cheapest_merge(self) -> float:
        """What the cheapest merge of two would cost."""
        return cheapest_pairs(self.centres, self.counts, 0, 0.0)[1]

    def rescale(self, weights: Floats) -> None:
        """Take mean and standard deviation of the centres as those of the features."""
        total = self.counts.sum()
        if total:
            centres = self.centres / self.inverse
            mean = self.counts @ centres / total
            deviation = np.sqrt(self.counts @ (centres - mean) ** 2 / total)
            self.set_scale(mean, deviation, weights)

    def set_scale(self, mean: Floats, deviation: Floats, weights: Floats) -> None:
        """Measure distances in these standard deviations (d,) from now on."""
        # A feature that never differed has no scale yet.
        still = deviation <= 1e-9 * np.abs(mean)
        inverse = np.sqrt(weights) / np.where(still, 1.0, deviation)
        self.sums *= inverse / self.inverse
        self.inverse = inverse
        self._derive()

    def _derive(self) -> None:
        used = self.counts > 0
        self.sums[~used] = 0.0
        counts = np.maximum(self.counts, 1)
        self._pulls = np.where(used, -2.0 / counts, 0.0)
        squares = np.einsum("ij,ij->i", self.sums, self.sums)
        self._norms = np.where(used, squares / (counts * counts), np.inf)
