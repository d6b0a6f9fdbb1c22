"""Peers of the segment engine, each fed the same stream: river's KMeans and CluStream, and
scikit-learn's MiniBatchKMeans.

They take no key, so a customer counts at each update. They are helped: they are told the number
of segments, and their vectors come standardised by the mean and spread of the final customers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.segment_data import Stream

Floats = NDArray[np.float64]
Standardise = Callable[[Floats], Floats]

CLUSTREAM_UPDATES = 1_500
CLUSTREAM_VALUES = 24_000
"""CluStream takes milliseconds an update: it is fed at most so many, evenly picked."""
CLUSTREAM_LEAST = 300
"""It has no centres before 200 updates: a shorter stream is fed more than once."""
BATCH = 256


class Peer(NamedTuple):
    """A peer's centres (k, d) in the units it was fed, and how many updates it was fed."""

    centres: Floats
    updates: int


def river_kmeans(stream: Stream, k: int, standardise: Standardise) -> Peer:
    """`river.cluster.KMeans` with its default half-life."""
    from river.cluster import KMeans

    model: Any = KMeans(n_clusters=k, seed=1)
    updates = 0
    for vectors in _sent(stream, standardise):
        for vector in vectors.tolist():
            model.learn_one(dict(enumerate(vector)))
        updates += len(vectors)
    return Peer(_centres(model.centers, vectors.shape[1]), updates)


def clustream(stream: Stream, k: int, standardise: Standardise) -> Peer:
    """`river.cluster.CluStream` with its default 100 micro-clusters."""
    from river.cluster import CluStream

    every = np.concatenate(list(_sent(stream, standardise)))
    most = min(CLUSTREAM_UPDATES, CLUSTREAM_VALUES // every.shape[1])
    picked = every[:: -(-len(every) // most)]
    picked = np.tile(picked, (-(-CLUSTREAM_LEAST // len(picked)), 1))
    model: Any = CluStream(n_macro_clusters=k, seed=1)
    for vector in picked.tolist():
        model.learn_one(dict(enumerate(vector)))
    return Peer(_centres(model.centers, every.shape[1]), len(picked))


def mini_batch(stream: Stream, k: int, standardise: Standardise) -> Peer:
    """`sklearn.cluster.MiniBatchKMeans.partial_fit`, 256 updates at a time."""
    from sklearn.cluster import MiniBatchKMeans

    every = np.concatenate(list(_sent(stream, standardise)))
    model = MiniBatchKMeans(k, random_state=1, n_init=3)
    starts = range(0, max(1, len(every) - BATCH // 2), BATCH)
    for start in starts:
        end = len(every) if start == starts[-1] else start + BATCH
        model.partial_fit(every[start:end])
    return Peer(np.asarray(model.cluster_centers_, dtype=np.float64), len(every))


PEERS: dict[str, Callable[[Stream, int, Standardise], Peer]] = {
    "KMeans": river_kmeans,
    "CluStream": clustream,
    "MiniBatch": mini_batch,
}


def river_changes(stream: Stream, k: int, standardise: Standardise) -> float:
    """Changes of label per 100 customer-days where river's KMeans judges every moved customer."""
    from river.cluster import KMeans

    model: Any = KMeans(n_clusters=k, seed=1)
    labels = np.full(stream.customers, -1)
    changes = 0
    for number, tick in enumerate(stream.ticks):
        vectors = standardise(tick.vectors)
        for vector in vectors[tick.sent].tolist():
            model.learn_one(dict(enumerate(vector)))
        centres = _centres(model.centers, vectors.shape[1])
        apart = ((vectors[:, None] - centres) ** 2).sum(axis=2)
        found = apart.argmin(axis=1)
        if number:
            before = labels[tick.keys]
            changes += int(((before >= 0) & (before != found)).sum())
        labels[tick.keys] = found
        labels[tick.gone] = -1
    return 100 * changes / (stream.customers * stream.days)


def _sent(stream: Stream, standardise: Standardise) -> Iterator[Floats]:
    """Vectors that events sent, tick by tick."""
    for tick in stream.ticks:
        if tick.sent.any():
            yield standardise(tick.vectors[tick.sent])


def _centres(found: Mapping[int, Mapping[int, float]], width: int) -> Floats:
    return np.array([[centre[at] for at in range(width)] for centre in found.values()])
