"""One fit of the segments: a full scan for K with quarantine, or a refit from the last centroids.

A scan first finds out who is an outlier, then clusters the others with every K and takes the
best by mean silhouette. A refit keeps K, and the outliers where they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.policy.segments import SegmentRules
from domain.segmentation.identity import same_places
from domain.segmentation.kmeans import best_clustering, distances, finish, nearest, seeds
from domain.segmentation.population import Population, Scaler
from domain.segmentation.quarantine import LARGEST_SHARE, Sweep
from domain.segmentation.search import CLEARLY, Search
from domain.segmentation.silhouette import distance_matrix, mean_silhouette

Floats = NDArray[np.float64]
Labels = NDArray[np.intp]

REFIT_RESTARTS: Final = 4
SETTLE_ROUNDS: Final = 3
BATCH_RESTARTS: Final = 20
WORTH_A_SCAN: Final = 0.01
"""By how much of the SSE a fresh start must be better to ask for a scan."""


@dataclass(frozen=True, slots=True)
class Known:
    """Where the last model's centroids (k, d) and outliers (o, d) are, in transformed units."""

    centres: Floats
    outliers: Floats


@dataclass(frozen=True, slots=True)
class Fit:
    """`centres` and `outliers` in standardised units; `labels` (m,) name the nearest of both.

    The centre with the most customers comes first. `silhouettes` by K are those of a scan; a
    refit has none. `stretch` says how much farther than usual the farthest customer of a segment
    is; `improvable`, that Lloyd's iterations no longer do.
    """

    scaler: Scaler
    centres: Floats
    outliers: Floats
    labels: Labels
    stretch: float
    silhouettes: dict[int, float] = field(default_factory=dict)
    improvable: bool = False

    @property
    def k(self) -> int:
        """How many segments; a label from here on is an outlier's."""
        return len(self.centres)

    def inside(self, sample: Floats) -> tuple[Floats, Labels]:
        """Sampled customers (s, d), standardised, that are in a segment, and in which."""
        points = self.scaler.standardise(sample)
        labels = nearest(points, np.concatenate((self.centres, self.outliers)))
        inside = labels < self.k
        return points[inside], labels[inside]

    def distance(self, sample: Floats) -> float:
        """Mean distance of sampled customers to their centroid; 0 without any."""
        points, labels = self.inside(sample)
        return float(distances(points, self.centres, labels).mean()) if len(points) else 0.0

    def sse_ratio(self, sample: Floats, rng: np.random.Generator) -> float:
        """SSE of the sample in this fit over that of batch k-means++ with the same K."""
        points, labels = self.inside(sample)
        if len(points) <= self.k:
            return 1.0
        ones = np.ones(len(points))
        starts = seeds(points, ones, self.k, BATCH_RESTARTS, rng)
        batch = best_clustering(points, ones, starts).sse
        own = float((distances(points, self.centres, labels) ** 2).sum())
        return own / batch if batch > 0 else 1.0

    def silhouette(self, sample: Floats) -> float:
        """Mean silhouette of the sampled customers that are in a segment."""
        points, labels = self.inside(sample)
        return mean_silhouette(distance_matrix(points), labels)


def scan(
    population: Population,
    weights: Floats,
    rules: SegmentRules,
    known: Known | None,
    rng: np.random.Generator,
) -> Fit | None:
    """What a full search finds; None where there are not two segments to tell apart."""
    nothing = np.empty((0, population.means.shape[1]))
    known = known or Known(nothing, nothing)
    present = len(known.centres) or None
    search = Search.of_all(population, weights, rules, known.centres)
    search, outliers = Sweep(rng, present, known.outliers).run(search)
    found = search.run(rng, rules.restarts, present)
    if found is None:
        return None
    scaler, centres = search.scaler, found.clustering.centres
    outliers = _within_bounds(population, scaler, centres, scaler.standardise(outliers))
    fit = _settle(population, scaler, centres, outliers)
    return replace(fit, silhouettes=found.silhouettes)


