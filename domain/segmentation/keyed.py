"""Everything that a keyed clusterer holds once its features are known.

Customers by key, their micro-clusters, the fitter with its model, and each customer's label.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from math import isfinite
from typing import Any, Final

import numpy as np
from xxhash import xxh3_64_intdigest

from domain.policy.segments import GenericRules
from domain.segmentation.assign import NONE, Assigner
from domain.segmentation.features import FeatureSet
from domain.segmentation.fit import Fitter
from domain.segmentation.micro import MicroClusters
from domain.segmentation.summary import Summary
from schemas.segments import QUARANTINE, SegmentModel

BEFORE_ANY_MODEL: Final = 0
QUARANTINED: Final = -1
MS_PER_LEARN: Final = 1_000
"""There is no clock in here: what the rules say of seconds is counted in vectors learnt."""

Row = tuple[int, int]
"""Number and key hash."""


class KeyedEngine:
    """Customers by key and the newest ``anonymous`` without one, in rows of ``micro``.

    ``changes`` counts since the last fit. A segment keeps its number, from 0 up, from model to
    model; -1 is quarantine.
    """

    def __init__(self, rules: GenericRules, anonymous: int) -> None:
        self.rules = rules
        self.micro = MicroClusters(FeatureSet.of(rules), rules.micro_clusters)
        self.fitter = Fitter(rules)
        self.assigner: Assigner | None = None
        self.anonymous = anonymous
        self.changes = 0
        self.learnt = 0
        self.tried = False
        self._rows: dict[Hashable, Row] = {}
        self._free: list[int] = []
        self._ring: list[int] = []
        self._ring_next = 0
        self._labels: list[int] = []
        self._numbers: dict[str, int] = {QUARANTINE: QUARANTINED}

    def learn(self, x: Mapping[Any, Any], key: Hashable | None) -> None:
        """Learn a vector. Raises ValueError: a value that cannot be."""
        raw = self._raw(x)
        row, key_hash = self._row(key)
        self.micro.put_one(row, raw, key_hash)
        if self.assigner is not None:
            self._labels[row] = self.assigner.judge_one(raw, self._labels[row])
        self.learnt += 1
        self.changes += 1

    def predict(self, x: Mapping[Any, Any], key: Hashable | None) -> int:
        """The number of the segment of ``x``, with hysteresis where the key is known."""
        if self.assigner is None:
            return BEFORE_ANY_MODEL
        known = self._rows.get(key) if key is not None else None
        current = self._labels[known[0]] if known is not None else NONE
        label = self.assigner.judge_one(self._raw(x), current)
        return self._numbers[self.assigner.ids[label]]

    def forget(self, key: Hashable) -> None:
        """Take a customer away; an unknown key is no error."""
        known = self._rows.pop(key, None)
        if known is None:
            return
        row = known[0]
        self.micro.remove([row])
        self._labels[row] = NONE
        self._free.append(row)
        self.changes += 1

    def refit_when_due(self, every: int) -> None:
        """Fit at the first chance, then once for ``every`` changes."""
        enough = self.micro.customers >= self.rules.min_customers
        if enough and self.changes >= (every if self.tried else 1):
            self.refit()

    def refit(self) -> None:
        """Fit now."""
        self.tried = True
        self.changes = 0
        model = self.fitter.fit([self.summary()], self.learnt * MS_PER_LEARN)
        if model is not None:
            self._take(model)

    def summary(self) -> Summary:
        """The customers there now, as one partition."""
        return self.micro.summary(0, self.learnt * MS_PER_LEARN, self.rules.sample)

    def _take(self, model: SegmentModel) -> None:
        """Number the new segments, and assign everybody anew, hysteresis kept by segment id."""
        before = self.assigner.ids if self.assigner is not None else ()
        assigner = self.assigner = Assigner(model)
        for segment_id in model.segment_ids:
            # Quarantine is among the numbers from the start, as -1.
            self._numbers.setdefault(segment_id, len(self._numbers) - 1)
        # One more entry, which NONE (-1) finds.
        same = np.array([*(assigner.index_of.get(each, NONE) for each in before), NONE])
        rows = self.micro.live
        held = same[np.array(self._labels)[rows]]
        labels = assigner.judge(self.micro.raw(rows), held)
        for row, label in zip(rows.tolist(), labels.tolist(), strict=True):
            self._labels[row] = label

    def _raw(self, x: Mapping[Any, Any]) -> list[float]:
        """The values of ``x`` in the order of the features. Raises ValueError."""
        given = x.get
        raw = [float(given(name, 0.0)) for name in self.rules.features]
        # Nearly always so; only then is each looked at.
        if not (isfinite(sum(raw)) and min(raw) >= 0.0):
            self._refuse_impossible(raw)
        return raw

    def _refuse_impossible(self, raw: list[float]) -> None:
        for name, value, (low, _) in zip(self.rules.features, raw, self.rules.limits, strict=True):
            if not (isfinite(value) and value >= low):
                raise ValueError(f"{name} is {value}; must be finite and at least {low}")

    def _row(self, key: Hashable | None) -> Row:
        """The row and the hash of this customer; a new row where it is new."""
        if key is None:
            return self._anonymous_row()
        known = self._rows.get(key)
        if known is None:
            known = self._rows[key] = (self._new_row(), _hash(key))
        return known

    def _anonymous_row(self) -> Row:
        """The next row of the ring: when that is full, the oldest vector gives way."""
        if len(self._ring) < self.anonymous:
            self._ring.append(self._new_row())
            return self._ring[-1], _hash(len(self._ring))
        row = self._ring[self._ring_next]
        self._ring_next = (self._ring_next + 1) % self.anonymous
        self._labels[row] = NONE
        return row, _hash(row)

    def _new_row(self) -> int:
        if self._free:
            return self._free.pop()
        self._labels.append(NONE)
        return len(self._labels) - 1


def _hash(key: Hashable) -> int:
    packed = key if isinstance(key, bytes) else str(key).encode()
    return xxh3_64_intdigest(packed)
