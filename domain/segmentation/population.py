"""All partitions' summaries as one population, and the scaler worked out from it.

Merging knows no order: partitions are taken by number, and the sample is the customers with
the smallest hashes of all. Moments merge by Chan, Golub and LeVeque 1979, as in river's
`stats.Var`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.segmentation.summary import Summary

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CONSTANT: Final = 1e-6
"""A standard deviation below this share of the mean is rounding: the feature does not vary."""


@dataclass(frozen=True, slots=True)
class Scaler:
    """Standardises transformed vectors: less `mean`, by `scale`, times `root` (of the weight)."""

    mean: Floats
    scale: Floats
    root: Floats

    def standardise(self, transformed: Floats) -> Floats:
        """Vectors (m, d) in the units in which distances are measured."""
        scaled: Floats = (transformed - self.mean) * (self.root / self.scale)
        return scaled

    def restore(self, standardised: Floats) -> Floats:
        """The inverse: vectors (m, d) in transformed units."""
        transformed: Floats = standardised * (self.scale / self.root) + self.mean
        return transformed


@dataclass(frozen=True, slots=True)
class Population:
    """m micro-clusters of d features: customers in each, mean transformed vectors, raw sums.

    `mean` and `m2` (sum of squared deviations) are of all customers, transformed; `sample`
    (s, d) are the transformed vectors of the customers with the smallest key hashes.
    """

    counts: Floats
    means: Floats
    raw_sums: Floats
    raw_squares: Floats
    mean: Floats
    m2: Floats
    sample: Floats

    @property
    def customers(self) -> int:
        """How many customers have a vector."""
        return int(self.counts.sum())

    def scaler(self, kept: Flags, weights: Floats) -> Scaler:
        """Mean and standard deviation of the customers in the `kept` (m,) micro-clusters.

        Those left out are taken off as so many customers at their micro-cluster's mean.
        """
        mean, m2, count = self.mean, self.m2, self.counts.sum()
        if not kept.all():
            out, gone = self.counts[~kept], self.means[~kept]
            removed, rest = out.sum(), count - out.sum()
            centre = out @ gone / removed
            mean = (count * self.mean - removed * centre) / rest
            between = (centre - mean) ** 2 * (removed * rest / count)
            m2 = np.maximum(m2 - out @ (gone - centre) ** 2 - between, 0.0)
            count = rest
        deviation = np.sqrt(m2 / count)
        constant = deviation <= CONSTANT * np.maximum(np.abs(mean), 1.0)
        return Scaler(mean, np.where(constant, 1.0, deviation), np.sqrt(weights))


def merge(
    summaries: Sequence[Summary], features: tuple[str, ...], sample: int
) -> Population | None:
    """One population from the newest summary of each partition; None where nobody is in it.

    A summary of other features is left out: its partition still follows an older policy.
    """
    newest: dict[int, Summary] = {}
    for each in summaries:
        known = newest.get(each.partition)
        if each.features == features and (known is None or each.clock >= known.clock):
            newest[each.partition] = each
    parts = [newest[number] for number in sorted(newest) if newest[number].customers > 0]
    if not parts:
        return None
    counts = np.concatenate([part.counts for part in parts]).astype(np.float64)
    full = counts > 0
    mean, m2 = _moments(parts)
    hashes = np.concatenate([part.hashes for part in parts])
    smallest = np.argsort(hashes, kind="stable")[:sample]
    return Population(
        counts=counts[full],
        means=_column([part.sums for part in parts])[full] / counts[full, None],
        raw_sums=_column([part.raw_sums for part in parts])[full],
        raw_squares=_column([part.raw_squares for part in parts])[full],
        mean=mean,
        m2=m2,
        sample=_column([part.vectors for part in parts])[smallest],
    )


def _column(parts: Sequence[NDArray[np.floating]]) -> Floats:
    return np.concatenate(parts).astype(np.float64)


def _moments(parts: Sequence[Summary]) -> tuple[Floats, Floats]:
    """Mean and sum of squared deviations of all customers, from those of each partition."""
    counts = np.array([part.customers for part in parts], dtype=np.float64)
    means = np.array([part.mean for part in parts], dtype=np.float64)
    mean = counts @ means / counts.sum()
    m2 = np.sum([part.m2 for part in parts], axis=0) + counts @ (means - mean) ** 2
    return mean, m2
