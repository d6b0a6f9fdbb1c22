"""What learning and assigning cost, on updates of a live bank whose micro-clusters are full."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.segment_data import Stream
from bench.segment_quality import Ours
from domain.segmentation.clusterer import KeyedClusterer

UPDATES = 20_000
BLOCK_ROWS = 1_024
PARTITION_ROWS = 8_192
EVERYONE = 100_000
BLOCKS = 40
ROUNDS = 3
"""Of each figure the least counts: what the engine itself costs, it costs in every round."""

LEARN = "learn_one (dictionary and key), then place"
ASSIGN = "predict_one (dictionary and key)"

Figures = dict[str, float]
Vectors = NDArray[np.float64]


def measure(stream: Stream) -> dict[str, Figures]:
    """Cost of each operation: p50, p99 and max, in microseconds, each the least of all rounds."""
    rounds = [_round(stream) for _ in range(ROUNDS)]
    return {
        name: {figure: min(one[name][figure] for one in rounds) for figure in first}
        for name, first in rounds[0].items()
    }


def _round(stream: Stream) -> dict[str, Figures]:
    keys = np.concatenate([tick.keys for tick in stream.ticks])[-UPDATES:]
    vectors = np.concatenate([tick.vectors for tick in stream.ticks])[-UPDATES:]
    engine = Ours(stream)
    engine.step(stream.ticks[0], True)
    clusterer, names = engine.clusterer, stream.features
    rng = np.random.default_rng(0)
    blocks = [rng.integers(0, stream.customers, BLOCK_ROWS).tolist() for _ in range(BLOCKS)]
    raw = stream.ticks[0].vectors
    sent = [(raw[rng.permutation(part) % len(raw)], part) for part in blocks]
    named = [dict(zip(names, vector, strict=True)) for vector in vectors.tolist()]
    one = list(zip(named, keys.tolist(), strict=True))

    def learn_and_place(x: dict[str, float], key: int) -> None:
        clusterer.learn_one(x, key)
        clusterer.place()

    def learn_many_and_place(X: Vectors, whose: list[int]) -> None:
        clusterer.learn_many(X, whose)
        clusterer.place()

    return {
        LEARN: _each(learn_and_place, one),
        "learn_one (dictionary and key)": _each(clusterer.learn_one, one),
        f"learn_many, {BLOCK_ROWS:,} customers, then place": _each(learn_many_and_place, sent),
        f"learn_many, {BLOCK_ROWS:,} customers": _each(clusterer.learn_many, sent),
        ASSIGN: _each(clusterer.predict_one, one),
        **_of_many(engine, vectors),
    }


def _of_many(engine: Ours, vectors: Vectors) -> dict[str, Figures]:
    """A partition's snapshot, and everyone judged by a new model."""
    many = np.resize(vectors, (EVERYONE, vectors.shape[1]))
    partition: KeyedClusterer[int] = KeyedClusterer.of(engine.rules)
    keys = list(range(EVERYONE))

    def learn_and_place(X: Vectors) -> None:
        partition.learn_many(X, keys[:PARTITION_ROWS])
        partition.place()

    learnt = _each(learn_and_place, [(many[start : start + PARTITION_ROWS],) for start in range(8)])
    summaries = _each(partition.summary, [(0, 0)] * 20)
    partition.learn_many(many, keys)
    partition.adopt(engine.assigner.model)
    rows = partition.table.live()
    return {
        f"learn_many, {PARTITION_ROWS:,} customers, then place": learnt,
        f"summary of {PARTITION_ROWS:,} customers": summaries,
        f"judge, {EVERYONE:,} customers at once": _each(partition.judge, [(rows, 0)] * 5),
    }


def _each(call: Callable[..., object], arguments: Iterable[tuple[Any, ...]]) -> Figures:
    """Microseconds of each call."""
    clock, spent = time.perf_counter_ns, []
    for given in arguments:
        began = clock()
        call(*given)
        spent.append(clock() - began)
    p50, p99, largest = np.percentile(np.array(spent) / 1_000, (50, 99, 100)).tolist()
    return {"p50": p50, "p99": p99, "max": largest}
