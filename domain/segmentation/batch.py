"""What a clusterer is given, as vectors: features by name, columns by name, or rows of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any, Protocol

import numpy as np

from domain.segmentation.features import FeatureSet, Floats

Vector = Sequence[float] | Floats


class ByName(Protocol):
    """Columns of equal length by the name of the feature: a dictionary of them, or a data frame."""

    def keys(self) -> Iterable[Any]:
        """The names."""

    def __getitem__(self, name: Any, /) -> Any:
        """The column of this name (m,)."""


Batch = Floats | Sequence[Vector | None] | ByName
"""Vectors in real units: an array (m, d) or rows in the order of the features, or columns."""


def names_in(batch: Batch | Mapping[Any, Any]) -> tuple[str, ...]:
    """The names of the features in here, sorted: the order that they are given in has no effect.

    Raises ValueError: rows have no names.
    """
    if isinstance(batch, np.ndarray | Sequence):
        raise ValueError("rows have no names: tell the clusterer its `features`, or give columns")
    return tuple(sorted(batch.keys(), key=str))


def in_rows(batch: Batch, names: tuple[str, ...]) -> Floats | Sequence[Vector | None]:
    """Rows in the order of these names; a column that is not there is 0, any other is left out."""
    if isinstance(batch, np.ndarray | Sequence):
        return batch
    there = list(batch.keys())
    rows = np.zeros((len(batch[there[0]]) if there else 0, len(names)))
    for place, name in enumerate(names):
        if name in there:
            rows[:, place] = batch[name]
    return rows


def vector_of(x: Mapping[Any, Any], features: FeatureSet) -> list[float]:
    """The values of ``x`` in the order of the features; one that is not there is 0.

    Raises ValueError: a value that is not finite, or negative where a logarithm is taken.
    """
    given = x.get
    raw = [float(given(name, 0.0)) for name in features.names]
    # Nearly always so; only then is each looked at.
    if raw and not (isfinite(sum(raw)) and min(raw) >= 0.0):
        refuse_impossible(np.array([raw]), features)
    return raw


def matrix_of(rows: Floats | Sequence[Vector | None], features: FeatureSet) -> Floats:
    """These rows, but for those that are None, as an array (m, d). Raises as `vector_of` does."""
    if not isinstance(rows, np.ndarray):
        rows = [each for each in rows if each is not None]
    raw = np.asarray(rows, dtype=np.float64).reshape(len(rows), len(features))
    if raw.size and not (isfinite(raw.sum()) and raw.min() >= 0.0):
        refuse_impossible(raw, features)
    return raw


def refuse_impossible(raw: Floats, features: FeatureSet) -> None:
    """Raises ValueError that names the first value that cannot be, where there is any."""
    for row in np.flatnonzero(features.impossible(raw)):
        for name, value, low in zip(features.names, raw[row], features.lowest, strict=True):
            if not (isfinite(value) and value >= low):
                raise ValueError(f"{name} is {value}; must be finite and at least {low}")
