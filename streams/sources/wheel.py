"""Weighted choice in constant time."""

from __future__ import annotations

from collections.abc import Sequence


class Wheel:
    """Vose's alias method (IEEE TSE 17, 1991): one uniform number picks one of n weighted indices.

    >>> wheel = Wheel([1.0, 0.0, 3.0])
    >>> [wheel.pick(u) for u in (0.0, 0.2, 0.3, 0.5, 0.99)]
    [0, 0, 2, 2, 2]
    """

    __slots__ = ("_alias", "_keep", "_size")

    def __init__(self, weights: Sequence[float]) -> None:
        total = sum(weights)
        if not weights or min(weights) < 0 or total <= 0:
            raise ValueError("a wheel needs weights that are not negative and not all zero")
        self._size = size = len(weights)
        self._keep = [weight * size / total for weight in weights]
        self._alias = list(range(size))
        small = [index for index, share in enumerate(self._keep) if share < 1]
        large = [index for index, share in enumerate(self._keep) if share >= 1]
        while small and large:
            low, high = small.pop(), large[-1]
            self._alias[low] = high
            self._keep[high] -= 1 - self._keep[low]
            if self._keep[high] < 1:
                small.append(large.pop())

    def pick(self, uniform: float) -> int:
        """The index that `uniform`, in [0, 1), falls on."""
        place = uniform * self._size
        index = int(place)
        return index if place - index < self._keep[index] else self._alias[index]
