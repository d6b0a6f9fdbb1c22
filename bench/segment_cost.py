"""What learning and assigning cost, on updates of a live bank whose micro-clusters are full."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.segment_data import Stream
from bench.segment_quality import Ours
from domain.segmentation.assign import NONE, Assigner
from domain.segmentation.clusterer import KeyedClusterer

UPDATES = 20_000
BLOCK_ROWS = 1_024
PARTITION_ROWS = 8_192
EVERYONE = 100_000
BLOCKS = 40
ROUNDS = 3
"""Of each figure the least counts: what the engine itself costs, it costs in every round."""

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
    assigner = engine.assigner
    assert assigner is not None
    rng = np.random.default_rng(0)
    rows = rng.integers(0, stream.customers, (BLOCKS, BLOCK_ROWS))
    blocks = [(part, engine.raw[rng.permutation(part)]) for part in rows]
    return {
        "learn_one (KeyedClusterer, dict and key)": _learn(stream, keys, vectors),
        "put_one (MicroClusters)": _each(
            engine.micro.put_one, zip(keys.tolist(), vectors, keys.tolist(), strict=True)
        ),
        f"put, {BLOCK_ROWS:,} customers at once": _each(engine.micro.put, blocks),
        "judge_one (Assigner)": _judge_one(assigner, vectors),
        **_of_many(engine, assigner, vectors),
    }


def _learn(stream: Stream, keys: Any, vectors: Vectors) -> Figures:
    clusterer = KeyedClusterer(stream.features, log=stream.logged)
    first = stream.ticks[0]
    for key, vector in zip(first.keys.tolist(), first.vectors.tolist(), strict=True):
        clusterer.learn_one(dict(zip(stream.features, vector, strict=True)), key)
    named = [dict(zip(stream.features, vector, strict=True)) for vector in vectors.tolist()]
    return _each(clusterer.learn_one, zip(named, keys.tolist(), strict=True))


def _judge_one(assigner: Assigner, vectors: Vectors) -> Figures:
    labels = assigner.nearest(vectors).tolist()
    return _each(assigner.judge_one, zip(vectors.tolist(), labels, strict=True))


def _of_many(engine: Ours, assigner: Assigner, vectors: Vectors) -> dict[str, Figures]:
    """A partition's snapshot, and everyone judged by a new model."""
    many = np.resize(vectors, (EVERYONE, vectors.shape[1]))
    nowhere = np.full(EVERYONE, NONE, dtype=np.int16)
    partition = Ours(engine.stream)
    rows = np.arange(PARTITION_ROWS)
    partition.micro.put(rows, many[:PARTITION_ROWS])
    sample = engine.rules.sample
    return {
        f"put, {PARTITION_ROWS:,} customers at once": _each(
            partition.micro.put,
            [(rows, many[start : start + PARTITION_ROWS]) for start in range(8)],
        ),
        f"summary of {PARTITION_ROWS:,} customers": _each(
            partition.micro.summary, [(0, 0, sample)] * 20
        ),
        f"judge, {EVERYONE:,} customers at once": _each(assigner.judge, [(many, nowhere)] * 5),
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
