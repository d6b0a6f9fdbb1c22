"""Weighted k-means against the optimum by trying all, and against a plain one run many times."""

from __future__ import annotations

from itertools import product as every

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from domain.segmentation import kmeans

Floats = NDArray[np.float64]


def cost_of(points: Floats, weights: Floats, labels: NDArray[np.intp], k: int) -> float:
    """Weighted SSE about the clusters' own means, customer by customer."""
    total = 0.0
    for cluster in range(k):
        inside, mass = points[labels == cluster], weights[labels == cluster]
        if len(inside):
            mean = sum(m * p for m, p in zip(mass, inside, strict=True)) / mass.sum()
            total += sum(
                float(m * ((p - mean) ** 2).sum()) for m, p in zip(mass, inside, strict=True)
            )
    return total


def plain_kmeans(points: Floats, weights: Floats, k: int, rng: np.random.Generator) -> float:
    """Textbook k-means++ and Lloyd, one restart: the SSE it comes to."""
    centres = [points[rng.choice(len(points), p=weights / weights.sum())]]
    while len(centres) < k:
        gaps = np.min([((points - centre) ** 2).sum(axis=1) for centre in centres], axis=0)
        centres.append(points[rng.choice(len(points), p=gaps * weights / (gaps @ weights))])
    found = np.array(centres)
    for _ in range(200):
        squared = ((points[:, None, :] - found[None, :, :]) ** 2).sum(axis=2)
        labels = squared.argmin(axis=1)
        moved = np.array(
            [
                np.average(points[labels == j], axis=0, weights=weights[labels == j])
                if (labels == j).any()
                else found[j]
                for j in range(k)
            ]
        )
        if np.allclose(moved, found, rtol=0, atol=1e-12):
            break
        found = moved
    return float(weights @ squared.min(axis=1))


def blobs(number: int, width: int, groups: int, seed: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 2, (groups, width))
    points = centres[rng.integers(0, groups, number)] + rng.normal(size=(number, width))
    points -= points.mean(axis=0)
    return points, rng.integers(1, 30, number).astype(np.float64)


def search(points: Floats, weights: Floats, k: int, restarts: int = 40) -> kmeans.Clustering:
    starts = kmeans.seeds(points, weights, k, restarts, np.random.default_rng(1))
    return kmeans.best_clustering(points, weights, starts)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(2, 3))
def test_tiny_sets_come_to_the_optimum(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(8, 2))
    weights = rng.integers(1, 6, 8).astype(np.float64)
    optimum = min(
        cost_of(points, weights, np.array((0, *labels)), k) for labels in every(range(k), repeat=7)
    )
    starts = centres_of_every_labelling(points, weights, k)
    assert kmeans.best_clustering(points, weights, starts).sse == pytest.approx(optimum, rel=1e-9)


def centres_of_every_labelling(points: Floats, weights: Floats, k: int) -> Floats:
    """Starts (n, k, d) from which the optimum is within reach: no seeding promises that."""
    found = []
    for labels in every(range(k), repeat=len(points) - 1):
        mass = (np.array((0, *labels)) == np.arange(k)[:, None]) * weights
        if (mass.sum(axis=1) > 0).all():
            found.append(mass @ points / mass.sum(axis=1)[:, None])
    return np.array(found)


@pytest.mark.parametrize("k", [2, 4, 7, 10])
def test_a_search_is_as_good_as_plain_kmeans_run_twenty_times(k: int) -> None:
    points, weights = blobs(600, 8, 5, seed=k)
    rng = np.random.default_rng(3)
    batch = min(plain_kmeans(points, weights, k, rng) for _ in range(20))
    found = search(points, weights, k)
    assert found.sse <= 1.001 * batch
    assert found.sse == pytest.approx(cost_of(points, weights, found.labels, k), rel=1e-9)


def test_a_weight_is_so_many_points() -> None:
    points, weights = blobs(60, 3, 3, seed=2)
    many = np.repeat(points, weights.astype(int), axis=0)
    as_weights = search(points, weights, 3)
    as_points = search(many, np.ones(len(many)), 3)
    assert as_weights.sse == pytest.approx(as_points.sse, rel=1e-9)
    by_first = as_weights.centres[np.argsort(as_weights.centres[:, 0])]
    assert by_first == pytest.approx(as_points.centres[np.argsort(as_points.centres[:, 0])])


def test_a_fit_is_settled() -> None:
    points, weights = blobs(400, 4, 4, seed=5)
    found = search(points, weights, 4)
    squared = ((points[:, None, :] - found.centres[None, :, :]) ** 2).sum(axis=2)
    assert np.array_equal(found.labels, squared.argmin(axis=1))
    for cluster in range(4):
        inside = found.labels == cluster
        mean = np.average(points[inside], axis=0, weights=weights[inside])
        assert found.centres[cluster] == pytest.approx(mean, abs=1e-9)


def test_seeds_are_points_and_prefer_what_is_far() -> None:
    points = np.concatenate((np.zeros((500, 2)), np.full((3, 2), 50.0), np.full((2, 2), -70.0)))
    starts = kmeans.seeds(points, np.ones(505), 3, 30, np.random.default_rng(0))
    assert starts.shape == (30, 3, 2)
    for start in starts:
        assert sorted(start[:, 0].tolist()) == [-70.0, 0.0, 50.0]


def test_the_same_seed_gives_the_same_clusters() -> None:
    points, weights = blobs(300, 5, 4, seed=8)
    first, second = search(points, weights, 5), search(points, weights, 5)
    assert np.array_equal(first.centres, second.centres)
    assert np.array_equal(first.labels, second.labels)


def test_a_cluster_without_points_starts_again_or_stays() -> None:
    points = np.array([[0.0], [1.0], [10.0], [11.0]])
    start = np.array([[0.5], [500.0], [10.5]])
    revived = kmeans.finish(points, np.ones(4), start)
    assert len(set(revived.labels.tolist())) == 3
    assert revived.sse == pytest.approx(0.5)
    kept = kmeans.finish(points, np.ones(4), start, revive=False)
    assert kept.centres[1].tolist() == [500.0]
    assert kept.sse == pytest.approx(1.0)


def test_as_many_clusters_as_distinct_points_cost_nothing() -> None:
    points = np.repeat(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 5.0]]), 7, axis=0)
    assert search(points, np.ones(21), 3).sse == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 9, 400), (2_000, 8, 40), (5, 300_000, 2)])
def test_a_product_in_blocks_is_the_product(shape: tuple[int, int, int]) -> None:
    rows, inner, columns = shape
    rng = np.random.default_rng(4)
    left, right = rng.normal(size=(rows, inner)), rng.normal(size=(inner, columns))
    assert kmeans.product(left, right) == pytest.approx(np.einsum("ij,jk->ik", left, right))
