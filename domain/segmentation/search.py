"""The search for K among those customers who are not in quarantine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from domain.policy.segments import SegmentRules
from domain.segmentation.kmeans import Clustering, best_clustering, finish, improved, nearest, seeds
from domain.segmentation.population import Population, Scaler
from domain.segmentation.silhouette import best_k, distance_matrix, mean_silhouette

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SMALLEST_K: Final = 2
CLEARLY: Final = 5e-4
"""Another clustering replaces the one at hand when its SSE is lower by this share."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to: the clustering for the best K, and the silhouettes by K.

    `finer` are the clusterings for larger K: where outliers show that this one does not tell.
    """

    clustering: Clustering
    silhouettes: dict[int, float]
    finer: tuple[Clustering, ...] = ()


@dataclass(frozen=True)
class Search:
    """The `kept` (m,) micro-clusters and `sampled` (s,) customers of a population, standardised.

    `known` (k, d) are the last model's centroids in transformed units; none where there is none.
    """

    population: Population
    weights: Floats
    rules: SegmentRules
    known: Floats
    kept: Flags
    sampled: Flags

    @classmethod
    def of_all(
        cls, population: Population, weights: Floats, rules: SegmentRules, known: Floats
    ) -> Self:
        """A search among all customers."""
        kept = np.ones(len(population.counts), dtype=bool)
        sampled = np.ones(len(population.sample), dtype=bool)
        return cls(population, weights, rules, known, kept, sampled)

    @cached_property
    def scaler(self) -> Scaler:
        """Mean and standard deviation of the customers in this search."""
        return self.population.scaler(self.kept, self.weights)

    @cached_property
    def points(self) -> Floats:
        """The means of the micro-clusters (n, d)."""
        return self.scaler.standardise(self.population.means[self.kept])

    @cached_property
    def counts(self) -> Floats:
        """The customers in each of `points` (n,)."""
        return self.population.counts[self.kept]

    @cached_property
    def sample(self) -> Floats:
        """The sampled customers of this search."""
        return self.scaler.standardise(self.population.sample[self.sampled])

    def run(
        self, rng: np.random.Generator, restarts: int, present: int | None, *, finer: bool = False
    ) -> Found | None:
        """The best clustering; None where there are not two points to tell apart.

        `present` is the K to stay at unless another is better by `silhouette_gain`. With K
        pinned there is no choice, and larger K are only looked at for `finer`; without that,
        the chosen clustering is made as good as can be.
        """
        largest = min(self.rules.k_max, len(np.unique(self.points, axis=0)))
        if largest < SMALLEST_K:
            return None
        pin = self.rules.k and min(self.rules.k, largest)
        numbers = range(pin or SMALLEST_K, (largest if finer or not pin else pin) + 1)
        starts = seeds(self.points, self.counts, max(numbers), restarts, rng)
        clusterings = {k: self._cluster(starts[:, :k]) for k in numbers}
        apart = distance_matrix(self.sample)
        silhouettes = {
            k: mean_silhouette(apart, nearest(self.sample, clusterings[k].centres))
            for k in ([pin] if pin else numbers)
        }
        chosen = best_k(silhouettes, present, self.rules.silhouette_gain)
        best = clusterings[chosen]
        if not finer:
            best = prefer(best, improved(self.points, self.counts, best, rng))
        larger = tuple(clusterings[k] for k in numbers if k > chosen) if finer else ()
        return Found(best, silhouettes, larger)

    def without(self, clustering: Clustering, clusters: list[int]) -> Self:
        """The same search, less the customers of these clusters."""
        kept, sampled = self.kept.copy(), self.sampled.copy()
        kept[self.kept] = ~np.isin(clustering.labels, clusters)
        of_sample = nearest(self.sample, clustering.centres)
        sampled[self.sampled] = ~np.isin(of_sample, clusters)
        return type(self)(self.population, self.weights, self.rules, self.known, kept, sampled)

    def _cluster(self, starts: Floats) -> Clustering:
        best = best_clustering(self.points, self.counts, starts)
        if len(self.known) != starts.shape[1]:
            return best
        start = self.scaler.standardise(self.known)
        own = finish(self.points, self.counts, start, revive=False)
        return prefer(own, best)


def prefer(own: Clustering, other: Clustering) -> Clustering:
    """The clustering at hand, unless another is clearly better: equals must not take turns."""
    return other if other.sse < own.sse * (1 - CLEARLY) else own
