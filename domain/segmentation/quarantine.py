"""Which clusters are outliers: too small to be a segment, or small and in the others' way.

Clusters are looked at in the clustering that a search chose, and in those with a larger K. With
q = `rules.quarantine_share`, these go, at most a tenth of the customers in all:
- a cluster of the chosen clustering under q of all customers, and one of a finer clustering if
  it is isolated: twice as far from the nearest segment as the segment's farthest customers. One
  that was in quarantine stays until it has 1.5 q, and what was a segment goes only under 0.75 q,
  so that nobody changes sides at every scan;
- a cluster between q and 2 q that stands apart and spoils the segments of the rest: when the
  others' SSE is higher by over 10 % than in a search without it. A bot farm with three of a hundred
  customers does this, be they alike or each of its own kind; a segment as small as that does
  not, for it takes its own centroid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.segmentation.distances import distances
from domain.segmentation.identity import NEAR, room
from domain.segmentation.kmeans import Clustering, sse_of
from domain.segmentation.search import SMALLEST_K, Found, Search
from schemas.segments import MAX_OUTLIERS

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ROUNDS: Final = 6
LARGEST_SHARE: Final = 0.10
LEAVES_AT: Final = 1.5
ENTERS_AT: Final = 0.75
SPOILS_UP_TO: Final = 2.0
SPOILS: Final = 1.10
APART: Final = 3.0
"""In radii of cluster and segment together."""
APART_SCATTERED: Final = 5.0
"""In radii of the segment alone: bots of every kind are a wide cluster, 5.6 to 5.7 away."""
FAR: Final = 2.0
FAR_ALONE: Final = 3.0
"""For `FEW` customers: an ordinary one of a hundred was seen at 2.3, bots from 3.4 on."""
FEW: Final = 2
LOOK_RESTARTS: Final = 6
"""Restarts while it is still open who is an outlier; the scan that counts has all of them."""


@dataclass(frozen=True, slots=True)
class Step:
    """What taking some clusters out comes to: their centres in transformed units, and the rest."""

    centres: Floats
    search: Search
    found: Found


@dataclass(frozen=True, slots=True)
class Sweep:
    """Takes outliers out of a search, step by step.

    `present` is the last model's K, `known` (o, d) its outliers in transformed units.
    """

    rng: np.random.Generator
    present: int | None
    known: Floats

    def run(self, search: Search) -> tuple[Search, Floats]:
        """The search without outliers, and the outliers' centres (o, d) in transformed units."""
        taken = np.empty((0, search.population.means.shape[1]))
        found = self._look(search, self.present)
        for _ in range(ROUNDS):
            step = None if found is None else self._step(search, found, len(taken))
            if step is None:
                break
            taken = np.concatenate((taken, step.centres))
            search, found = step.search, step.found
        return search, taken

    def _look(self, search: Search, present: int | None) -> Found | None:
        restarts = min(LOOK_RESTARTS, search.rules.restarts)
        return search.run(self.rng, restarts, present, finer=True)

    def _step(self, search: Search, found: Found, taken: int) -> Step | None:
        """Take out the first clusters that may not stay; None where all may."""
        share = search.rules.quarantine_share * search.population.customers
        tried: set[bytes] = set()
        for clustering in (found.clustering, *found.finer):
            sizes = _sizes(search, clustering)
            limits = self._limits(search, clustering) * share
            rows = [int(row) for row in np.argsort(sizes, kind="stable")]
            small = [row for row in rows if sizes[row] < limits[row]]
            near = [row for row in rows if sizes[row] < SPOILS_UP_TO * share]
            apart, far = _isolated(search, found, clustering, near)
            if clustering is not found.clustering:
                small = [row for row in small if row in far]
            step = self._take(search, clustering, _allowed(search, sizes, small, taken))
            for row in apart if step is None else ():
                members = (clustering.labels == row).tobytes()
                if row in small or members in tried or not _allowed(search, sizes, [row], taken):
                    continue
                tried.add(members)
                step = step or self._take_spoiler(search, found, clustering, row)
            if step is not None:
                return step
        return None

    def _take(self, search: Search, clustering: Clustering, out: list[int]) -> Step | None:
        if not out:
            return None
        narrower = search.without(clustering, out)
        again = self._look(narrower, self.present)
        if again is None:
            return None
        return Step(search.scaler.restore(clustering.centres[out]), narrower, again)

    def _take_spoiler(
        self, search: Search, found: Found, clustering: Clustering, row: int
    ) -> Step | None:
        """Take out this cluster if the others are better off by `SPOILS` without it."""
        narrower = search.without(clustering, [row])
        labels = found.clustering.labels[clustering.labels != row]
        serving = np.unique(labels)
        again = self._look(narrower, len(serving) if len(serving) >= SMALLEST_K else None)
        if again is None:
            return None
        centres = search.scaler.restore(found.clustering.centres[serving])
        beside_it = sse_of(narrower.points, narrower.counts, narrower.scaler.standardise(centres))
        if beside_it <= SPOILS * again.clustering.sse:
            return None
        return Step(search.scaler.restore(clustering.centres[[row]]), narrower, again)

    def _limits(self, search: Search, clustering: Clustering) -> Floats:
        """Under how many quarantine shares each cluster is an outlier."""
        limits = np.ones(clustering.k)
        if not len(search.known):
            return limits
        segments = search.scaler.standardise(search.known)
        apart = distances(clustering.centres, segments)
        limits[(apart < NEAR * room(segments)).any(axis=1)] = ENTERS_AT
        if len(self.known):
            outliers = search.scaler.standardise(self.known)
            nearer = distances(clustering.centres, outliers).min(axis=1) < apart.min(axis=1)
            limits[nearer] = LEAVES_AT
        return limits


