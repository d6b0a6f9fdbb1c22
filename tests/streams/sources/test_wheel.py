"""Weighted choice against the weights themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.sources.wheel import Wheel

WEIGHTS = st.lists(st.integers(0, 50), min_size=1, max_size=12).filter(any)


@given(WEIGHTS)
def test_each_index_takes_its_share_of_the_line(weights: list[int]) -> None:
    wheel, steps = Wheel(weights), 20_000
    found = [0] * len(weights)
    for step in range(steps):
        found[wheel.pick((step + 0.5) / steps)] += 1
    for count, weight in zip(found, weights, strict=True):
        # each index has at most one piece in each of the wheel's equal parts
        assert abs(count - steps * weight / sum(weights)) <= len(weights) + 1
        assert weight > 0 or count == 0


@pytest.mark.parametrize("weights", [[], [0.0], [1.0, -1.0]])
def test_weights_that_choose_nothing_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Wheel(weights)
