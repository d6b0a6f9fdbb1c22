"""A share of few launches is noise: it puts nobody in quarantine, nor in another segment."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.bank_seeds import MOST_QUARANTINED, SEEDS, told
from domain.policy.segments import GenericRules, SegmentRules
from domain.segmentation.assign import Assigner
from domain.segmentation.clusterer import KeyedClusterer
from domain.segmentation.features import FeatureSet
from domain.segmentation.fit import Fitter
from domain.segmentation.population import merge
from domain.segmentation.shares import Drawn, mean_share
from schemas.segments import SegmentModel
from tests.domain.segmentation.population_vectors import Floats, bank_case, seen, summaries

RULES = SegmentRules()
AS_IT_IS = SegmentRules(share_prior=0.0)
NOW = 1_700_000_000_000


FEW = np.array(
    [
        # launches, messages, share, tabs, functions, news, views
        (3, 110, 2 / 3, 1, 0, 1, 0),
        (2, 92, 0.0, 0, 1, 1, 0),
        (3, 136, 0.0, 1, 1, 0, 0),
        (2, 104, 0.0, 0, 0, 1, 0),
        (3, 121, 0.0, 0, 1, 1, 0),
    ]
)
"""Notification-only. The first is like the others, but two of its three launches were pushed."""


def three_groups() -> Floats:
    """Five of `FEW` before 82 lurkers and 13 steady customers, whose habits differ by a fifth."""
    rng = np.random.default_rng(11)
    kinds = np.repeat([[9, 4, 0.638, 4, 4, 4, 1], [20, 8, 0.2, 18, 20, 9, 11]], [82, 13], axis=0)
    counts = np.round(kinds * rng.uniform(0.8, 1.2, kinds.shape))
    counts[:, 2] = np.round(kinds[:, 2] * counts[:, 0]) / counts[:, 0]
    rows = np.concatenate((FEW, counts))
    behaviours = rows.sum(axis=1) - rows[:, 2]
    return np.column_stack((behaviours, rows))


def model_of(vectors: Floats, rules: SegmentRules) -> SegmentModel:
    model = Fitter(rules).fit(summaries(vectors, rules, 4), NOW)
    assert model is not None
    return model


def test_two_of_three_launches_from_a_push_do_not_put_a_customer_in_quarantine() -> None:
    vectors = three_groups()
    before, now = model_of(vectors, AS_IT_IS), model_of(vectors, RULES)
    assert before.quarantined >= 1
    assert now.quarantined == 0
    assert sorted(card.size for card in now.segments) == [5, 13, 82]
    labels = Assigner(now).nearest(vectors)
    assert len(set(labels[:5].tolist())) == 1


def test_what_is_shown_stays_the_share_itself() -> None:
    vectors = three_groups()
    model = model_of(vectors, RULES)
    [few] = [card for card in model.segments if card.size == 5]
    assert few.centroid["push_share"] == pytest.approx(2 / 15)  # (2/3 + 4 x 0) / 5
    [lurkers] = [card for card in model.segments if card.size == 82]
    assert lurkers.centroid["push_share"] == pytest.approx(vectors[5:87, 3].mean())


@pytest.mark.long
def test_a_bank_case_by_a_second_hand_comes_out_right_on_a_hundred_seeds() -> None:
    found = told(SEEDS, RULES)
    assert found.right >= 0.98, found.wrong
    assert found.quarantined <= MOST_QUARANTINED, found.wrong


def test_the_model_says_by_what_a_share_is_drawn() -> None:
    vectors, _ = bank_case(400, seed=2)
    [drawn] = model_of(vectors, RULES).drawn
    weight = vectors[:, 1] / (vectors[:, 1] + 3)
    assert (drawn.feature, drawn.of, drawn.prior) == ("push_share", "app_launches", 3.0)
    assert drawn.mean == pytest.approx(np.average(vectors[:, 3], weights=weight), abs=1e-8)
    assert model_of(vectors, AS_IT_IS).drawn == ()


def test_all_workers_see_a_vector_alike_by_the_model_alone() -> None:
    vectors, _ = bank_case(400, seed=2)
    model = model_of(vectors, RULES)
    expected = (seen(vectors, RULES) - model.mean) / model.scale
    assigner = Assigner(SegmentModel.model_validate_json(model.model_dump_json()))
    assert assigner.standardise(vectors) == pytest.approx(expected, abs=1e-6)
    one = assigner.standardise_one(vectors[7].tolist())
    assert one == pytest.approx(assigner.standardise(vectors)[7].tolist(), rel=1e-12)
    assert vectors[7].tolist() == bank_case(400, seed=2)[0][7].tolist()


@given(
    share=st.floats(0, 1),
    count=st.floats(0, 1e6),
    mean=st.floats(0, 1),
    prior=st.floats(0.001, 1e3),
)
def test_a_drawn_share_lies_between_itself_and_the_mean(
    share: float, count: float, mean: float, prior: float
) -> None:
    drawn = Drawn(0, 1, prior)
    found = float(drawn.seen(np.array(share), np.array(count), mean))
    assert found == pytest.approx((count * share + prior * mean) / (count + prior))
    assert min(share, mean) - 1e-12 <= found <= max(share, mean) + 1e-12


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=40))
def test_columns_and_a_mean_make_what_the_clustering_sees(launches: list[tuple[int, int]]) -> None:
    rules = SegmentRules(features=("app_launches", "push_share"))
    features = FeatureSet.of(rules)
    count = np.array([max(pair) for pair in launches], dtype=np.float64)
    share = np.array([min(pair) / max(pair) if max(pair) else 0.0 for pair in launches])
    columns = features.transform(np.column_stack((count, share)))
    mean = mean_share(columns[:, 1].sum(), columns[:, 2].sum())
    expected = (count * share + 3 * mean) / (count + 3)
    assert features.drawn_to(columns, [mean])[:, 1] == pytest.approx(expected)
    assert expected.mean() == pytest.approx(mean if count.any() else 0.5)


def undrawn(vectors: Floats, partitions: int) -> list:  # type: ignore[type-arg]
    """Summaries as partitions sent them before shares were drawn."""
    return summaries(vectors, AS_IT_IS, partitions)


def test_summaries_from_before_shares_were_drawn_count_until_the_next_come() -> None:
    vectors, _ = bank_case(200, seed=5)
    features = FeatureSet.of(RULES)
    old = merge(undrawn(vectors, 4), features, RULES.sample)
    new = merge(summaries(vectors, RULES, 4), features, RULES.sample)
    assert old is not None
    assert new is not None
    assert old.usual == pytest.approx(new.usual)
    assert old.m2 == pytest.approx(new.m2, rel=1e-4)
    assert old.sample == pytest.approx(new.sample, abs=1e-5)
    mixed = [undrawn(vectors, 4)[0], *(each for each in summaries(vectors, RULES, 4)[1:])]
    both = merge(mixed, features, RULES.sample)
    assert both is not None
    assert both.customers == 200


def test_a_model_from_before_shares_were_drawn_keeps_its_ids() -> None:
    vectors, _ = bank_case(600, seed=5)
    old = model_of(vectors, AS_IT_IS)
    new = Fitter(RULES, old).fit([replace(each, clock=2_000) for each in undrawn(vectors, 4)], NOW)
    assert new is not None
    assert new.segment_ids == old.segment_ids
    assert [card.size for card in new.segments] == [card.size for card in old.segments]
    assert "share prior" in new.reason


def test_any_table_may_have_shares() -> None:
    names = ("sent", "answered")
    rules = GenericRules(features=names, shares={"answered": "sent"})
    assert rules.drawn == (("answered", "sent", 3.0),)
    assert rules.limits == ((0.0, float("inf")), (0.0, 1.0))
    clusterer: KeyedClusterer[str] = KeyedClusterer(
        names, shares={"answered": "sent"}, min_customers=4, quarantine_share=0.0
    )
    rows = {"ann": (40, 0.1), "bob": (50, 0.1), "cyd": (40, 0.9), "dee": (50, 0.9), "eve": (1, 1.0)}
    for key, row in rows.items():
        clusterer.learn_one(dict(zip(names, row, strict=True)), key)
    model = clusterer.refit()
    assert model is not None
    assert model.drawn[0].prior == 3.0
    with pytest.raises(ValueError, match="hat is not in features"):
        GenericRules(features=names, shares={"hat": "sent"})
    with pytest.raises(ValueError, match="cannot have others"):
        GenericRules(features=names, shares={"answered": "answered"})
