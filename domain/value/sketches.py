"""Quantiles over all customers from bins that add up: DDSketch of whole numbers.

A bin holds the numbers of (gamma^(k-1), gamma^k] with gamma = 1 + relative error, so that bins of
any partitions add up to those of all of them, in any order. A line is the largest number of its
bin: whoever is above the line is so exactly, hence shares of customers and totals by class are
exact; only where the line lies is off, upwards, by the relative error at most. Source: Masson, Rim
and Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees"
(2019). The sketch itself is Datadog's `ddsketch`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor, log
from typing import Final, NamedTuple

import numpy as np
from ddsketch.ddsketch import BaseDDSketch
from ddsketch.mapping import LogarithmicMapping
from ddsketch.store import DenseStore
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LARGEST: Final = 10**17
"""Larger numbers count as this one: 10^15 of base currency in hundredths."""


class Bins(NamedTuple):
    """Numbers by bin: ascending codes, how many in each, and their sum, which is whole too.

    Code 0 holds zero, code c the positive numbers up to gamma^(c-1), code -c their negatives.
    """

    codes: Ints
    counts: Ints
    sums: Floats

    @property
    def customers(self) -> int:
        """How many numbers there are."""
        return int(self.counts.sum())

    @property
    def total(self) -> float:
        """Their sum; exact up to 2^53."""
        return float(self.sums.sum())


class Grid:
    """The bins of a relative error between 0.001 and 0.1.

    >>> grid = Grid(0.01)
    >>> grid.codes([1, 2, 0, -2]).tolist(), grid.upper(grid.codes([2, 300, -300])).tolist()
    ([1, 71, 0, -71], [2, 302, -300])
    """

    def __init__(self, relative_error: float) -> None:
        # What the sketch calls accuracy is the error of a bin's middle.
        self.accuracy = relative_error / (2.0 + relative_error)
        self._mapping = LogarithmicMapping(self.accuracy)
        self._per_log = 1.0 / log(self._mapping.gamma)
        half = (1.0 + self._mapping.gamma) / 2.0
        last = self._mapping.key(LARGEST)
        # The first bin is that of 1, whatever the rounding of gamma^0.
        bounds = [1, *(floor(self._mapping.value(key) * half) for key in range(1, last + 1))]
        self._uppers: Ints = np.array(bounds, dtype=np.int64)

    def codes(self, numbers: ArrayLike) -> Ints:
        """The bin of each whole number (n,)."""
        given = np.asarray(numbers, dtype=np.int64)
        size = np.minimum(np.abs(given), self._uppers[-1])
        near = np.ceil(np.log(np.maximum(size, 1)) * self._per_log).astype(np.int64)
        # The logarithm is rounded: the bounds decide, they are what lines are made of.
        near -= (near > 0) & (self._uppers[np.maximum(near - 1, 0)] >= size)
        near += self._uppers[np.minimum(near, len(self._uppers) - 1)] < size
        found: Ints = np.sign(given) * (near + (size > 0))
        return found

    def upper(self, codes: ArrayLike) -> Ints:
        """The largest whole number of each bin (n,)."""
        given = np.asarray(codes, dtype=np.int64)
        size = np.minimum(np.abs(given), len(self._uppers))
        top = self._uppers[np.maximum(size, 1) - 1]
        bottom = np.where(size > 1, self._uppers[np.maximum(size, 2) - 2], 0) + 1
        found: Ints = np.where(given > 0, top, np.where(given < 0, -bottom, 0))
        return found

    def bins(self, numbers: ArrayLike, amounts: ArrayLike | None = None) -> Bins:
        """Whole numbers (n,) by bin; summed are ``amounts`` (n,) where they are given."""
        given = np.asarray(numbers, dtype=np.int64)
        summed = np.asarray(given if amounts is None else amounts, dtype=np.float64)
        if not len(given):
            return EMPTY
        codes = self.codes(given)
        lowest = int(codes.min())
        places = codes - lowest
        counts = np.bincount(places)
        sums = np.bincount(places, summed).astype(np.float64)
        used = np.flatnonzero(counts)
        return Bins(used + lowest, counts[used], sums[used])

    def sketch(self, codes: Ints, weights: Floats) -> BaseDDSketch:
        """The sketch to which numbers of ascending bins were added, so much of each bin."""
        positive, negative = codes > 0, codes < 0
        return BaseDDSketch(
            mapping=self._mapping,
            store=_store(codes[positive] - 1, weights[positive]),
            negative_store=_store(-codes[negative][::-1] - 1, weights[negative][::-1]),
            zero_count=float(weights[codes == 0].sum()),
        )

    def code_of(self, quantile: float) -> int:
        """The bin for which the sketch gave this value."""
        if not quantile:
            return 0
        key = int(self._mapping.key(abs(quantile)))
        return key + 1 if quantile > 0 else -key - 1


def _store(keys: Ints, weights: Floats) -> DenseStore:
    """A store as it is once so much was added to each of these ascending keys, in one go."""
    store = DenseStore()
    if len(keys):
        store.bins = np.bincount(keys - keys[0], weights).tolist()
        store.offset = store.min_key = int(keys[0])
        store.max_key = int(keys[-1])
        store.count = float(weights.sum())
    return store


EMPTY: Final = Bins(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


@lru_cache(maxsize=8)
def grid_of(relative_error: float) -> Grid:
    """The grid of a policy's relative error; some thousand bins, made once."""
    return Grid(relative_error)


