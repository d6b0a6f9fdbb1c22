"""All partitions' summaries as one population, and the scaler worked out from it.

Merging knows no order: partitions are taken by number, and the sample is the customers with
the smallest hashes of all. Moments merge by Chan, Golub and LeVeque 1979, as in river's
`stats.Var`. Here the mean that shares are drawn to is known, so from here on vectors are those
that the clustering sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from domain.segmentation.features import FeatureSet
from domain.segmentation.shares import MIDDLE, mean_share
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
    (s, d) are the transformed vectors of the customers with the smallest key hashes. `usual` has
    the mean that each drawn share is drawn to, in the order of `FeatureSet.drawn`.
    """

    counts: Floats
    means: Floats
    raw_sums: Floats
    raw_squares: Floats
    mean: Floats
    m2: Floats
    sample: Floats
    usual: tuple[float, ...] = ()

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


def merge(summaries: Sequence[Summary], features: FeatureSet, sample: int) -> Population | None:
    """One population from the newest summary of each partition; None where nobody is in it.

    A summary of other features is left out: its partition still follows an older policy.
    """
    newest: dict[int, Summary] = {}
    for sent in summaries:
        undrawn = sent.features == features.names != features.columns
        each = _of_undrawn(sent, features) if undrawn else sent
        known = newest.get(each.partition)
        if each.features == features.columns and (known is None or each.clock >= known.clock):
            newest[each.partition] = each
    parts = [newest[number] for number in sorted(newest) if newest[number].customers > 0]
    if not parts:
        return None
    counts = np.concatenate([part.counts for part in parts]).astype(np.float64)
    full = counts > 0
    mean, m2 = _moments(parts)
    hashes = np.concatenate([part.hashes for part in parts])
    smallest = np.argsort(hashes, kind="stable")[:sample]
    counts, wide = counts[full], len(features)
    means = _column([part.sums for part in parts])[full] / counts[:, None]
    raw_sums = _column([part.raw_sums for part in parts])[full]
    usual = tuple(
        mean_share(float(counts @ means[:, each.share]), float(counts @ means[:, place]))
        for place, each in enumerate(features.drawn, start=wide)
    )
    shares = [each.share for each in features.drawn]
    covered = raw_sums.sum(axis=0)[wide:] - counts.sum() * mean[shares] * mean[wide:]
    return Population(
        counts=counts,
        means=features.drawn_to(means, usual),
        raw_sums=raw_sums[:, :wide],
        raw_squares=_column([part.raw_squares for part in parts])[full, :wide],
        mean=features.drawn_to(mean, usual),
        m2=_drawn_m2(m2, covered, features, usual),
        sample=features.drawn_to(_column([part.vectors for part in parts])[smallest], usual),
        usual=usual,
    )


def _drawn_m2(
    m2: Floats, covered: Floats, features: FeatureSet, usual: tuple[float, ...]
) -> Floats:
    """Sums of squared deviations (d,) of what the clustering sees, from the columns' (c,).

    ``covered`` (h,) sums the products of deviations of both columns of each drawn share.
    """
    found = m2[: len(features)].copy()
    drawn = zip(features.drawn, usual, covered.tolist(), strict=True)
    for place, (each, p, both) in enumerate(drawn, len(features)):
        slope = MIDDLE - p
        found[each.share] = max(m2[each.share] + slope * (slope * m2[place] + 2 * both), 0.0)
    return found


def _of_undrawn(summary: Summary, features: FeatureSet) -> Summary:
    """A summary from before shares were drawn, as those of `features` are.

    Exact where customers of a micro-cluster are alike; it counts until the partition sends its
    next.
    """
    counts, full = summary.counts.astype(np.float64), np.maximum(summary.counts, 1)[:, None]
    means = features.transform(features.restore(summary.sums / full))
    more = means.shape[1] - len(features)
    raw_sums = np.pad(summary.raw_sums, ((0, 0), (0, more)))
    mean, m2 = np.append(summary.mean, np.zeros(more)), np.append(summary.m2, np.zeros(more))
    total = max(counts.sum(), 1.0)
    for place, each in enumerate(features.drawn, start=len(features)):
        for column in (each.share, place):
            mean[column] = counts @ means[:, column] / total
            m2[column] = counts @ (means[:, column] - mean[column]) ** 2
        raw_sums[:, place] = counts * means[:, each.share] * means[:, place]
    return replace(
        summary,
        features=features.columns,
        sums=means * counts[:, None],
        raw_sums=raw_sums,
        raw_squares=np.pad(summary.raw_squares, ((0, 0), (0, more))),
        mean=mean,
        m2=m2,
        vectors=features.transform(features.restore(summary.vectors)).astype(np.float32),
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