def _sizes(search: Search, clustering: Clustering) -> Floats:
    """Customers in each cluster."""
    sizes = np.bincount(clustering.labels, search.counts, minlength=clustering.k)
    return sizes.astype(np.float64)


def _isolated(
    search: Search, found: Found, clustering: Clustering, small: list[int]
) -> tuple[list[int], list[int]]:
    """Which of the `small` clusters stand apart, and which of those are far from every segment.

    Apart goes by root mean square radii, which other outliers disturb least; far goes by the
    segment's farthest customers, all that stand apart taken off it.
    """

    def of(row: int) -> Flags:
        return np.asarray(clustering.labels == row)

    apart = [
        row
        for row in small
        if _gap(search, found, of(row), of(row)) > APART
        or _gap(search, found, of(row), of(row), scattered=True) > APART_SCATTERED
    ]
    taken = np.isin(clustering.labels, apart)
    far = [
        row
        for row in apart
        if _gap(search, found, of(row), taken, farthest=True)
        > (FAR_ALONE if search.counts[of(row)].sum() <= FEW else FAR)
    ]
    apart = [row for row in apart if row in far or search.counts[of(row)].sum() > FEW]
    return apart, far


def _gap(
    search: Search,
    found: Found,
    members: Flags,
    taken: Flags,
    *,
    farthest: bool = False,
    scattered: bool = False,
) -> float:
    """Distance of `members` (n,) from the nearest segment, less those `taken` (n,), in radii.

    The unit is the radius of both together, of `scattered` members the segment's alone; that is
    the radius of its `farthest` customers or the root mean square. What is too small for a
    segment is none. 0 where there is none.
    """
    segments = (found.clustering.labels == np.arange(found.clustering.k)[:, None]) & ~taken
    least = SPOILS_UP_TO * search.rules.quarantine_share * search.population.customers
    segments = segments[segments @ search.counts >= max(least, 1.0)]
    if not len(segments):
        return 0.0
    centres, radii = _shape(search, np.concatenate((members[None, :], segments)))
    apart = distances(centres[:1], centres[1:])[0]
    closest = int(np.argmin(apart))
    width = radii[1 + closest]
    if farthest:
        inside = search.points[segments[closest]]
        width = distances(inside, centres[1 + closest : 2 + closest]).max()
    both = float(width if scattered else radii[0] + width)
    return float(apart[closest]) / both if both > 0 else 0.0


def _shape(search: Search, members: Flags) -> tuple[Floats, Floats]:
    """Centres (k, d) and root mean square radii (k,) of groups of points (k, n)."""
    mass = members * search.counts
    total = np.maximum(mass.sum(axis=1), 1.0)
    centres = mass @ search.points / total[:, None]
    squares = mass @ np.einsum("ij,ij->i", search.points, search.points) / total
    radii = np.sqrt(np.maximum(squares - np.einsum("ij,ij->i", centres, centres), 0.0))
    return centres, radii


def _allowed(search: Search, sizes: Floats, small: list[int], taken: int) -> list[int]:
    """The first of the `small` clusters, as far as the bounds on quarantine let them go."""
    customers = search.population.customers
    gone = customers - search.counts.sum()
    out: list[int] = []
    for row in small[: MAX_OUTLIERS - taken]:
        gone += sizes[row]
        if gone > LARGEST_SHARE * customers or customers - gone < search.rules.min_customers:
            break
        out.append(row)
    return out if len(out) < len(sizes) else []
