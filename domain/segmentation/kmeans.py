"""Weighted k-means: k-means++ seeds and Lloyd's iterations, many restarts in one array.

Everything is a product of large matrices, which numpy works out without holding the
interpreter's lock, and in the calling thread alone. Restarts run in single precision; the best
of them are finished in double precision, one by one, until no label changes.

Sources: Arthur and Vassilvitskii 2007 (k-means++, greedy with 2 + log k trials, as the
authors' own code does); Lloyd 1982.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Labels = NDArray[np.intp]

SEARCH_ITERATIONS: Final = 60
"""Lloyd iterations of a restart; those cut short are finished if they are among the best."""
HALVE_AFTER: Final = (6, 14)
"""After so many iterations the worse half of the restarts is given up."""
FINALISTS: Final = 3
FINISH_ITERATIONS: Final = 300
SWAP_ROUNDS: Final = 3
SWAPS: Final = 40
ONE_THREAD: Final = 1 << 18
"""Multiplications up to which OpenBLAS stays in the calling thread.

Its other threads spin: on busy cores a scan took three times as long with them.
"""


@dataclass(frozen=True, slots=True)
class Clustering:
    """`centres` (k, d), for each point the index of the nearest one, and the weighted SSE."""

    centres: Floats
    labels: Labels
    sse: float

    @property
    def k(self) -> int:
        """How many clusters."""
        return len(self.centres)


def nearest(points: Floats, centres: Floats) -> Labels:
    """The index of the nearest of `centres` (k, d) for each of `points` (m, d)."""
    labels: Labels = np.argmin(_scores(points, centres), axis=1)
    return labels


def distances(points: Floats, centres: Floats, labels: Labels) -> Floats:
    """Euclidean distance (m,) of each point to the centre that its label names."""
    gaps = points - centres[labels]
    apart: Floats = np.sqrt(np.einsum("ij,ij->i", gaps, gaps))
    return apart


def sse_of(points: Floats, weights: Floats, centres: Floats) -> float:
    """Weighted sum of squared distances to the nearest centre."""
    return float(weights @ distances(points, centres, nearest(points, centres)) ** 2)


def seeds(
    points: Floats, weights: Floats, k: int, restarts: int, rng: np.random.Generator
) -> Floats:
    """Starts (restarts, k, d) by greedy k-means++; the first j of a row are seeds for j clusters.

    A point is drawn in proportion to weight times squared distance to the nearest seed so far;
    of some trials the one that lowers the sum most is taken.
    """
    trials = 2 + int(log(max(k, 1)))
    single, mass = points.astype(np.float32), weights.astype(np.float32)
    squares = np.einsum("ij,ij->i", single, single)
    first = rng.choice(len(points), size=restarts, p=weights / weights.sum())
    chosen = np.empty((restarts, k), dtype=np.intp)
    chosen[:, 0] = first
    closest = _squared(single, squares, first)
    rows = np.arange(restarts)
    for step in range(1, k):
        drawn = _draw(closest * mass, rng.random((restarts, trials)))
        candidates = _squared(single, squares, drawn.ravel())
        candidates = candidates.reshape(restarts, trials, -1)
        np.minimum(candidates, closest[:, None, :], out=candidates)
        best = np.argmin(np.einsum("rtm,m->rt", candidates, mass), axis=1)
        closest = candidates[rows, best]
        chosen[:, step] = drawn[rows, best]
    starts: Floats = points[chosen]
    return starts


def best_clustering(points: Floats, weights: Floats, starts: Floats) -> Clustering:
    """The best that Lloyd's iterations reach from `starts` (restarts, k, d).

    Points and centres should be centred near 0: distances come from squared lengths.
    """
    if len(starts) > FINALISTS:
        starts = _search(points, weights, starts)
    found = [finish(points, weights, start) for start in starts]
    return min(found, key=lambda clustering: clustering.sse)


def improved(
    points: Floats, weights: Floats, clustering: Clustering, rng: np.random.Generator
) -> Clustering:
    """The best that random swaps lead to: one centre moves onto a point that costs much.

    Where clusters overlap, this finds what restarts miss (Fränti 2018, random swap).
    """
    for _ in range(SWAP_ROUNDS):
        cost = weights * distances(points, clustering.centres, clustering.labels) ** 2
        if not cost.sum() > 0:
            break
        starts = np.repeat(clustering.centres[None], SWAPS, axis=0)
        leaves = rng.integers(0, clustering.k, SWAPS)
        onto = rng.choice(len(points), size=SWAPS, p=cost / cost.sum())
        starts[np.arange(SWAPS), leaves] = points[onto]
        found = best_clustering(points, weights, starts)
        if found.sse < clustering.sse:
            clustering = found
    return clustering


def finish(points: Floats, weights: Floats, start: Floats, *, revive: bool = True) -> Clustering:
    """Lloyd's iterations in double precision until no label changes.

    A cluster that loses its last point starts again at the point that costs most, or else
    stays where it is.
    """
    centres = start.copy()
    weighted = np.concatenate((points * weights[:, None], weights[:, None]), axis=1)
    labels = nearest(points, centres)
    numbers = np.arange(len(centres))
    for _ in range(FINISH_ITERATIONS):
        sums = product((labels == numbers[:, None]).astype(np.float64), weighted)
        full = sums[:, -1] > 0
        centres[full] = sums[full, :-1] / sums[full, -1:]
        if revive and not full.all():
            _revive(points, weights, centres, labels, full)
        before, labels = labels, nearest(points, centres)
        if np.array_equal(before, labels):
            break
    sse = float(weights @ distances(points, centres, labels) ** 2)
    return Clustering(centres, labels, sse)


def _revive(
    points: Floats, weights: Floats, centres: Floats, labels: Labels, full: NDArray[np.bool_]
) -> None:
    """Put each empty cluster onto one of the points that cost most."""
    empty = np.flatnonzero(~full)
    cost = weights * distances(points, centres, labels) ** 2
    dearest = np.argsort(-cost, kind="stable")[: len(empty)]
    dearest = dearest[cost[dearest] > 0]
    centres[empty[: len(dearest)]] = points[dearest]


def product(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """`left` (m, n) times `right` (n, p), block by block in this thread."""
    found = np.empty((len(left), right.shape[1]), dtype=np.result_type(left, right))
    rows = max(1, ONE_THREAD // max(1, right.size))
    for start in range(0, len(left), rows):
        np.matmul(left[start : start + rows], right, out=found[start : start + rows])
    return found


def _scores(points: Floats, centres: Floats) -> Floats:
    """Squared distances (m, k) less the point's own squared length, which all k have in common."""
    scores: Floats = product(points, -2.0 * centres.T)
    scores += np.einsum("ij,ij->i", centres, centres)
    return scores


