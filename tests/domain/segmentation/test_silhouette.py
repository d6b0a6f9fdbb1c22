"""The mean silhouette against its definition, worked out point by point."""

from __future__ import annotations

from math import dist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.segmentation.silhouette import best_k, distance_matrix, mean_silhouette


def by_definition(points: list[list[float]], labels: list[int]) -> float:
    """Rousseeuw 1987, in loops."""
    scores = []
    for i, own in enumerate(labels):
        to_cluster: dict[int, list[float]] = {}
        for j, other in enumerate(labels):
            if i != j:
                to_cluster.setdefault(other, []).append(dist(points[i], points[j]))
        if own not in to_cluster:
            scores.append(0.0)
            continue
        means = {label: sum(gaps) / len(gaps) for label, gaps in to_cluster.items()}
        a = means.pop(own)
        b = min(means.values())
        scores.append((b - a) / max(a, b) if max(a, b) > 0 else 0.0)
    return sum(scores) / len(scores)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    number=st.integers(4, 40),
    k=st.integers(2, 6),
    repeated=st.booleans(),
)
def test_it_is_what_the_definition_gives(seed: int, number: int, k: int, repeated: bool) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(number, 3))
    if repeated:
        points = np.round(points)
    labels = rng.integers(0, k, number)
    labels[:2] = (0, 1)
    found = mean_silhouette(distance_matrix(points), labels)
    assert found == pytest.approx(by_definition(points.tolist(), labels.tolist()), abs=1e-9)


def test_clusters_far_apart_come_near_one() -> None:
    points = np.concatenate((np.zeros((5, 2)), np.full((5, 2), 9.0)))
    apart = distance_matrix(points)
    assert mean_silhouette(apart, np.repeat([0, 1], 5)) == pytest.approx(1.0)
    assert mean_silhouette(apart, np.tile([0, 1], 5)) < 0


@pytest.mark.parametrize("labels", [[], [3], [2, 2, 2]])
def test_without_two_clusters_there_is_nothing_to_compare(labels: list[int]) -> None:
    apart = distance_matrix(np.arange(len(labels), dtype=float).reshape(-1, 1))
    assert mean_silhouette(apart, np.array(labels, dtype=np.intp)) == 0.0


def test_identical_points_in_two_clusters_count_nothing() -> None:
    assert mean_silhouette(np.zeros((4, 4)), np.array([0, 0, 1, 1])) == 0.0


def test_labels_need_not_be_consecutive() -> None:
    points = np.random.default_rng(0).normal(size=(9, 2))
    apart = distance_matrix(points)
    labels = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2])
    assert mean_silhouette(apart, labels) == mean_silhouette(apart, labels * 3 + 1)


def test_the_present_k_stays_unless_clearly_beaten() -> None:
    figures = {2: 0.50, 3: 0.55, 4: 0.56, 5: 0.56}
    assert best_k(figures, present=None, gain=0.02) == 4
    assert best_k(figures, present=3, gain=0.02) == 3
    assert best_k(figures, present=2, gain=0.02) == 4
    assert best_k(figures, present=9, gain=0.02) == 4
    assert best_k(figures, present=5, gain=0.02) == 5
