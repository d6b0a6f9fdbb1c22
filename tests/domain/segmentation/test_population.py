"""Partitions' summaries merge into what a single partition would have sent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from river.stats import Var

from domain.policy.segments import SegmentRules
from domain.segmentation.features import FeatureSet
from domain.segmentation.population import merge
from tests.domain.segmentation.population_vectors import bank_case, seen, summaries

RULES = SegmentRules(sample=200)
FEATURES = FeatureSet.of(RULES)
VECTORS, _ = bank_case(700, seed=6)


@settings(max_examples=10, deadline=None)
@given(partitions=st.integers(1, 12), order=st.randoms(use_true_random=False))
def test_any_number_of_partitions_makes_one_population(partitions: int, order: object) -> None:
    sent = summaries(VECTORS, RULES, partitions)
    getattr(order, "shuffle")(sent)  # noqa: B009
    merged = merge(sent, FEATURES, RULES.sample)
    alone = merge(summaries(VECTORS, RULES, 1), FEATURES, RULES.sample)
    assert merged is not None
    assert alone is not None
    transformed = seen(VECTORS, RULES)
    assert merged.customers == 700
    assert merged.mean == pytest.approx(transformed.mean(axis=0), rel=1e-8)
    counted, shares = [0, 1, 2, 4, 5, 6, 7], 3
    spread = transformed.var(axis=0) * 700
    assert merged.m2[counted] == pytest.approx(spread[counted], rel=1e-9)
    assert merged.m2[shares] == pytest.approx(spread[shares], rel=1e-5)
    assert merged.raw_sums.sum(axis=0) == pytest.approx(VECTORS.sum(axis=0), rel=1e-5)
    assert np.array_equal(merged.sample, alone.sample)
    assert len(merged.sample) == 200


def test_moments_are_those_of_rivers_variance() -> None:
    sent = summaries(VECTORS, RULES, 3)
    merged = merge(sent, FEATURES, RULES.sample)
    assert merged is not None
    for feature in (0, 1, 2, 4, 5, 6, 7):
        total = Var(ddof=0)
        for part in sent:
            total += Var._from_state(
                part.customers, part.mean[feature], part.m2[feature] / part.customers, ddof=0
            )
        assert merged.mean[feature] == pytest.approx(total.mean.get(), rel=1e-9)
        assert merged.m2[feature] / 700 == pytest.approx(total.get(), rel=1e-9)


def test_the_newest_summary_of_a_partition_counts() -> None:
    new = summaries(VECTORS, RULES, 1)[0]
    old = replace(summaries(VECTORS[:300], RULES, 1)[0], clock=new.clock - 1)
    for order in ([old, new], [new, old]):
        merged = merge(order, FEATURES, RULES.sample)
        assert merged is not None
        assert merged.customers == 700


def test_summaries_of_other_features_or_of_nobody_are_left_out() -> None:
    other = SegmentRules(features=("app_launches", "push_share"))
    strange = summaries(VECTORS[:, :2], other, 1)[0]
    empty = summaries(VECTORS[:0], RULES, 1)[0]
    assert merge([strange, replace(empty, partition=1)], FEATURES, 200) is None
    assert merge([], FEATURES, 200) is None
    good = replace(summaries(VECTORS, RULES, 1)[0], partition=2)
    merged = merge([strange, replace(empty, partition=1), good], FEATURES, 200)
    assert merged is not None
    assert merged.customers == 700


def test_the_scaler_of_some_customers_is_theirs_alone() -> None:
    merged = merge(summaries(VECTORS, RULES, 1, capacity=4_000), FEATURES, 200)
    assert merged is not None
    kept = np.arange(len(merged.counts)) % 5 > 0
    scaler = merged.scaler(kept, FEATURES.weights)
    inside = np.repeat(merged.means[kept], merged.counts[kept].astype(int), axis=0)
    assert scaler.mean == pytest.approx(inside.mean(axis=0), rel=1e-9)
    assert scaler.scale == pytest.approx(inside.std(axis=0), rel=1e-6)


def test_a_feature_that_does_not_vary_has_scale_one() -> None:
    vectors = VECTORS.copy()
    vectors[:, 4] = 1_234_567.0
    merged = merge(summaries(vectors, RULES, 4), FEATURES, 200)
    assert merged is not None
    scaler = merged.scaler(np.ones(len(merged.counts), dtype=bool), FEATURES.weights)
    assert scaler.scale[4] == 1.0
    assert (scaler.scale[[0, 1, 2, 3, 5, 6, 7]] != 1.0).all()


def test_what_is_standardised_is_restored() -> None:
    merged = merge(summaries(VECTORS, RULES, 1), FEATURES, 200)
    assert merged is not None
    weights = np.linspace(0.5, 4.0, len(FEATURES))
    scaler = merged.scaler(np.ones(len(merged.counts), dtype=bool), weights)
    standard = scaler.standardise(merged.means)
    assert scaler.restore(standard) == pytest.approx(merged.means)
    spread = np.average(standard**2, axis=0, weights=merged.counts)
    assert (spread <= weights + 1e-9).all()