def _squared(points: Singles, squares: Singles, chosen: Labels) -> Singles:
    """Squared distances (len(chosen), m) from the chosen points to all."""
    found: Singles = product(points[chosen], -2.0 * points.T)
    found += squares
    found += squares[chosen, None]
    return np.maximum(found, 0.0, out=found)


def _draw(potential: Singles, shares: Floats) -> Labels:
    """For each row (r, m) of masses, the points at which its running sum passes `shares` (r, t)."""
    running = np.cumsum(potential, axis=1, dtype=np.float64)
    total = running[:, -1:]
    running /= np.where(total > 0, total, 1.0)
    rows, width = potential.shape
    offsets = np.arange(rows)[:, None]
    running += offsets
    flat = np.searchsorted(running.ravel(), (shares + offsets).ravel(), side="right")
    drawn = flat.reshape(shares.shape) - offsets * width
    clipped: Labels = np.clip(drawn, 0, width - 1)
    return clipped


def _search(points: Floats, weights: Floats, starts: Floats) -> Floats:
    """The centres (finalists, k, d) of the restarts that come out best, in single precision."""
    restarts, k, width = starts.shape
    tall = np.concatenate((points, np.ones((len(points), 1))), axis=1).astype(np.float32)
    weighted = tall * weights[:, None].astype(np.float32)
    wide = np.ascontiguousarray(tall.T)
    mass = weights.astype(np.float32)
    centres = starts.astype(np.float32)
    costs = np.full(restarts, np.inf, dtype=np.float32)
    active = np.arange(restarts)
    labels = np.full((restarts, len(points)), -1, dtype=np.int8)
    for step in range(SEARCH_ITERATIONS):
        found, lowest = _assign(wide, centres[active])
        costs[active] = np.einsum("rm,m->r", lowest, mass)
        moving = (found != labels[active]).any(axis=1)
        labels[active] = found
        active, found = active[moving], found[moving]
        if step in HALVE_AFTER:
            better = np.argsort(costs, kind="stable")[: max(FINALISTS, _half(restarts, step))]
            stays = np.isin(active, better)
            active, found = active[stays], found[stays]
        if not len(active):
            break
        for cluster in range(k):
            sums = product((found == cluster).astype(np.float32), weighted)
            full = sums[:, width] > 0
            centres[active[full], cluster] = sums[full, :width] / sums[full, width:]
    best = np.argsort(costs, kind="stable")[:FINALISTS]
    return centres[best].astype(np.float64)


def _half(restarts: int, step: int) -> int:
    """How many of the restarts go on after `step`."""
    return restarts // (2 << HALVE_AFTER.index(step))


def _assign(wide: Singles, centres: Singles) -> tuple[NDArray[np.int8], Singles]:
    """Labels and scores (restarts, m) of the nearest centres; `wide` is points and ones, (d+1, m).

    The running minimum over k goes through memory in order; argmin over a short axis does not.
    """
    restarts, k, _ = centres.shape
    squares = np.einsum("rkd,rkd->rk", centres, centres)[..., None]
    rows = np.concatenate((-2.0 * centres, squares), axis=2).transpose(1, 0, 2)
    scores: Singles = product(rows.reshape(k * restarts, -1), wide)
    scores = scores.reshape(k, restarts, -1)
    lowest = scores[0]
    labels = np.zeros(lowest.shape, dtype=np.int8)
    for cluster in range(1, k):
        nearer = scores[cluster] < lowest
        np.copyto(labels, cluster, where=nearer, casting="unsafe")
        np.minimum(lowest, scores[cluster], out=lowest)
    return labels, lowest
