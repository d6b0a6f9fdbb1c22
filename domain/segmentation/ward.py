"""Which micro-clusters to merge when room is needed: those whose union adds least to the error.

The cost of a union is Ward's: what it adds to the sum of squared distances from the centres,
n1 * n2 / (n1 + n2) * d^2 (Ward 1963, "Hierarchical grouping to optimize an objective function").
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def pair_costs(centres: Floats, counts: Ints) -> Floats:
    """Ward's cost of each pair (m, m) of clusters (m, d); infinite with itself and the empty.

    >>> pair_costs(np.array([[0.0], [2.0]]), np.array([1, 3]))[0].tolist()
    [inf, 3.0]
    """
    norms = np.einsum("ij,ij->i", centres, centres)
    squared = norms[:, None] + norms - 2.0 * (centres @ centres.T)
    sizes = counts.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        costs = np.maximum(squared, 0.0) / (1.0 / sizes[:, None] + 1.0 / sizes)
    costs[counts == 0] = np.inf
    costs[:, counts == 0] = np.inf
    np.fill_diagonal(costs, np.inf)
    return np.asarray(costs)


def cheapest_pairs(
    centres: Floats, counts: Ints, most: int, limit: float
) -> tuple[list[tuple[int, int]], float]:
    """At most ``most`` disjoint pairs that cost less than ``limit``, cheapest first.

    Returns them as (kept, dissolved), and a lower bound of what the next merge will cost: merging
    makes no pair cheaper than the one merged (Ward's cost is reducible).
    """
    costs = pair_costs(centres, counts)
    partners = np.argmin(costs, axis=1)
    lowest = costs[np.arange(len(costs)), partners]
    pairs: list[tuple[int, int]] = []
    taken: set[int] = set()
    for first in np.argsort(lowest, kind="stable").tolist():
        second = int(partners[first])
        if first in taken or second in taken:
            continue
        if len(pairs) == most or not lowest[first] < limit:
            return pairs, float(lowest[first])
        pairs.append((min(first, second), max(first, second)))
        taken |= {first, second}
    return pairs, float(lowest[[*taken]].max(initial=0.0))
