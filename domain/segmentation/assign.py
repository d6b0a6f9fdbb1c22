"""Which segment a customer is in: the nearest centroid, with hysteresis.

A customer that lies between two segments would change with every event. So it changes only when
the other centroid is nearer by more than ``margin``, a share of the distance to its own.
Quarantine counts as one more segment, whose centres are those of the outliers.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import dist, inf, log1p
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.kernel.units import MS_PER_HOUR
from domain.segmentation.features import Floats
from domain.segmentation.publish import priors
from schemas.segments import QUARANTINE, SegmentModel

Labels = NDArray[np.int16]
Times = NDArray[np.int64]
Rows = NDArray[np.intp]

NONE: Final = -1
TIE: Final = 1e-9
"""Distances that differ by less than this share are equal: the lower index wins."""


class Judged(NamedTuple):
    """The label of each customer (m,), and since when (ms) it has been held in it though another
    is nearer past the margin (m,); 0 where none is."""

    labels: Labels
    away: Times


class Assigner:
    """Assigns by one model. ``ids[label]`` is the segment id; the last label is quarantine.

    Cost with 3 centroids of 8 features: 2 to 3 microseconds for one vector, 20 ms for 100,000.
    """

    def __init__(self, model: SegmentModel) -> None:
        self.model = model
        self.ids: tuple[str, ...] = (*model.segment_ids, QUARANTINE)
        self.index_of: dict[str, int] = {each: label for label, each in enumerate(self.ids)}
        self.quarantine = len(model.centroids)
        self.logged = np.array(model.logged, dtype=bool)
        self._mean = np.array(model.mean)
        self._factor = np.sqrt(np.array(model.weights)) / np.array(model.scale)
        self._centres = [*model.centroids, *model.outliers]
        self._labels = self.quarantine + bool(model.outliers)
        self.hold_ms = round(model.hold_hours * MS_PER_HOUR)
        self._stays = (1.0 - model.margin) * (1.0 - TIE)
        self._goes = (1.0 - model.clear_margin) * (1.0 - TIE)
        self._scaler = list(zip(model.logged, model.mean, self._factor.tolist(), strict=True))
        means = (each.mean for each in model.drawn)
        self._drawn = list(zip(priors(model), means, strict=True))

    def standardise(self, raw: ArrayLike) -> Floats:
        """Vectors (m, d) in real units as the centroids are: drawn, logarithm, mean, scale,
        weight."""
        values = np.array(raw, dtype=np.float64)
        for each, mean in self._drawn:
            share, count = values[..., each.share], values[..., each.of]
            values[..., each.share] = each.seen(share, count, mean)
        np.log1p(values, out=values, where=self.logged)
        values -= self._mean
        values *= self._factor
        return values

    def standardise_one(self, raw: Sequence[float]) -> list[float]:
        """``standardise`` for one vector (d,), in microseconds: no arrays."""
        if self._drawn:
            raw = list(raw)
            for (share, of, prior), mean in self._drawn:
                raw[share] = mean + raw[of] / (raw[of] + prior) * (raw[share] - mean)
        return [
            ((log1p(value) if logged else value) - mean) * factor
            for value, (logged, mean, factor) in zip(raw, self._scaler, strict=True)
        ]

    def distances(self, raw: ArrayLike) -> Floats:
        """Distance of each vector (m, d) to each label (m, K + 1); infinite without outliers."""
        vectors = self.standardise(raw)
        to_centres = np.empty((len(vectors), len(self._centres)))
        for label, centre in enumerate(self._centres):
            apart_by = vectors - centre
            np.sqrt(np.einsum("md,md->m", apart_by, apart_by), out=to_centres[:, label])
        apart = np.full((len(to_centres), self.quarantine + 1), np.inf)
        apart[:, : self.quarantine] = to_centres[:, : self.quarantine]
        if len(self._centres) > self.quarantine:
            apart[:, self.quarantine] = to_centres[:, self.quarantine :].min(axis=1)
        return apart

    def nearest(self, raw: ArrayLike) -> Labels:
        """The label of the nearest centre of each vector (m, d), hysteresis left aside."""
        return _first_nearest(self.distances(raw))

    def judge(self, raw: ArrayLike, current: ArrayLike) -> Labels:
        """The label of each vector (m, d) of a customer whose label is ``current`` (m,).

        A ``current`` that is no label of this model (``NONE``, say) leaves no hysteresis. Time
        is left aside: past the margin is past it.
        """
        labels, held, _ = self._past_margin(raw, current)
        labels[held] = np.asarray(current, dtype=np.int16)[held]
        return labels

    def judge_at(self, raw: ArrayLike, current: ArrayLike, away: ArrayLike, now: int) -> Judged:
        """``judge`` at ``now`` (ms), by the clock: who is past the margin, but not clearly, is
        held until it has been so for the model's hold. ``away`` (m,) is what this gave before.
        """
        labels, held, past = self._past_margin(raw, current)
        since = np.asarray(away, dtype=np.int64)[past]
        since = np.where(since > 0, since, now)
        waits = now - since < self.hold_ms
        found = np.zeros(len(labels), dtype=np.int64)
        found[past[waits]] = since[waits]
        held = np.concatenate((held, past[waits]))
        labels[held] = np.asarray(current, dtype=np.int16)[held]
        return Judged(labels, found)

    def _past_margin(self, raw: ArrayLike, current: ArrayLike) -> tuple[Labels, Rows, Rows]:
        """The nearest label of each vector; who is not past the margin; who is, but not clearly."""
        apart = self.distances(raw)
        labels = _first_nearest(apart)
        before = np.asarray(current, dtype=np.int16)
        known = np.flatnonzero((before >= 0) & (before < self._labels))
        nearest = apart[known, labels[known]]
        own = apart[known, before[known]]
        past = nearest < own * self._stays
        return labels, known[~past], known[past & ~(nearest < own * self._goes)]

    def judge_one(self, raw: Sequence[float], current: int) -> int:
        """``judge`` for one vector (d,), in microseconds: no arrays."""
        # A tuple: `math.dist` would make one of a list for every centre.
        vector = tuple(self.standardise_one(raw))
        apart = [dist(vector, centre) for centre in self._centres]
        lowest = min(apart)
        quarantine = self.quarantine
        if 0 <= current <= quarantine:
            own = apart[current] if current < quarantine else min(apart[quarantine:], default=inf)
            if not lowest < own * self._stays:
                return current
        limit = lowest + lowest * TIE
        for label, distance in enumerate(apart):
            if distance <= limit:
                return min(label, quarantine)
        raise AssertionError("the lowest distance is within its own limit")


def _first_nearest(apart: Floats) -> Labels:
    """The first label (m,) whose distance (m, K + 1) is the lowest, but for rounding."""
    lowest = apart.min(axis=1, keepdims=True)
    return np.asarray(np.argmax(apart <= lowest + lowest * TIE, axis=1).astype(np.int16))