def add(parts: Sequence[Bins]) -> Bins:
    """The bins of all of these numbers together."""
    parts = [part for part in parts if len(part.codes)]
    if len(parts) < 2:
        return parts[0] if parts else EMPTY
    codes, places = np.unique(np.concatenate([part.codes for part in parts]), return_inverse=True)
    counts = np.bincount(places, np.concatenate([part.counts for part in parts]))
    sums = np.bincount(places, np.concatenate([part.sums for part in parts])).astype(np.float64)
    return Bins(codes, counts.astype(np.int64), sums)


class Sketch:
    """Lines and totals of the numbers in ``bins``.

    >>> grid = grid_of(0.01)
    >>> sketch = Sketch(grid, grid.bins([1, 1, 2, 3, 5, 8, 100]))
    >>> sketch.line(0.5), sketch.above(3), sketch.top_line(0.8), sketch.top_customers(0.8)
    (3, (3, 113.0), 99, 1)
    """

    def __init__(self, grid: Grid, bins: Bins) -> None:
        self.bins = bins
        self._grid = grid
        self._uppers = grid.upper(bins.codes)
        self._by_number = grid.sketch(bins.codes, bins.counts.astype(np.float64))

    def line(self, share: float) -> int | None:
        """The quantile at ``share``: the number at place ``floor(share x (n - 1))`` of n.

        Numbers ascend and places count from 0; ``None`` without any number.
        """
        value = self._by_number.get_quantile_value(share)
        return None if value is None else int(self._grid.upper(self._grid.code_of(value)))

    def above(self, line: int) -> tuple[int, float]:
        """How many numbers are above a line of this grid, and their sum; exact."""
        over = self._uppers > line
        return int(self.bins.counts[over].sum()), float(self.bins.sums[over].sum())

    def top_line(self, share: float) -> int | None:
        """Above this line lie the largest numbers that make ``share`` of the sum; no fewer do.

        ``None`` where the sum is not above 0: then nobody makes a share of it.
        """
        needed = self._needed(share)
        if needed is None:
            return None
        positive = self.bins.codes > 0
        sketch = self._grid.sketch(self.bins.codes[positive], self.bins.sums[positive])
        # Numbers are whole: half a unit keeps the place apart from where a bin ends.
        place = (sketch.count - needed + 0.5) / max(sketch.count - 1.0, 1.0)
        value = sketch.get_quantile_value(min(place, 1.0))
        assert value is not None
        return int(self._grid.upper(self._grid.code_of(value) - 1))

    def line_of_top(self, share: float) -> int | None:
        """Above this line lie the largest numbers whose sums make ``share`` of all; no fewer do.

        The sums may be of something else than the numbers, and none of them is below 0.
        """
        needed = self._needed(share)
        if needed is None:
            return None
        reached = np.cumsum(self.bins.sums[::-1])
        place = len(reached) - 1 - int(np.searchsorted(reached, needed))
        return int(self._grid.upper(self.bins.codes[place] - 1))

    def top_customers(self, share: float) -> int | None:
        """How many of the largest numbers make ``share`` of the sum, with their bins' means."""
        needed = self._needed(share)
        if needed is None:
            return None
        positive = self.bins.codes > 0
        counts, sums = self.bins.counts[positive][::-1], self.bins.sums[positive][::-1]
        reached = np.cumsum(sums)
        place = min(int(np.searchsorted(reached, needed)), len(reached) - 1)
        short = needed - (float(reached[place - 1]) if place else 0.0)
        return int(counts[:place].sum()) + ceil(short / (float(sums[place]) / int(counts[place])))

    def top_value(self, customers: int) -> float:
        """What so many of the largest numbers sum up to, with the mean of the last one's bin."""
        counts, sums = self.bins.counts[::-1], self.bins.sums[::-1]
        place = int(np.searchsorted(np.cumsum(counts), customers))
        rest = customers - int(counts[:place].sum())
        part = rest * float(sums[place]) / int(counts[place]) if place < len(counts) else 0.0
        return float(sums[:place].sum()) + part

    def _needed(self, share: float) -> int | None:
        """The least whole number that is ``share`` of the sum, in exact decimals."""
        total = int(self.bins.total)
        return ceil(Fraction(str(share)) * total) if total > 0 else None
