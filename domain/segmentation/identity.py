"""Which new centroid is which old segment: ids stay with the behaviour they name.

Pairs are chosen by the Hungarian method (Kuhn 1955; scipy's `linear_sum_assignment`): as many
admissible pairs as possible, and of those sets the one with the least distance.

A pair is admissible when either holds:
- the new centroid is less than half as far from the old one as the old one is from its nearest
  neighbour. A customer who stood at the new centroid had that very segment before, whatever
  the other segments are;
- the two hold largely the same customers of the sample (Jaccard index above one half). This
  keeps the id where two old centroids lie close together, or where a whole segment moved.
A centroid without a partner gets a new id, and an id without one is never used again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.segmentation.distances import distances
from domain.segmentation.kmeans import nearest

Floats = NDArray[np.float64]

NEAR: Final = 0.5
OVERLAP: Final = 0.5
PREFIX: Final = "s"
_NEVER: Final = 1e6


def segment_id(number: int) -> str:
    """The id with this number.

    >>> segment_id(3)
    's3'
    """
    return f"{PREFIX}{number}"


def id_number(identity: str) -> int:
    """The number of an id: segments are listed in its order."""
    return int(identity.removeprefix(PREFIX))


def give_ids(
    old: Floats, old_ids: Sequence[str], new: Floats, sample: Floats, next_id: int
) -> tuple[list[str], int]:
    """Ids for the `new` centroids (k, d), and the next free number.

    `old` (j, d), `new` and `sample` (s, d), the vectors of customers, are in the same units.
    New numbers go to new centroids in their order.
    """
    kept = _pairs(old, new, sample) if len(old) else {}
    ids = []
    for row in range(len(new)):
        if row in kept:
            ids.append(old_ids[kept[row]])
        else:
            ids.append(segment_id(next_id))
            next_id += 1
    return ids, next_id


def same_places(old: Floats, new: Floats) -> bool:
    """Whether every old centroid has a new one of its own within half its room."""
    apart = distances(old, new)
    near = apart < NEAR * room(old)[:, None]
    # Half the room to the nearest neighbour: no new centroid is near two old ones.
    return bool((near.sum(axis=1) == 1).all())


def farthest_move(old: Floats, new: Floats) -> float:
    """How far, in one feature, the new centre is that is farthest from any old one."""
    return float(distances(new, old, "chebyshev").min(axis=1).max())


def _pairs(old: Floats, new: Floats, sample: Floats) -> dict[int, int]:
    """New row -> old row, for the pairs that keep an id."""
    apart = distances(old, new)
    admissible = apart < NEAR * room(old)[:, None]
    admissible |= _jaccard(nearest(sample, old), nearest(sample, new), apart.shape) > OVERLAP
    scale = max(float(apart.max()), 1e-300)
    cost = np.where(admissible, apart / scale, _NEVER)
    # here, as the distances: only who fits a model needs it
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(cost)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return {column: row for row, column in pairs if admissible[row, column]}


def room(old: Floats) -> Floats:
    """Distance from each old centroid to its nearest neighbour; 0 for one without any."""
    if len(old) < 2:
        return np.zeros(len(old))
    apart = distances(old, old)
    np.fill_diagonal(apart, np.inf)
    room: Floats = apart.min(axis=1)
    return room


def _jaccard(before: NDArray[np.intp], after: NDArray[np.intp], shape: tuple[int, int]) -> Floats:
    """Jaccard index of each old with each new cluster of the same customers."""
    both = np.zeros(shape)
    np.add.at(both, (before, after), 1.0)
    either = both.sum(axis=1)[:, None] + both.sum(axis=0)[None, :] - both
    index: Floats = np.divide(both, either, out=np.zeros(shape), where=either > 0)
    return index
