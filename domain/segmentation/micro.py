"""Micro-clusters by customer: at most a few hundred, however many customers there are.

A customer is in exactly one micro-cluster, with its newest vector: a new vector replaces the old
one, which is reverted from where it was. Without that, a customer that is sent again at every
update counts many times. Nothing decays: the seven-day window of the vectors forgets.

While there is room, a new vector opens a micro-cluster of its own. When full, it joins the
nearest, unless that costs more (by Ward) than the cheapest merge; then some pairs are merged at
once to make room. Distances are between transformed, scaled features: the scale is the standard
deviation, so that no feature rules by its units.

The running sums only choose where a vector goes. Whatever leaves (``summary``) is added up from
the vectors of the customers there now, so what was removed leaves no trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.segmentation.columns import Columns
from domain.segmentation.features import FeatureSet, Floats
from domain.segmentation.snapshot import NO_CLUSTER as FREE
from domain.segmentation.snapshot import Snapshot, numbered
from domain.segmentation.summary import Summary

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

BLOCK: Final = 1_024
"""Rows that are placed by one matrix product."""
GROWTH: Final = 65_536
"""Rows are added at most by so many at once: growing makes no pause."""
LOOK_EVERY: Final = 1_024
"""Operations between two looks at the scale and at the cheapest merge."""
MERGE_ROUNDS: Final = 2
"""Merges at once within one block; who then finds no room joins the nearest."""
SAME: Final = 1e-12
"""Squared scaled distance up to which two vectors are the same: a millionth of a deviation."""


class MicroClusters:
    """Columns of the micro-clusters (at most ``capacity``) and of the rows (customers).

    A row is a slot number that the caller hands out, small and used again after ``remove``.
    ``slots`` says in which of the ``columns`` each row is, ``FREE`` where it has no vector. Kept
    for each row: cluster (2 bytes), hash (8), vector in real units (4 d) and its columns
    (8 c): 114 bytes at the bank's 8 features, one of them a share.
    """

    def __init__(self, features: FeatureSet, capacity: int = 256) -> None:
        width = len(features.columns)
        self.features = features
        self.capacity = capacity
        self.customers = 0
        self.slots = np.full(0, FREE, dtype=np.int16)
        self._hashes = np.zeros(0, dtype=np.uint64)
        self._raw = np.zeros((0, len(features)), dtype=np.float32)
        self._vectors = np.zeros((0, width))
        self.columns = Columns(capacity, width)
        # Joining may cost so much before an own micro-cluster is wanted: next to nothing until
        # the first merge, then what the cheapest merge costs.
        self._threshold = SAME
        self._until_look = 2

    # -- what happens to customers ----------------------------------------------------

    def put(self, rows: ArrayLike, raw: ArrayLike, hashes: ArrayLike) -> None:
        """Learn or replace the vectors (m, d; real units) of these rows (m,).

        ``hashes`` (m,) are those of the rows' keys. Of a row that is there twice the last vector
        counts.
        """
        row_numbers = np.asarray(rows, dtype=np.int64)
        values = np.asarray(raw, dtype=np.float64)
        keys = np.asarray(hashes, dtype=np.uint64)
        if len(row_numbers) == 1:
            self.put_one(int(row_numbers[0]), values[0], int(keys[0]))
            return
        for start in range(0, len(row_numbers), BLOCK):
            block = slice(start, start + BLOCK)
            self._put_block(row_numbers[block], values[block], keys[block])

    def put_one(self, row: int, raw: Sequence[float] | Floats, key_hash: int) -> None:
        """``put`` of a single vector (d,), without the cost of a batch."""
        if row >= len(self.slots):
            self._grow(row + 1)
        columns = self.columns
        vector = self._vectors[row]
        old = self.slots.item(row)
        if old == FREE:
            self.customers += 1
        else:
            columns.move(old, -1, vector * columns.inverse)
        self._raw[row] = raw
        self.features.put(vector, raw)
        self._hashes[row] = key_hash
        scaled = vector * columns.inverse
        slot, cost = columns.nearest_one(scaled)
        if cost > self._threshold:
            slot = int(columns.counts.argmin())
            if columns.counts.item(slot):
                self.slots[row] = FREE
                self._place(np.array([row]))
                self._tick(1)
                return
        self.slots[row] = slot
        columns.move(slot, 1, scaled)
        self._tick(1)

    def remove(self, rows: ArrayLike) -> None:
        """Forget these rows (m,): nothing of their vectors stays. Unknown rows are ignored."""
        known = np.unique(np.asarray(rows, dtype=np.int64))
        known = known[known < len(self.slots)]
        self._revert(known)
        self.customers -= int((self.slots[known] != FREE).sum())
        self.slots[known] = FREE
        self._vectors[known] = 0.0
        self._raw[known] = 0.0
        self._hashes[known] = 0
        self._tick(len(known))

    # -- what is seen from outside ----------------------------------------------------

    @property
    def live(self) -> Ints:
        """The rows that have a vector, ascending (n,)."""
        return np.flatnonzero(self.slots != FREE)

    def summary(self, number: int, clock: int, sample: int) -> Summary:
        """What this partition (``number``) tells the segments task at ``clock`` (ms).

        Added up anew from the customers there now, in about 0.1 microseconds a row. Up to
        ``capacity`` of them, each is a micro-cluster by itself, whatever happened before.
        """
        return self._snapshot().summary(number, clock, sample)

    def _snapshot(self) -> Snapshot:
        live = self.live
        alone = len(live) <= self.capacity
        clusters = np.arange(len(live)) if alone else numbered(self.slots[live])
        return Snapshot(self.features, live, clusters, self._vectors, self._raw, self._hashes)

    # -- placing ----------------------------------------------------------------------

    def _put_block(self, rows: Ints, raw: Floats, hashes: Hashes) -> None:
        distinct, backwards = np.unique(rows[::-1], return_index=True)
        if len(distinct) < len(rows):
            last = np.sort(len(rows) - 1 - backwards)
            rows, raw, hashes = rows[last], raw[last], hashes[last]
        if distinct[-1] >= len(self.slots):
            self._grow(int(distinct[-1]) + 1)
        self._revert(rows)
        self.customers += int((self.slots[rows] == FREE).sum())
        self.slots[rows] = FREE
        vectors = self._vectors[rows] = self.features.transform(raw)
        if 2 * len(rows) > self.customers:
            # Most customers are in this block: it knows their scale better than what was there.
            mean, deviation = vectors.mean(axis=0), vectors.std(axis=0)
            self.columns.set_scale(mean, deviation, self.features.placing)
        self._raw[rows] = raw
        self._hashes[rows] = hashes
        self._place(rows)
        self._tick(len(rows))

    def _place(self, rows: Ints) -> None:
        """Put rows (m,) that are in no micro-cluster into the nearest, or into a new one."""
        columns = self.columns
        merges = 0
        while len(rows):
            scaled = self._vectors[rows] * columns.inverse
            slots, costs = columns.nearest(scaled)
            free = np.flatnonzero(columns.counts == 0)
            joins = costs <= self._threshold
            if not len(free) and merges == MERGE_ROUNDS:
                joins[:] = True
            self.slots[rows[joins]] = slots[joins]
            columns.add(slots[joins], scaled[joins], 1)
            rows, scaled, costs = rows[~joins], scaled[~joins], costs[~joins]
            if not len(rows):
                return
            if len(free):
                farthest = np.argsort(-costs, kind="stable")[: self._at_once(len(free))]
                opened = self._open(rows, scaled, farthest, free)
                rows = np.delete(rows, opened)
            else:
                self._make_room(float(costs.max()))
                merges += 1

    def _at_once(self, free: int) -> int:
        """How many to open before who is near is looked at again."""
        return free if self.customers <= self.capacity else min(free, 1 + self.capacity // 8)

    def _open(self, rows: Ints, scaled: Floats, chosen: Ints, free: Ints) -> Ints:
        """Give each distinct vector of the chosen a micro-cluster; returns whose it was."""
        _, first = np.unique(scaled[chosen], axis=0, return_index=True)
        opened = chosen[np.sort(first)]
        slots = free[: len(opened)]
        self.slots[rows[opened]] = slots
        self.columns.add(slots, scaled[opened], 1)
        return opened

    def _make_room(self, limit: float) -> None:
        """Merge some of the closest pairs that cost less than ``limit``."""
        slots, cheapest = self.columns.merge(max(1, self.capacity // 16), limit)
        self._threshold = max(cheapest, SAME)
        # One more entry, which FREE (-1) finds.
        self.slots = np.append(slots, np.int16(FREE))[self.slots]

    # -- upkeep -----------------------------------------------------------------------

    def _revert(self, rows: Ints) -> None:
        known = rows[self.slots[rows] != FREE]
        if len(known):
            scaled = self._vectors[known] * self.columns.inverse
            self.columns.add(self.slots[known].astype(np.int64), scaled, -1)

    def _tick(self, operations: int) -> None:
        """Look at the scale and the cheapest merge now and then: at each doubling, at first."""
        self._until_look -= operations
        if self._until_look > 0:
            return
        self._until_look = min(max(2, self.customers), LOOK_EVERY)
        columns = self.columns
        columns.rescale(self.features.placing)
        if self._threshold > SAME:
            roomy = int((columns.counts == 0).sum()) > self.capacity // 4
            self._threshold = SAME if roomy else max(columns.cheapest_merge(), SAME)

    def _grow(self, rows: int) -> None:
        before = len(self.slots)
        after = max(rows, before + min(max(before, BLOCK), GROWTH))
        for name in ("slots", "_hashes", "_raw", "_vectors"):
            column = getattr(self, name)
            if not column.flags.owndata:  # as after pickling
                column = column.copy()
                setattr(self, name, column)
            # In place, by the system's realloc: large arrays are not copied.
            column.resize((after, *column.shape[1:]), refcheck=False)
        self.slots[before:] = FREE