def refit(population: Population, weights: Floats, known: Known, rng: np.random.Generator) -> Fit:
    """Lloyd's iterations from the last centroids, beside a few fresh starts.

    Ids must not change between scans. Where a centroid would leave its place, all stay where
    they were, and where a better fresh start has other clusters, it is not taken: the fit is
    `improvable`, and a scan is to find out what has become of the segments.
    """
    everyone = population.scaler(np.ones(len(population.counts), dtype=bool), weights)
    both = everyone.standardise(np.concatenate((known.centres, known.outliers)))
    kept = nearest(everyone.standardise(population.means), both) < len(known.centres)
    if not kept.any():
        kept[:] = True
    scaler = population.scaler(kept, weights)
    points, counts = scaler.standardise(population.means[kept]), population.counts[kept]
    start = scaler.standardise(known.centres)
    outliers = scaler.standardise(known.outliers)
    own = finish(points, counts, start, revive=False)
    fit = _settle(population, scaler, own.centres, outliers)
    if not same_places(start, fit.centres):
        held = _label(population, scaler, start, outliers)
        return replace(held, improvable=True)
    fresh = best_clustering(points, counts, seeds(points, counts, len(start), REFIT_RESTARTS, rng))
    gain = 1 - fresh.sse / own.sse if own.sse > 0 else 0.0
    if gain <= CLEARLY:
        return fit
    if same_places(start, fresh.centres):
        return _settle(population, scaler, fresh.centres, outliers)
    return replace(fit, improvable=gain > WORTH_A_SCAN)


def _settle(population: Population, scaler: Scaler, centres: Floats, outliers: Floats) -> Fit:
    """Let every micro-cluster go to the nearest of centroids and outliers, and these follow.

    That is how customers will be assigned. An outlier whose customers are gone is dropped.
    """
    points, counts, k = scaler.standardise(population.means), population.counts, len(centres)
    for _ in range(SETTLE_ROUNDS if len(outliers) else 0):
        outliers = outliers[_sizes(points, counts, centres, outliers)[k:] > 0]
        labels = nearest(points, np.concatenate((centres, outliers)))
        inside = labels < k
        centres = finish(points[inside], counts[inside], centres, revive=False).centres
        if not len(outliers):
            break
        members = (labels == np.arange(k, k + len(outliers))[:, None]) * counts
        outliers = members @ points / members.sum(axis=1, keepdims=True)
    return _label(population, scaler, centres, outliers)


def _label(population: Population, scaler: Scaler, centres: Floats, outliers: Floats) -> Fit:
    """The fit with exactly these centres, the largest segment first."""
    points, k = scaler.standardise(population.means), len(centres)
    sizes = _sizes(points, population.counts, centres, outliers)
    centres = centres[np.argsort(-sizes[:k], kind="stable")]
    labels = nearest(points, np.concatenate((centres, outliers)))
    gaps = distances(points, np.concatenate((centres, outliers)), labels)
    return Fit(scaler, centres, outliers, labels, _stretch(gaps, population.counts, labels, k))


def _sizes(points: Floats, counts: Floats, centres: Floats, outliers: Floats) -> Floats:
    """Customers nearest to each centre, then to each outlier."""
    labels = nearest(points, np.concatenate((centres, outliers)))
    rows = len(centres) + len(outliers)
    return np.bincount(labels, counts, minlength=rows).astype(np.float64)


def _stretch(gaps: Floats, counts: Floats, labels: Labels, k: int) -> float:
    """How much farther than usual (root mean square) the farthest of a segment is, at most."""
    most = 0.0
    for row in range(k):
        own = labels == row
        mass = counts[own].sum()
        usual = np.sqrt(counts[own] @ gaps[own] ** 2 / mass) if mass > 0 else 0.0
        if usual > 0:
            most = max(most, float(gaps[own].max() / usual))
    return most


def _within_bounds(
    population: Population, scaler: Scaler, centres: Floats, outliers: Floats
) -> Floats:
    """The outliers less the largest, while they have more customers than may be quarantined."""
    points, counts = scaler.standardise(population.means), population.counts
    while len(outliers):
        sizes = _sizes(points, counts, centres, outliers)[len(centres) :]
        if sizes.sum() <= LARGEST_SHARE * counts.sum():
            break
        outliers = np.delete(outliers, int(np.argmax(sizes)), axis=0)
    return outliers
