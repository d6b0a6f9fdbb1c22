"""Data sets of the tests: customers by key, and figures that numpy works out on its own."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from river.datasets import ImageSegments
from xxhash import xxh3_64_intdigest

from domain.segmentation.features import BANK_FEATURES
from domain.segmentation.micro import MicroClusters

Vectors = dict[str, dict[str, float]]
Floats = NDArray[np.float64]


def bank_counts(customers: int, seed: int = 1) -> Floats:
    """Vectors (m, 8) of three kinds of customers, as the bank case has them."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, customers, p=[0.06, 0.8, 0.14])
    rates = np.array(
        [[60, 5, 50, 0, 2, 2, 1, 1], [6, 3, 1, 0, 1, 1, 0.5, 0.5], [80, 12, 4, 0, 14, 25, 6, 10]]
    )
    counts = rng.poisson(rates[kind] * rng.gamma(8.0, 1 / 8, (customers, 1))).astype(float)
    pushed = np.array([0.1, 0.64, 0.15])[kind]
    counts[:, 3] = np.clip(rng.normal(pushed, 0.05), 0.0, 1.0)
    return counts


def put(micro: MicroClusters, rows: ArrayLike, raw: ArrayLike) -> None:
    """Let these rows (m,) have these vectors (m, d), with the hashes of their numbers as keys."""
    numbers = np.asarray(rows).tolist()
    micro.put(rows, raw, [xxh3_64_intdigest(str(number).encode()) for number in numbers])


def _bank(customers: int) -> Vectors:
    rows = bank_counts(customers).tolist()
    return {f"c{n}": dict(zip(BANK_FEATURES, row, strict=True)) for n, row in enumerate(rows)}


def _blobs(customers: int) -> Vectors:
    rng = np.random.default_rng(5)
    centres = rng.uniform(-20, 20, (4, 3))
    points = centres[rng.integers(0, 4, customers)] + rng.normal(size=(customers, 3))
    return {f"c{n}": dict(zip("xyz", row, strict=True)) for n, row in enumerate(points.tolist())}


def _image_segments(customers: int) -> Vectors:
    images: Any = ImageSegments()  # type: ignore[no-untyped-call]
    rows = islice(images, customers)
    return {f"c{n}": {k: float(v) for k, v in x.items()} for n, (x, _) in enumerate(rows)}


DATA: dict[str, Callable[[int], Vectors]] = {
    "bank": _bank,
    "blobs": _blobs,
    "image segments": _image_segments,
}
LOGGED = {"bank": tuple(name for name in BANK_FEATURES if name != "push_share")}


def matrix(vectors: Vectors, log: tuple[str, ...] | None, names: tuple[str, ...]) -> Floats:
    """The transformed vectors (m, d), features in the order of ``names``."""
    rows = np.array([[x[name] for name in names] for x in vectors.values()])
    logged = [name in (log or ()) for name in names]
    return np.where(logged, np.log(1.0 + np.where(logged, rows, 0.0)), rows)


def standardised(rows: Floats) -> Floats:
    """Rows (m, d) less their mean, over their standard deviation (1 where there is none)."""
    deviation = rows.std(axis=0)
    still = deviation < 1e-6 * np.maximum(np.abs(rows.mean(axis=0)), 1.0)
    return np.asarray((rows - rows.mean(axis=0)) / np.where(still, 1.0, deviation))


def error_of(points: Floats, labels: Any) -> float:
    """Sum of squared distances (SSE) of points (m, d) from the means of their clusters."""
    found = np.asarray(labels)
    groups = [points[found == label] for label in set(found.tolist())]
    return float(sum(((group - group.mean(axis=0)) ** 2).sum() for group in groups))


def batch_error(points: Floats, k: int, restarts: int = 40) -> float:
    """The SSE of the best of some restarts of plain k-means (Lloyd 1982), seeded by k-means++."""
    rng = np.random.default_rng(11)
    return min(_lloyd(points, k, rng) for _ in range(restarts))


def _lloyd(points: Floats, k: int, rng: np.random.Generator) -> float:
    centres = points[rng.integers(len(points))][None]
    while len(centres) < k:
        apart = ((points[:, None] - centres) ** 2).sum(axis=2).min(axis=1)
        chosen = rng.choice(len(points), p=apart / apart.sum())
        centres = np.vstack((centres, points[chosen]))
    labels = np.full(len(points), -1)
    while True:
        nearest = ((points[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
        if (nearest == labels).all():
            return error_of(points, labels)
        labels = nearest
        for label in range(k):
            if (labels == label).any():
                centres[label] = points[labels == label].mean(axis=0)
