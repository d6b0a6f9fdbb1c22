"""Assignment: the nearest centroid by numpy's reckoning, hysteresis, quarantine."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.segmentation.assign import NONE, Assigner
from schemas.segments import QUARANTINE, SegmentCard, SegmentModel

CENTROIDS = ((0.0, 0.0), (10.0, 0.0), (0.0, 10.0))
OUTLIERS = ((40.0, 40.0), (-40.0, 40.0))


def model(
    *,
    centroids: tuple[tuple[float, ...], ...] = CENTROIDS,
    outliers: tuple[tuple[float, ...], ...] = OUTLIERS,
    margin: float = 0.1,
    clear_margin: float = 1.0,
    hold_hours: float = 0.0,
    logged: tuple[bool, ...] = (False, False),
    weights: tuple[float, ...] = (1.0, 1.0),
    mean: tuple[float, ...] = (0.0, 0.0),
    scale: tuple[float, ...] = (1.0, 1.0),
) -> SegmentModel:
    cards = [
        SegmentCard(
            segment_id=f"s{number}",
            name=f"number {number}",
            strategy="Wait.",
            size=1,
            share=0.1,
            centroid={},
            spread={},
            since_version=1,
        )
        for number in range(1, len(centroids) + 1)
    ]
    return SegmentModel.model_validate(
        {
            "model_id": "segment-model-1",
            "occurred_at": "2024-05-01T00:00:00.000Z",
            "reason": "a test",
            "version": 1,
            "features": ("x", "y"),
            "logged": logged,
            "weights": weights,
            "mean": mean,
            "scale": scale,
            "centroids": centroids,
            "outliers": outliers,
            "margin": margin,
            "clear_margin": clear_margin,
            "hold_hours": hold_hours,
            "customers": 30,
            "quarantined": 0,
            "next_id": 4,
            "segments": cards,
        }
    )


def test_labels_are_the_segments_and_then_quarantine() -> None:
    assigner = Assigner(model())
    assert assigner.ids == ("s1", "s2", "s3", QUARANTINE)
    assert assigner.index_of == {"s1": 0, "s2": 1, "s3": 2, QUARANTINE: 3}


def test_standardising_follows_the_models_definition() -> None:
    assigner = Assigner(
        model(logged=(True, False), weights=(4.0, 0.25), mean=(1.0, 2.0), scale=(0.5, 3.0))
    )
    raw = np.array([[0.0, 2.0], [np.e - 1.0, 5.0], [np.e**2 - 1.0, -1.0]])
    expected = [[-4.0, 0.0], [0.0, 0.5], [4.0, -0.5]]
    assert assigner.standardise(raw) == pytest.approx(np.array(expected))


@pytest.mark.parametrize(
    ("vector", "current", "expected", "why"),
    [
        ((1.0, 1.0), NONE, 0, "the nearest"),
        ((5.1, 0.0), NONE, 1, "the nearest, if barely"),
        ((5.1, 0.0), 0, 0, "4.9 is not below 0.9 x 5.1 = 4.59"),
        ((5.27, 0.0), 0, 1, "4.73 is below 0.9 x 5.27 = 4.743"),
        ((5.26, 0.0), 0, 0, "4.74 is not below 0.9 x 5.26 = 4.734"),
        ((4.8, 0.0), 1, 1, "the same from the other side"),
        ((4.7, 0.0), 1, 0, "4.7 is below 0.9 x 5.3 = 4.77"),
        ((5.1, 0.0), 9, 1, "no label of this model"),
        ((5.1, 0.0), -7, 1, "no label of this model"),
        ((39.0, 41.0), NONE, 3, "an outlier's centre is the nearest"),
        ((39.0, 41.0), 1, 3, "so it is for one who was in a segment"),
        ((-39.0, 41.0), NONE, 3, "the second outlier"),
        ((0.0, 10.0), 3, 2, "out of quarantine again"),
        ((21.0, 25.5), 3, 3, "hysteresis holds in quarantine, too"),
        ((5.0, 0.0), NONE, 0, "of two as near the first"),
        ((5.0, 0.0), 1, 1, "of two as near one's own"),
        ((0.0, 0.0), 0, 0, "at the centre itself"),
    ],
)
def test_who_is_assigned_where(
    vector: tuple[float, float], current: int, expected: int, why: str
) -> None:
    assigner = Assigner(model())
    assert assigner.judge_one(vector, current) == expected, why
    assert assigner.judge([vector], [current]).tolist() == [expected], why


def test_without_outliers_nobody_is_in_quarantine() -> None:
    assigner = Assigner(model(outliers=()))
    assert assigner.judge([[400.0, 400.0]], [NONE]).tolist() == [1]
    assert assigner.judge([[0.0, 9.0]], [3]).tolist() == [2]
    assert assigner.judge_one((0.0, 9.0), 3) == 2


def test_no_margin_is_no_hysteresis() -> None:
    assigner = Assigner(model(margin=0.0))
    assert assigner.judge_one((5.001, 0.0), 0) == 1


HOUR = 3_600_000
NOW = 100 * HOUR


@pytest.mark.parametrize(
    ("vector", "current", "away", "expected", "why"),
    [
        ((5.26, 0.0), 0, 0, (0, 0), "not past the margin"),
        ((5.27, 0.0), 0, 0, (0, NOW), "past it, from now on"),
        ((5.27, 0.0), 0, NOW - 23 * HOUR, (0, NOW - 23 * HOUR), "past it, not long enough"),
        ((5.27, 0.0), 0, NOW - 24 * HOUR, (1, 0), "past it for the hold"),
        ((5.26, 0.0), 0, NOW - 23 * HOUR, (0, 0), "it came back"),
        ((5.88, 0.0), 0, 0, (0, NOW), "4.12 is not below 0.7 x 5.88 = 4.116"),
        ((5.89, 0.0), 0, 0, (1, 0), "4.11 is below 0.7 x 5.89 = 4.123: clearly"),
        ((5.27, 0.0), NONE, 0, (1, 0), "in no segment: at once"),
        ((4.9, 0.0), 9, NOW - HOUR, (0, 0), "no label of this model: at once"),
        ((6.0, 5.0), 0, NOW - 24 * HOUR, (1, 0), "to the nearest, whichever it was before"),
    ],
)
def test_who_is_past_the_margin_is_held_for_a_time(
    vector: tuple[float, float], current: int, away: int, expected: tuple[int, int], why: str
) -> None:
    assigner = Assigner(model(clear_margin=0.3, hold_hours=24.0))
    labels, since = assigner.judge_at([vector], [current], [away], NOW)
    assert (labels.item(), since.item()) == expected, why


def test_a_hold_in_a_segment_that_is_gone_is_none() -> None:
    assigner = Assigner(model(outliers=(), clear_margin=1.0, hold_hours=24.0))
    labels, since = assigner.judge_at([[0.0, 9.0]], [3], [NOW - HOUR], NOW)
    assert (labels.item(), since.item()) == (2, 0)


def test_without_a_hold_the_clock_changes_nothing() -> None:
    assigner = Assigner(model())
    rng = np.random.default_rng(3)
    raw, current = rng.uniform(-50, 50, (500, 2)), rng.integers(-1, 5, 500)
    labels, since = assigner.judge_at(raw, current, np.zeros(500, dtype=np.int64), NOW)
    assert labels.tolist() == assigner.judge(raw, current).tolist()
    assert not since.any()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_over_hours_every_customer_goes_by_the_rule(seed: int) -> None:
    rng = np.random.default_rng(seed)
    assigner = Assigner(model(outliers=(), clear_margin=0.3, hold_hours=5.0))
    points = rng.uniform(0, 10, (20, 2))
    labels, since = assigner.nearest(points), np.zeros(20, dtype=np.int64)
    held = labels.tolist()
    past_for: list[int | None] = [None] * 20  # hours past the margin at the last look
    for hour in range(40):
        points += rng.normal(0, 0.4, points.shape)
        labels, since = assigner.judge_at(points, labels, since, NOW + hour * HOUR)
        for who, (x, y) in enumerate(points.tolist()):
            apart = [np.hypot(x - a, y - b) for a, b in CENTROIDS]
            nearest, own = min(apart), apart[held[who]]
            before = past_for[who]
            hours = None if nearest >= 0.9 * own else 0 if before is None else before + 1
            if nearest < 0.7 * own or hours == 5:
                held[who], hours = apart.index(nearest), None
            past_for[who] = hours
        assert labels.tolist() == held
        assert since.tolist() == [
            0 if hours is None else NOW + (hour - hours) * HOUR for hours in past_for
        ]


def test_no_customers_are_no_labels() -> None:
    assigner = Assigner(model())
    labels = assigner.judge(np.zeros((0, 2)), np.zeros(0, dtype=np.int16))
    assert labels.shape == (0,)
    assert labels.dtype == np.int16


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 10), st.integers(0, 16), st.sampled_from([0, 0.1]))
def test_a_batch_one_by_one_and_numpy_agree(
    seed: int, segments: int, odd: int, margin: float
) -> None:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(segments + odd, 2))
    mean, scale, weights = rng.normal(size=2), rng.uniform(0.1, 3, 2), rng.uniform(0.1, 3, 2)
    assigner = Assigner(
        model(
            centroids=tuple(map(tuple, centres[:segments].tolist())),
            outliers=tuple(map(tuple, centres[segments:].tolist())),
            margin=margin,
            logged=(True, False),
            weights=tuple(weights.tolist()),
            mean=tuple(mean.tolist()),
            scale=tuple(scale.tolist()),
        )
    )
    raw = np.column_stack((rng.poisson(3.0, 50), rng.normal(size=50)))
    current = rng.integers(-1, segments + 2, 50)
    points = np.column_stack((np.log(1 + raw[:, 0]), raw[:, 1]))
    points = (points - mean) / scale * np.sqrt(weights)
    apart = np.sqrt(((points[:, None] - centres) ** 2).sum(axis=2))
    labels = np.minimum(np.arange(segments + odd), segments)
    expected = []
    for row, held in zip(apart, current.tolist(), strict=True):
        own = row[labels == held].min() if (labels == held).any() else np.inf
        expected.append(int(labels[row.argmin()]) if row.min() < (1 - margin) * own else held)
    assert assigner.judge(raw, current).tolist() == expected
    one_by_one = zip(raw.tolist(), current.tolist(), strict=True)
    assert [assigner.judge_one(row, held) for row, held in one_by_one] == expected
    assert assigner.nearest(raw).tolist() == labels[apart.argmin(axis=1)].tolist()
