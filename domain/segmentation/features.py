"""What a customer's vector consists of, and how its real units become those of the clustering.

Counts have long tails, so the logarithm ``log1p`` is taken of them; a share stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.policy.segments import BANK_FEATURES, SegmentRules

__all__ = ["BANK_FEATURES", "NO_FEATURES", "FeatureSet"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """The features in use, in order; every array has one value for each of them (d,).

    ``logged``: whether ``log1p`` is taken. ``weights`` multiply squared distances. ``lowest`` and
    ``highest`` are the possible values in real units.

    >>> features = FeatureSet.of(SegmentRules(features=("app_launches", "push_share")))
    >>> features.transform([[0.0, 0.5]]).tolist()
    [[0.0, 0.5]]
    >>> features.impossible([[3.0, 0.5], [3.0, 1.5], [-1.0, 0.5], [float("nan"), 0.0]]).tolist()
    [False, True, True, True]
    """

    names: tuple[str, ...]
    logged: Flags
    weights: Floats
    lowest: Floats
    highest: Floats

    @classmethod
    def of(cls, rules: SegmentRules) -> Self:
        """The features that the rules name, with their weights (1 where none is given)."""
        limits: Sequence[tuple[float, float]] = rules.limits
        return cls(
            names=rules.features,
            logged=np.array(rules.logged, dtype=bool),
            weights=np.array([rules.weights.get(name, 1.0) for name in rules.features]),
            lowest=np.array([low for low, _ in limits]),
            highest=np.array([high for _, high in limits]),
        )

    def __len__(self) -> int:
        return len(self.names)

    def transform(self, raw: ArrayLike) -> Floats:
        """Vectors (m, d) in real units as the clustering sees them: ``log1p`` where logged."""
        values = np.array(raw, dtype=np.float64)
        self.take_logs(values)
        return values

    def take_logs(self, values: Floats) -> None:
        """``transform`` in place."""
        np.log1p(values, out=values, where=self.logged)

    def restore(self, transformed: ArrayLike) -> Floats:
        """The inverse of ``transform``: (m, d) in real units."""
        values = np.array(transformed, dtype=np.float64)
        np.expm1(values, out=values, where=self.logged)
        return values

    def impossible(self, raw: ArrayLike) -> Flags:
        """Which vectors (m, d) in real units cannot be: not finite, or outside the limits."""
        values = np.asarray(raw, dtype=np.float64)
        possible = np.isfinite(values) & (values >= self.lowest) & (values <= self.highest)
        return np.asarray(~possible.all(axis=-1))


_NONE = np.zeros(0)
NO_FEATURES: Final = FeatureSet((), _NONE.astype(bool), _NONE, _NONE, _NONE)
"""Of whoever has not seen a vector yet."""
