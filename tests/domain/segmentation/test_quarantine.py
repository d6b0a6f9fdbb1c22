"""Outliers go, segments stay: bots do not bend the segments of the others."""

from __future__ import annotations

import numpy as np
import pytest

from domain.policy.segments import SegmentRules
from domain.segmentation.assign import Assigner
from domain.segmentation.fit import Fitter
from domain.segmentation.publish import transformed
from schemas.segments import SegmentModel
from tests.domain.segmentation.population_vectors import Bots, Floats, bank_case, summaries
from tests.domain.segmentation.test_kmeans import plain_kmeans

pytestmark = pytest.mark.long

RULES = SegmentRules()
NOW = 1_700_000_000_000
SECOND = 1_000


def fit(vectors: Floats, rules: SegmentRules = RULES, partitions: int = 4) -> SegmentModel:
    model = Fitter(rules).fit(summaries(vectors, rules, partitions), NOW)
    assert model is not None
    return model


def drawn(vectors: Floats, model: SegmentModel) -> Floats:
    """The vectors as the model sees them, transformed."""
    [share] = model.drawn
    points = np.log1p(vectors)
    launches = vectors[:, 1]
    points[:, 3] = (launches * vectors[:, 3] + share.prior * share.mean) / (launches + share.prior)
    return points


def harm(model: SegmentModel, others: Floats) -> float:
    """SSE of the others under the model over their own batch clustering into three."""
    points = drawn(others, model)
    mean, scale = points.mean(axis=0), points.std(axis=0)
    standard = (points - mean) / scale
    centroids = (transformed(model, model.centroids) - mean) / scale
    own = ((standard[:, None, :] - centroids) ** 2).sum(axis=2).min(axis=1).sum()
    rng = np.random.default_rng(2)
    batch = min(plain_kmeans(standard, np.ones(len(points)), 3, rng) for _ in range(20))
    return float(own / batch)


@pytest.mark.parametrize("bots_of", ["clicking", "login", "news"])
@pytest.mark.parametrize("k", [None, 3])
@pytest.mark.parametrize("customers", [97, 970])
def test_three_bots_in_a_hundred_do_not_bend_the_segments(
    customers: int, k: int | None, bots_of: Bots
) -> None:
    vectors, kinds = bank_case(customers, 3, bots=round(customers * 3 / 97), bots_of=bots_of)
    model = fit(vectors, SegmentRules(k=k))
    assert harm(model, vectors[kinds < 3]) <= 1.10
    bots = Assigner(model).nearest(vectors[kinds == 3])
    assert len(set(bots.tolist())) == 1
    assert not set(bots.tolist()) & set(Assigner(model).nearest(vectors[kinds < 3]).tolist())


@pytest.mark.parametrize("seed", range(4))
def test_bots_each_of_a_kind_of_its_own_do_not_bend_the_segments(seed: int) -> None:
    vectors, _ = bank_case(970, seed)
    rng = np.random.default_rng(seed)
    counts = rng.poisson(np.exp(rng.uniform(np.log(50), np.log(5_000), (30, 6))))
    counts[:, 0] += 1
    share = rng.random(30)
    columns = [counts.sum(axis=1), counts[:, 0], counts[:, 1], share, *counts[:, 2:].T]
    bots = np.stack(columns, axis=1).astype(np.float64)
    model = fit(np.concatenate((vectors, bots)))
    # 30 of 1,000 are above the line of 2 %: a segment of their own is theirs as well as quarantine
    nearest = Assigner(model).nearest
    assert not set(nearest(bots).tolist()) & set(nearest(vectors).tolist())
    assert harm(model, vectors) <= 1.001


@pytest.mark.parametrize("bots_of", ["clicking", "login", "news"])
def test_one_bot_in_a_hundred_is_quarantined(bots_of: Bots) -> None:
    vectors, kinds = bank_case(990, 6, bots=10, bots_of=bots_of)
    model = fit(vectors)
    assert model.quarantined == 10
    labels = Assigner(model).nearest(vectors)
    assert np.array_equal(labels == len(model.segments), kinds == 3)
    assert harm(model, vectors[kinds < 3]) <= 1.001


def test_two_kinds_of_bots_do_not_hide_each_other() -> None:
    vectors, kinds = bank_case(970, 6, bots=15)
    others, other_kinds = bank_case(970, 6, bots=15, bots_of="news")
    both = np.concatenate((vectors, others[other_kinds == 3]))
    model = fit(both)
    assert model.quarantined == 30
    assert harm(model, vectors[kinds < 3]) <= 1.001


@pytest.mark.parametrize("seed", range(6))
def test_a_segment_of_five_in_a_hundred_is_none(seed: int) -> None:
    vectors, _ = bank_case(400, seed)
    model = fit(vectors)
    assert model.quarantined == 0
    assert [card.size for card in model.segments] == [328, 52, 20]


def test_no_more_than_a_tenth_is_quarantined() -> None:
    vectors, _ = bank_case(200, seed=1)
    rng = np.random.default_rng(4)
    strange = np.concatenate(
        [vectors[:4] * 0 + rng.uniform(1, 9) * 10 ** rng.uniform(1, 7, 8) for _ in range(12)]
    )
    strange[:, 3] = 0.0
    model = fit(np.concatenate((vectors, strange)))
    assert model.quarantined <= 0.1 * model.customers
    assert len(model.segments) >= 2


def test_without_a_share_nobody_is_quarantined() -> None:
    vectors, _ = bank_case(990, 6, bots=10)
    model = fit(vectors, SegmentRules(quarantine_share=0.0))
    assert (model.quarantined, model.outliers) == (0, ())


def test_bots_that_come_later_are_found_and_leave_no_trace_when_they_go() -> None:
    vectors, kinds = bank_case(990, 6, bots=15, bots_of="login")
    people = vectors[kinds < 3]
    fitter = Fitter(RULES)
    first = fitter.fit(summaries(people, RULES), NOW)
    assert first is not None
    with_bots = summaries(vectors, RULES)
    for second in range(1, 70):
        fitter.fit(with_bots, NOW + second * SECOND)
    assert fitter.model is not None
    assert fitter.model.quarantined == 15
    assert fitter.model.segment_ids == first.segment_ids
    assert "outliers went from 0 to 1" in fitter.model.reason
    without = summaries(people, RULES)
    for second in range(70, 200):
        fitter.fit(without, NOW + second * SECOND)
    assert (fitter.model.quarantined, fitter.model.outliers) == (0, ())
    assert fitter.model.segment_ids == first.segment_ids
    moved = transformed(fitter.model, fitter.model.centroids) - transformed(first, first.centroids)
    assert np.abs(moved).max() < 0.05


def test_a_quarantined_cluster_that_grows_becomes_a_segment() -> None:
    vectors, kinds = bank_case(990, 6, bots=120, bots_of="news")
    bots = np.flatnonzero(kinds == 3)
    few = np.delete(vectors, bots[10:], axis=0)
    fitter = Fitter(RULES)
    first = fitter.fit(summaries(few, RULES), NOW)
    assert first is not None
    assert first.quarantined == 10
    many = summaries(vectors, RULES)
    for second in range(1, 40):
        fitter.fit(many, NOW + second * SECOND)
    assert fitter.model is not None
    assert fitter.model.quarantined == 0
    assert fitter.model.segment_ids == (*first.segment_ids, f"s{first.next_id}")
    assert fitter.model.segments[-1].size == 120
