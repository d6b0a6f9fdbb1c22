"""The detectors: silent while nothing changes, heard when the distances do."""

from __future__ import annotations

import numpy as np
import pytest

from domain.kernel.units import MS_PER_HOUR
from domain.segmentation.drift import DriftWatch

SECOND = 1_000


def refits(watch: DriftWatch, distances: list[float], start: int, step: int) -> list[int]:
    """The positions at which drift was seen."""
    times = (start + number * step for number in range(len(distances)))
    pairs = enumerate(zip(distances, times, strict=True))
    return [number for number, (distance, at) in pairs if watch.update(distance, 2.0, at)]


def steady(count: int, level: float, seed: int, noise: float = 0.01) -> list[float]:
    values: list[float] = np.random.default_rng(seed).normal(level, noise, count).tolist()
    return values


@pytest.mark.parametrize("seed", range(3))
def test_a_steady_hour_of_refits_is_no_drift(seed: int) -> None:
    assert refits(DriftWatch(), steady(3_600, 1.2, seed), 0, SECOND) == []


@pytest.mark.parametrize("level", [1.5, 0.9])
def test_a_jump_is_seen_within_two_minutes(level: float) -> None:
    watch = DriftWatch()
    assert refits(watch, steady(600, 1.2, 1), 0, SECOND) == []
    seen = refits(watch, steady(120, level, 2), 600 * SECOND, SECOND)
    assert seen


def test_a_slow_rise_by_the_hour_is_seen() -> None:
    # Two refits an hour are too few for ADWIN: what is heard is the hourly detector.
    watch = DriftWatch()
    calm = refits(watch, [1.2] * 48, 0, MS_PER_HOUR // 2)
    rising = [1.2 * (1.04 ** (number // 2)) for number in range(24)]
    assert calm == []
    assert refits(watch, rising, 24 * MS_PER_HOUR, MS_PER_HOUR // 2)


def test_days_without_a_change_are_no_drift() -> None:
    assert refits(DriftWatch(), steady(24 * 14, 1.0, 4), 0, MS_PER_HOUR) == []


def test_customers_all_on_their_centroid_are_no_drift() -> None:
    assert refits(DriftWatch(), [0.0] * 200, 0, MS_PER_HOUR // 4) == []


def test_a_fit_is_stale_when_the_distance_is_not_that_after_the_scan() -> None:
    watch = DriftWatch()
    stale = []
    for distance in (1.0, 1.04, 1.06, 0.96, 0.94, 1.0):
        watch.update(distance, 2.0, 0)
        stale.append(watch.stale)
    assert stale == [False, False, True, False, True, False]


def test_a_fit_is_stale_when_somebody_is_much_farther_than_anybody_was() -> None:
    watch = DriftWatch()
    stale = []
    for stretch in (2.0, 2.5, 2.7, 1.0):
        watch.update(1.0, stretch, 0)
        stale.append(watch.stale)
    assert stale == [False, False, True, False]
