"""What a customer's vector consists of, and how its real units become those of the clustering.

Counts have long tails, so the logarithm ``log1p`` is taken of them. A share is drawn towards the
mean by how few it is a share of (`domain.segmentation.shares`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.policy.segments import BANK_FEATURES, SegmentRules
from domain.segmentation.shares import MIDDLE, WEIGHT, Drawn

__all__ = ["BANK_FEATURES", "NO_FEATURES", "FeatureSet"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """The features in use, in order; every array has one value for each of them (d,).

    ``logged``: whether ``log1p`` is taken. ``weights`` multiply squared distances. ``lowest`` and
    ``highest`` are the possible values in real units. ``drawn`` says which shares are drawn towards
    the mean: each has a column more, behind the features (c columns in all).

    >>> features = FeatureSet.of(SegmentRules(features=("app_launches", "push_share")))
    >>> columns = features.transform([[0.0, 0.0], [15.0, 0.7]])
    >>> features.drawn_to(columns, [0.3]).round(2).tolist()
    [[0.0, 0.3], [2.77, 0.63]]
    >>> features.impossible([[3.0, 0.5], [3.0, 1.5], [-1.0, 0.5], [float("nan"), 0.0]]).tolist()
    [False, True, True, True]
    """

    names: tuple[str, ...]
    logged: Flags
    weights: Floats
    lowest: Floats
    highest: Floats
    drawn: tuple[Drawn, ...] = ()

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
            drawn=tuple(
                Drawn(rules.features.index(share), rules.features.index(of), prior)
                for share, of, prior in rules.drawn
            ),
        )

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that micro-clusters are made of: (c,), the features first."""
        return (*self.names, *(each.hidden(self.names) for each in self.drawn))

    @cached_property
    def placing(self) -> Floats:
        """What multiplies squared distances where micro-clusters are chosen (c,)."""
        own = [WEIGHT * self.weights[each.share] for each in self.drawn]
        return np.concatenate((self.weights, own)) if own else self.weights

    def transform(self, raw: ArrayLike) -> Floats:
        """The columns (m, c) of vectors (m, d) in real units: ``log1p`` where logged."""
        values = np.array(raw, dtype=np.float64)
        if self.drawn:
            hidden = [each.weight(values[:, each.of]) for each in self.drawn]
            for each, weight in zip(self.drawn, hidden, strict=True):
                values[:, each.share] = weight * (values[:, each.share] - MIDDLE)
            values = np.column_stack((values, *hidden))
        self._take_logs(values)
        return values

    def put(self, vector: Floats, raw: ArrayLike) -> None:
        """``transform`` of one vector (d,), into columns (c,) that are there."""
        wide = len(self.names)
        vector[:wide] = raw
        for place, each in enumerate(self.drawn, start=wide):
            count = vector.item(each.of)
            weight = vector[place] = count / (count + each.prior)
            vector[each.share] = weight * (vector.item(each.share) - MIDDLE)
        self._take_logs(vector)

    def drawn_to(self, columns: ArrayLike, means: Sequence[float]) -> Floats:
        """What the clustering sees (m, d) of columns (m, c), shares drawn to these ``means``."""
        values = np.array(columns, dtype=np.float64)
        wide = len(self.names)
        for place, (each, mean) in enumerate(zip(self.drawn, means, strict=True), start=wide):
            values[..., each.share] += mean + (MIDDLE - mean) * values[..., place]
        return values[..., :wide]

    def _take_logs(self, columns: Floats) -> None:
        features = columns[..., : len(self.names)]
        np.log1p(features, out=features, where=self.logged)

    def restore(self, transformed: ArrayLike) -> Floats:
        """What the clustering sees (m, d) in real units; a share stays as it was drawn."""
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
