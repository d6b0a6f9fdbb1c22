"""Mean silhouette of several clusterings of the same points.

s(i) = (b - a) / max(a, b), a the mean distance to the others of its own cluster, b the least
mean distance to another cluster; 0 for a point alone in its cluster. Source: Rousseeuw 1987.
river.metrics.Silhouette is another quantity (distances to centres) and does not choose K.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.segmentation.distances import distances
from domain.segmentation.kmeans import product

Floats = NDArray[np.float64]


def distance_matrix(points: Floats) -> Floats:
    """Euclidean distances (n, n) between all rows of `points` (n, d)."""
    return distances(points, points)


def mean_silhouette(distances: Floats, labels: NDArray[np.intp]) -> float:
    """Mean silhouette in [-1, 1] of `labels` (n,), given all distances (n, n).

    With fewer than two clusters, or no points, there is nothing to compare: 0.
    """
    numbers, own = np.unique(labels, return_inverse=True)
    if len(numbers) < 2:
        return 0.0
    members = (own[:, None] == np.arange(len(numbers))).astype(np.float64)
    counts = members.sum(axis=0)
    return float(scores(product(distances, members), counts, own, counts[own] - 1).mean())


def scores(sums: Floats, counts: Floats, own: NDArray[np.integer], others: Floats) -> Floats:
    """The silhouette (n,) of each point.

    `sums` (n, k) adds its distances to the members of each cluster, which are `counts` (k,); it is
    in cluster `own` (n,), with `others` (n,) members beside it.
    """
    rows = np.arange(len(sums))
    inner = sums[rows, own] / np.maximum(others, 1)
    means = sums / np.maximum(counts, 1)
    means[rows, own] = np.inf
    means[:, counts == 0] = np.inf
    outer = means.min(axis=1)
    largest = np.maximum(inner, outer)
    usable = (others > 0) & (largest > 0) & np.isfinite(outer)
    found: Floats = np.divide(outer - inner, largest, out=np.zeros_like(inner), where=usable)
    return found


def best_k(silhouettes: dict[int, float], present: int | None, gain: float) -> int:
    """The K with the highest silhouette, the smaller of equals; `present` unless beaten by `gain`.

    >>> best_k({2: 0.5, 3: 0.6, 4: 0.6}, present=None, gain=0.02)
    3
    >>> best_k({2: 0.59, 3: 0.6}, present=2, gain=0.02)
    2
    """
    best = min(silhouettes, key=lambda k: (-round(silhouettes[k], 9), k))
    if present in silhouettes and silhouettes[best] <= silhouettes[present] + gain:
        return present
    return best
