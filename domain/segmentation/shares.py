"""A share of few is noise: the clustering sees it drawn towards the mean.

Of two launches from a push among three, little is known; of twenty among thirty, much. With a
share s of n and a prior that weighs m, the clustering sees (n s + m p) / (n + m), the mean of a
Beta posterior, where p is the mean of all customers' shares. Each counts in p by how much is known
of it, w = n / (n + m) (a beta-binomial's moment estimate, Kleinman 1973).

p is known only where all customers are together, in the fit. So a partition keeps two columns that
do not hang on it, w (s - 1/2) and w: whatever p comes to, the drawn share is
w (s - 1/2) + p + w (1/2 - p), and sums of the one give sums of the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MIDDLE: Final = 0.5
DIGITS: Final = 9
WEIGHT: Final = 0.25
"""What a column w weighs beside its share where micro-clusters are chosen: (1/2 - p)^2 at most."""


class Drawn(NamedTuple):
    """The places of a share and of the count that it is a share of; what the mean weighs."""

    share: int
    of: int
    prior: float

    def hidden(self, names: Sequence[str]) -> str:
        """The name of the column w."""
        return f"{names[self.share]}: weight beside {self.prior:g} of {names[self.of]}"

    def weight(self, count: Floats) -> Floats:
        """w of counts (m,)."""
        return np.asarray(count / (count + self.prior))

    def seen(self, share: Floats, count: Floats, mean: float) -> Floats:
        """What the clustering sees of shares (m,) of counts (m,), where ``mean`` is usual.

        >>> launches = Drawn(share=3, of=1, prior=5.0)
        >>> launches.seen(np.array([2 / 3, 2 / 3, 0.0]), np.array([3.0, 30.0, 0.0]), 0.2).round(3)
        array([0.375, 0.6  , 0.2  ])
        """
        return np.asarray(mean + self.weight(count) * (share - mean))

    def told(self, seen: Floats, count: Floats, mean: float) -> Floats:
        """The inverse of ``seen``, within 0 and 1; of a count of 0 the mean."""
        share = mean + (seen - mean) / np.maximum(self.weight(count), 1e-9)
        return np.asarray(np.clip(share, 0.0, 1.0))


def mean_share(share_sum: float, weight_sum: float) -> float:
    """p, from the sums of both columns over all customers; the middle where nothing is known.

    Rounded, so that it does not hang on the order in which customers were added up.
    """
    p = MIDDLE + share_sum / weight_sum if weight_sum > 0 else MIDDLE
    return round(min(max(float(p), 0.0), 1.0), DIGITS)
