"""Properties of every keyed clusterer: river's `check_estimator` knows nothing of keys.

Each check takes a fresh clusterer and vectors by key, and raises AssertionError where the
clusterer does not do what it must. The figures they compare with are numpy's.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from msgspec.structs import replace

from domain.segmentation.clusterer import KeyedClusterer
from domain.segmentation.summary import dump_summary
from tests.domain.segmentation.data import (
    Floats,
    Vectors,
    batch_error,
    error_of,
    matrix,
    standardised,
)

Check = Callable[[KeyedClusterer[Any], Vectors], None]


def check_replacing_a_vector_equals_learning_it_first(
    clusterer: KeyedClusterer[Any], vectors: Vectors
) -> None:
    """Whoever had other vectors before is as if it never had them."""
    fresh = clusterer.clone()
    keys = list(vectors)
    for shift in (1, 2):
        for key, other in zip(keys, keys[shift:] + keys[:shift], strict=True):
            clusterer.learn_one(vectors[other], key)
    learn(clusterer, vectors)
    learn(fresh, vectors)
    assert_describes(clusterer, vectors)
    if len(vectors) <= clusterer.micro_clusters:
        assert same_summary(clusterer, fresh)
        assert partition(clusterer, vectors) == partition(fresh, vectors)


def check_a_customer_counts_once(clusterer: KeyedClusterer[Any], vectors: Vectors) -> None:
    """However often some customers are sent again, the figures are those of the customers."""
    learn(clusterer, vectors)
    for key in list(vectors)[:5] * 20:
        clusterer.learn_one(vectors[key], key)
    assert_describes(clusterer, vectors)


def check_forget_leaves_no_trace(clusterer: KeyedClusterer[Any], vectors: Vectors) -> None:
    """Mean and variance as if never seen, to 1e-9, though those forgotten were far out."""
    fresh = clusterer.clone()
    learn(fresh, vectors)
    for number, (key, x) in enumerate(vectors.items()):
        clusterer.learn_one({name: 1e9 * abs(value) for name, value in x.items()}, ("far", number))
        clusterer.learn_one(x, key)
    for number in range(len(vectors)):
        clusterer.forget(("far", number))
    clusterer.forget("never seen")
    assert_describes(clusterer, vectors)
    if len(vectors) <= clusterer.micro_clusters:
        assert partition(clusterer, vectors) == partition(fresh, vectors)


def check_pickle_goes_on_equal(clusterer: KeyedClusterer[Any], vectors: Vectors) -> None:
    """A clusterer that is written and read half-way predicts and ends as one that was not."""
    keys = list(vectors)
    half = len(keys) // 2
    learn(clusterer, {key: vectors[key] for key in keys[:half]})
    clusterer.refit()
    read: KeyedClusterer[Any] = pickle.loads(pickle.dumps(clusterer))
    for each in (clusterer, read):
        learn(each, {key: vectors[key] for key in keys[half // 2 :]})
        each.forget(keys[0])
    assert same_summary(clusterer, read)
    assert predictions(clusterer, vectors) == predictions(read, vectors)
    assert clusterer.refit() == read.refit()


def check_the_order_of_customers_has_no_effect(
    clusterer: KeyedClusterer[Any], vectors: Vectors
) -> None:
    """With a micro-cluster for everybody, who is learnt first makes no difference."""
    assert len(vectors) <= clusterer.micro_clusters
    backwards = clusterer.clone()
    learn(clusterer, vectors)
    learn(backwards, dict(reversed(vectors.items())))
    assert_describes(backwards, vectors)
    ours, theirs = clusterer.summary(), backwards.summary()
    assert ours.hashes.tolist() == theirs.hashes.tolist()
    assert ours.vectors.tolist() == theirs.vectors.tolist()
    assert partition(clusterer, vectors) == partition(backwards, vectors)


def check_same_as_batch_while_small(clusterer: KeyedClusterer[Any], vectors: Vectors) -> None:
    """With a micro-cluster for everybody, the error is that of batch k-means, within 0.1 %."""
    assert len(vectors) <= clusterer.micro_clusters
    clusterer.quarantine_share = 0.0
    keys = list(vectors)
    for key, other in zip(keys, keys[1:] + keys[:1], strict=True):
        clusterer.learn_one(vectors[other], key)
    learn(clusterer, vectors)
    model = clusterer.refit()
    assert model is not None
    points = standardised(transformed(clusterer, vectors))
    # Without a key there is no hysteresis.
    labels = [clusterer.predict_one(x) for x in vectors.values()]
    assert len(set(labels)) == len(model.segments)
    assert error_of(points, labels) <= 1.001 * batch_error(points, len(model.segments))


def check_many_at_once_equal_one_by_one(clusterer: KeyedClusterer[Any], vectors: Vectors) -> None:
    """A batch is its vectors, one after another: learnt, replaced, forgotten and predicted."""
    single, named = clusterer.clone(), clusterer.clone()
    keys, rows = list(vectors), list(vectors.values())
    features = sorted(rows[0])
    half, gone = len(keys) // 2, keys[: len(keys) // 4]
    for each in (clusterer, single):
        learn(each, dict(zip(keys, reversed(rows), strict=True)))
    learn(named, {key: vectors[key] for key in keys[half:]})
    batch = [[x[name] for name in features] for x in rows]
    clusterer.learn_many([*(None for _ in gone), *batch], gone + keys)
    for key in gone:
        single.forget(key)
    learn(single, vectors)
    named.learn_many({name: [x[name] for x in rows[:half]] for name in features}, keys[:half])
    for each in (clusterer, single, named):
        assert_describes(each, vectors)
    if len(vectors) <= clusterer.micro_clusters:
        assert same_summary(clusterer, single)
    clusterer.refit()
    many = clusterer.predict_many(np.array(batch), keys).tolist()
    assert many == predictions(clusterer, vectors)
    assert clusterer.predict_many(np.array(batch)).tolist() == [
        clusterer.predict_one(x) for x in rows
    ]


def check_restored_from_its_customers_goes_on_equal(
    clusterer: KeyedClusterer[Any], vectors: Vectors
) -> None:
    """Vectors, segments by id and the model are all that a successor needs, as after a restart."""
    learn(clusterer, vectors)
    model = clusterer.refit()
    assert model is not None
    names, rows = clusterer.feature_set.names, clusterer.table.live()
    successor = clusterer.clone({"features": names, "refit_every": None})
    first = np.zeros(len(rows), dtype=np.int16)
    # Wherever they would be judged to belong, and since some time:
    clusterer.hold(rows, first, np.full(len(rows), 5))
    successor.adopt(model)
    keys = clusterer.keys_of(rows)
    successor.learn_many(clusterer.table.raw[rows], keys)
    ids = [clusterer.numbers.ids[number] for number in clusterer.table.segments[rows].tolist()]
    numbers = np.array([successor.numbers.of(each) for each in ids], dtype=np.int16)
    successor.hold(successor.rows_of(keys), numbers, clusterer.table.away[rows])
    assert successor.sizes() == {model.segment_ids[0]: len(vectors)}
    assert set(successor.table.away[successor.table.live()].tolist()) == {5}
    assert predictions(successor, vectors) == predictions(clusterer, vectors)
    if len(vectors) <= clusterer.micro_clusters:
        assert same_summary(clusterer, successor)


SMALL: tuple[Check, ...] = (
    check_the_order_of_customers_has_no_effect,
    check_same_as_batch_while_small,
)
ANY_SIZE: tuple[Check, ...] = (
    check_replacing_a_vector_equals_learning_it_first,
    check_a_customer_counts_once,
    check_forget_leaves_no_trace,
    check_pickle_goes_on_equal,
    check_restored_from_its_customers_goes_on_equal,
    check_many_at_once_equal_one_by_one,
)


def learn(clusterer: KeyedClusterer[Any], vectors: Vectors) -> None:
    """Learn every vector with its key."""
    for key, x in vectors.items():
        clusterer.learn_one(x, key)


def predictions(clusterer: KeyedClusterer[Any], vectors: Vectors) -> list[int]:
    """The segment of each customer."""
    return [clusterer.predict_one(x, key) for key, x in vectors.items()]


def partition(clusterer: KeyedClusterer[Any], vectors: Vectors) -> set[frozenset[str]]:
    """Who is with whom after a fit from nothing, whatever the segments are called."""
    refitted = pickle.loads(pickle.dumps(clusterer))
    refitted.refit()
    groups: dict[int, list[str]] = {}
    for key, x in vectors.items():
        groups.setdefault(refitted.predict_one(x), []).append(key)
    return {frozenset(group) for group in groups.values()}


def same_summary(one: KeyedClusterer[Any], other: KeyedClusterer[Any]) -> bool:
    """Whether both would publish the same bytes, but for the clock."""
    columns: Iterable[bytes] = (
        dump_summary(replace(each, clock=0)) for each in (one.summary(), other.summary())
    )
    return len(set(columns)) == 1


def assert_describes(clusterer: KeyedClusterer[Any], vectors: Vectors) -> None:
    """Count, mean and variance, also those of the micro-clusters together, are numpy's."""
    summary = clusterer.summary()
    rows = transformed(clusterer, vectors)
    assert summary.customers == clusterer.customers == len(rows)
    close(summary.mean, rows.mean(axis=0))
    close(summary.m2 / len(rows), rows.var(axis=0))
    assert summary.counts.sum() == len(rows)
    assert len(summary.counts) <= clusterer.micro_clusters
    close(summary.sums.sum(axis=0) / len(rows), rows.mean(axis=0))
    assert len(summary.hashes) == min(len(rows), clusterer.sample)
    known = {tuple(row) for row in rows.astype(np.float32).tolist()}
    assert {tuple(row) for row in summary.vectors.tolist()} <= known


def transformed(clusterer: KeyedClusterer[Any], vectors: Vectors) -> Floats:
    """The vectors (m, d) as numpy transforms them."""
    return matrix(vectors, clusterer.log, clusterer.summary().features)


def close(found: Floats, expected: Floats) -> None:
    """Equal to 1e-9, of the value where that is above 1."""
    assert np.all(np.abs(found - expected) <= 1e-9 * np.maximum(np.abs(expected), 1.0))
