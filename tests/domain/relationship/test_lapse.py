"""The lapse point: a percentile of the customer's own gaps, with a floor."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel.percentile import percentile
from domain.kernel.units import MS_PER_DAY as DAY
from domain.policy.relationship import LapseRules, RelationshipRules
from domain.relationship.lapse import lapse

RULES = RelationshipRules()


@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=20), st.floats(0.01, 1.0))
@settings(max_examples=200, deadline=None)
def test_the_percentile_is_the_one_of_numpy(values: list[int], share: float) -> None:
    assert percentile(values, share) == pytest.approx(np.percentile(values, 100 * share), abs=0.01)


@given(st.lists(st.integers(0, 400 * DAY), min_size=4, max_size=20), st.integers(0, 999 * DAY))
@settings(max_examples=200, deadline=None)
def test_the_lapse_point_is_the_80th_percentile_but_not_below_14_days(
    gaps: list[int], silence: int
) -> None:
    times = list(accumulate(gaps, initial=10**12))
    found = lapse(times, times[-1] + silence, RULES)
    assert found.gap_ms == silence
    assert found.point_ms == pytest.approx(max(14 * DAY, np.percentile(gaps, 80)), abs=1)
    assert found.reason.startswith("No purchase for ")
    assert found.missing == ()


def test_only_the_last_20_gaps_count() -> None:
    gaps = [300 * DAY] * 5 + [20 * DAY] * 20
    times = list(accumulate(gaps, initial=0))
    assert lapse(times, times[-1], RULES).point_ms == 20 * DAY


def test_a_fifth_purchase_gives_the_first_lapse_point() -> None:
    times = [day * DAY for day in (0, 20, 40, 60, 80)]
    assert lapse(times, 100 * DAY, RULES).point_ms == 20 * DAY
    found = lapse(times[:4], 100 * DAY, RULES)
    assert (found.gap_ms, found.point_ms, found.missing) == (40 * DAY, None, ("5 purchases",))
    assert found.reason == (
        "No purchase for 40 days; there is a lapse point from 5 purchases on, here are 4 purchases."
    )


def test_without_a_purchase_there_is_neither_gap_nor_lapse_point() -> None:
    assert lapse([], 5, RULES)[:2] == (None, None)
    assert lapse([], 5, RULES).missing == ("purchases",)


def test_a_purchase_a_little_ahead_of_now_leaves_no_gap() -> None:
    assert lapse([10 * DAY + 60_000], 10 * DAY, RULES).gap_ms == 0


def test_an_operator_may_set_percentile_floor_and_number() -> None:
    rules = RelationshipRules(lapse=LapseRules(min_days=1, percentile=1, gaps=2, min_purchases=2))
    times = [day * DAY for day in (0, 50, 53, 60)]
    assert lapse(times, 61 * DAY, rules).point_ms == 7 * DAY
    assert lapse(times[:2], 61 * DAY, rules).point_ms == 50 * DAY
