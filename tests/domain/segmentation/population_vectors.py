"""Customers after the bank case, made as vectors, and the summaries that partitions send of them.

Kinds of customers: 0 notification-only, 1 lurkers, 2 quality, 3 bots.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from domain.policy.segments import SegmentRules
from domain.segmentation.features import FeatureSet
from domain.segmentation.micro import MicroClusters
from domain.segmentation.summary import Summary

Floats = NDArray[np.float64]
Kinds = NDArray[np.intp]
Bots = Literal["clicking", "login", "news"]

SHARES: Final = (0.05, 0.82, 0.13)
# app launches, account messages, share from push, tabs, functions, news messages, news views
RATES: Final = {
    "notification": (6, 300, 0.1, 3, 2, 3, 2),
    "lurker": (12, 5, 0.638, 8, 7, 6, 6),
    "quality": (35, 12, 0.15, 70, 90, 12, 60),
    "clicking": (400, 0, 0.0, 3000, 4000, 0, 3000),
    "login": (3000, 0, 0.0, 0, 0, 0, 0),
    "news": (10, 0, 0.0, 0, 0, 0, 5000),
}


def bank_case(
    customers: int, seed: int, bots: int = 0, bots_of: Bots = "clicking"
) -> tuple[Floats, Kinds]:
    """Vectors (customers + bots, 8) in real units and the kind of each, in a shuffled order."""
    rng = np.random.default_rng(seed)
    sizes = [round(customers * share) for share in SHARES]
    sizes[1] = customers - sizes[0] - sizes[2]
    names = ("notification", "lurker", "quality", bots_of)
    parts = [_of(name, size, rng) for name, size in zip(names, [*sizes, bots], strict=True)]
    kinds = np.repeat(np.arange(4), [*sizes, bots])
    order = rng.permutation(len(kinds))
    return np.concatenate(parts)[order], kinds[order]


def _of(name: str, size: int, rng: np.random.Generator) -> Floats:
    launches, messages, pushed, tabs, functions, news, views = RATES[name]
    habit = np.exp(rng.normal(0, 0.2, (size, 6)))
    rates = np.array([launches, messages, tabs, functions, news, views]) * habit
    counts = rng.poisson(rates)
    counts[:, 0] += 1
    share = rng.binomial(counts[:, 0], pushed) / counts[:, 0]
    columns = [counts.sum(axis=1), counts[:, 0], counts[:, 1], share, *counts[:, 2:].T]
    return np.stack(columns, axis=1).astype(np.float64)


def summaries(
    vectors: Floats, rules: SegmentRules, partitions: int = 1, capacity: int = 256
) -> list[Summary]:
    """What each partition says of its customers; a customer's key is its row."""
    features = FeatureSet.of(rules)
    hashes = np.random.default_rng(99).integers(0, 2**63, len(vectors)).astype(np.uint64)
    sent = []
    for number in range(partitions):
        own = np.flatnonzero(hashes % np.uint64(partitions) == number)
        micro = MicroClusters(features, capacity)
        micro.put(np.arange(len(own)), vectors[own], hashes[own])
        sent.append(micro.summary(number=number, clock=1_000, sample=rules.sample))
    return sent


def seen(vectors: Floats, rules: SegmentRules) -> Floats:
    """What the clustering sees of all customers (m, 8), by plain arithmetic of the whole table."""
    found = np.log1p(vectors)
    launches, share = vectors[:, 1], vectors[:, 3]
    weight = launches / (launches + rules.share_prior)
    mean = np.average(share, weights=weight)
    found[:, 3] = (launches * share + rules.share_prior * mean) / (launches + rules.share_prior)
    return found
