"""Percentiles of a few values, interpolated linearly (Hyndman and Fan 1996, definition 7)."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The percentile of at least one value at ``share`` (0-1), at rank share x (n - 1) from 0.

    >>> percentile([3, 1, 2, 5, 4], 0.75), percentile([4, 2], 0.5), percentile([7], 0.8)
    (4.0, 3.0, 7.0)
    """
    ordered = sorted(values)
    rank = share * (len(ordered) - 1)
    below = math.floor(rank)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (rank - below) * (ordered[above] - ordered[below])
