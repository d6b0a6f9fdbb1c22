"""The customers of one partition at one moment, added up by micro-cluster.

Everything is computed from the vectors that are there: no running sum, hence no drift and no
trace of what was replaced or removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.segmentation.features import FeatureSet, Floats
from domain.segmentation.summary import Summary

Labels = NDArray[np.int16]
Ints = NDArray[np.int64]

NO_CLUSTER: Final = -1


@dataclass(frozen=True, eq=False)
class Snapshot:
    """m micro-clusters of d features, in c columns, over n customers.

    ``clusters`` (n,) is the micro-cluster of each customer, from 0; ``rows`` (n,) is where its
    vector is in ``vectors`` (columns), ``raw`` (real units, of the features alone) and
    ``hashes``. Those are the live columns, not copies: use it at once.
    """

    features: FeatureSet
    rows: Ints
    clusters: Ints
    vectors: Floats
    raw: NDArray[np.float32]
    hashes: NDArray[np.uint64]

    def summary(self, number: int, clock: int, sample: int) -> Summary:
        """The figures of partition ``number`` at ``clock`` (ms), with a sample of customers.

        Micro-clusters are in the order of their sums: who was learnt first has no effect.
        """
        counts = np.bincount(self.clusters)
        names, drawn = self.features.columns, self.features.drawn
        shape = (len(counts), len(names))
        sums, raw_sums, raw_squares = (np.zeros(shape) for _ in range(3))
        mean, m2 = np.zeros(shape[1]), np.zeros(shape[1])
        for feature in range(shape[1] if len(counts) else 0):
            # Column by column: twice as fast as all at once, and the mean is a pairwise sum.
            values = self.vectors[self.rows, feature]
            sums[:, feature] = np.bincount(self.clusters, values)
            mean[feature] = values.mean()
            values -= mean[feature]
            m2[feature] = values @ values
            if feature < len(self.features):
                real = self.raw[self.rows, feature].astype(np.float64)
            else:
                share = drawn[feature - len(self.features)].share
                real = self.vectors[self.rows, feature] * self.vectors[self.rows, share]
            raw_sums[:, feature] = np.bincount(self.clusters, real)
            raw_squares[:, feature] = np.bincount(self.clusters, real * real)
        chosen = self._sample(sample)
        order = np.lexsort(sums.T)
        return Summary(
            partition=number,
            clock=clock,
            features=names,
            customers=len(self.clusters),
            counts=counts[order],
            sums=sums[order],
            raw_sums=raw_sums[order].astype(np.float32),
            raw_squares=raw_squares[order].astype(np.float32),
            mean=mean,
            m2=m2,
            hashes=self.hashes[chosen],
            vectors=self.vectors[chosen].astype(np.float32),
        )

    def _sample(self, size: int) -> Ints:
        """The rows of the customers with the smallest hashes, ascending."""
        hashes = self.hashes[self.rows]
        chosen = np.arange(len(hashes))
        if size < len(chosen):
            chosen = np.argpartition(hashes, size)[:size]
        return self.rows[chosen[np.argsort(hashes[chosen], kind="stable")]]


def numbered(slots: Labels) -> Ints:
    """Slots (n,) numbered anew from 0, free ones left out."""
    used = np.bincount(slots) > 0
    return np.asarray((np.cumsum(used) - 1)[slots])
