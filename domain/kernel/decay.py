"""Forward decay: sums whose weights fade with time, whatever the order of arrival.

A weight at time t counts 2 ** (t / half-life - epoch), with one fixed epoch for the whole sum
(Cormode, Shkapenyuk, Srivastava and Xu, "Forward Decay", ICDE 2009). A mean needs no further
scaling; a sum as of now is scaled back once. The epoch moves by whole half-lives, a power of
two, so moving it changes no digit.
"""

from __future__ import annotations

import math

MAX_EXPONENT = 256
"""So many half-lives behind its landmark a sum is given a later one."""
LARGEST_EXPONENT = 1_000
"""What would weigh more than the power of two with this exponent weighs that."""


def epoch_of(at: float, half_life_ms: float) -> int:
    """The landmark for a sum whose first weight comes at ``at`` (ms): whole half-lives."""
    return math.floor(at / half_life_ms)


def weight_at(at: float, half_life_ms: float, epoch: int) -> float:
    """The factor of a weight at ``at`` (ms), relative to the landmark.

    >>> weight_at(60, 30.0, 0), weight_at(60, 30.0, 1)
    (4.0, 2.0)
    >>> weight_at(5_000_000, 1.0, 0) == weight_at(2_000, 1.0, 0), weight_at(0, 1.0, 5_000_000)
    (True, 0.0)
    """
    exponent = at / half_life_ms - epoch
    factor: float = 2.0 ** (exponent if exponent < LARGEST_EXPONENT else LARGEST_EXPONENT)
    return factor


def power(exponent: float) -> float:
    """Two to the exponent, kept within what a double holds.

    >>> power(3), power(5_000) == power(1_000), power(-5_000) > 0
    (8.0, True, True)
    """
    return float(2.0 ** max(min(exponent, LARGEST_EXPONENT), -LARGEST_EXPONENT))
