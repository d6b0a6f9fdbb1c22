"""The fit of all partitions: the bank case, what batch finds, and a model that lives on."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from domain.policy.segments import SegmentRules
from domain.segmentation.assign import Assigner
from domain.segmentation.fit import Fitter
from domain.segmentation.silhouette import distance_matrix, mean_silhouette
from schemas.segments import SegmentModel
from tests.domain.segmentation.population_vectors import bank_case, summaries
from tests.domain.segmentation.test_kmeans import plain_kmeans

pytestmark = pytest.mark.long

Floats = NDArray[np.float64]
RULES = SegmentRules()
NOW = 1_700_000_000_000
SECOND = 1_000


def fitted(
    vectors: Floats,
    rules: SegmentRules = RULES,
    partitions: int = 1,
    previous: SegmentModel | None = None,
) -> SegmentModel:
    model = Fitter(rules, previous).fit(summaries(vectors, rules, partitions), NOW)
    assert model is not None
    return model


def sse_of(model: SegmentModel, vectors: Floats) -> float:
    """SSE of customers in the model's units, each at the centroid that is nearest to it."""
    standard = Assigner(model).standardise(vectors)
    centroids = np.array(model.centroids)
    return float(((standard[:, None, :] - centroids) ** 2).sum(axis=2).min(axis=1).sum())


def batch_sse(model: SegmentModel, vectors: Floats, k: int) -> float:
    """The best of 20 runs of plain k-means++ in the same units."""
    standard = Assigner(model).standardise(vectors)
    rng = np.random.default_rng(17)
    return min(plain_kmeans(standard, np.ones(len(standard)), k, rng) for _ in range(20))


def labels_of(model: SegmentModel, vectors: Floats) -> NDArray[np.int16]:
    return Assigner(model).nearest(vectors)


def agreement(first: NDArray[np.int16], second: NDArray[np.int16]) -> float:
    """Adjusted Rand index (Hubert and Arabie 1985)."""

    def pairs(counts: NDArray[np.int64]) -> float:
        return float((counts * (counts - 1) / 2).sum())

    table = np.zeros((first.max() + 1, second.max() + 1), dtype=np.int64)
    np.add.at(table, (first, second), 1)
    rows, columns, both = pairs(table.sum(axis=1)), pairs(table.sum(axis=0)), pairs(table)
    expected = rows * columns / (len(first) * (len(first) - 1) / 2)
    return (both - expected) / ((rows + columns) / 2 - expected)


@pytest.mark.parametrize("partitions", [1, 4, 12])
def test_the_bank_case_comes_out_as_published(partitions: int) -> None:
    vectors, kinds = bank_case(100, seed=3)
    model = fitted(vectors, partitions=partitions)
    assert [(card.segment_id, card.name, card.size) for card in model.segments] == [
        ("s1", "lurkers", 82),
        ("s2", "quality", 13),
        ("s3", "notification-only", 5),
    ]
    assert np.array_equal(labels_of(model, vectors), np.array([2, 0, 1])[kinds])
    assert model.segments[0].centroid["push_share"] == pytest.approx(0.638, abs=0.03)
    assert "likely to leave" in model.segments[0].strategy
    assert model.sse_ratio == pytest.approx(1.0, abs=1e-9)
    assert (model.customers, model.quarantined, model.version) == (100, 0, 1)
    assert max(model.silhouettes, key=lambda k: model.silhouettes[k]) == 3
    assert "first model: 3 segments of 100 customers" in model.reason


@pytest.mark.parametrize("seed", range(4))
def test_with_customers_as_micro_clusters_it_equals_batch(seed: int) -> None:
    vectors, _ = bank_case(240, seed)
    for k in (3, 5, 8):
        model = fitted(vectors, SegmentRules(k=k, quarantine_share=0.0))
        assert len(model.segments) == k
        assert sse_of(model, vectors) <= 1.001 * batch_sse(model, vectors, k)


def test_k_is_the_one_with_the_best_silhouette_of_batch_clusters() -> None:
    vectors, kinds = bank_case(400, seed=5)
    model = fitted(vectors)
    standard = Assigner(model).standardise(vectors)
    assert model.silhouettes.keys() == set(range(2, 11))
    assert model.silhouettes[3] == pytest.approx(
        mean_silhouette(distance_matrix(standard), kinds), abs=1e-6
    )
    assert max(model.silhouettes, key=lambda k: model.silhouettes[k]) == len(model.segments)


def test_any_number_of_partitions_gives_the_same_segments() -> None:
    vectors, _ = bank_case(2_000, seed=9)
    models = {number: fitted(vectors, partitions=number) for number in (1, 4, 12)}
    alone = labels_of(models[1], vectors)
    for model in models.values():
        assert agreement(alone, labels_of(model, vectors)) >= 0.99
        assert sse_of(model, vectors) <= 1.01 * batch_sse(model, vectors, 3)
        assert model.segment_ids == ("s1", "s2", "s3")


def test_the_same_model_and_summaries_give_the_same_model() -> None:
    vectors, _ = bank_case(300, seed=2)
    sent = summaries(vectors, RULES, 4)
    first = Fitter(RULES).fit(sent, NOW)
    second = Fitter(RULES).fit(sent[::-1], NOW)
    assert first is not None
    assert first == second


def test_nothing_new_is_not_published() -> None:
    vectors, _ = bank_case(300, seed=2)
    sent = summaries(vectors, RULES, 4)
    fitter = Fitter(RULES)
    model = fitter.fit(sent, NOW)
    assert all(fitter.fit(sent, NOW + second * SECOND) is None for second in range(1, 100))
    assert fitter.model is model


def test_too_few_customers_or_all_alike_make_no_model() -> None:
    vectors, _ = bank_case(100, seed=2)
    assert Fitter(RULES).fit([], NOW) is None
    assert Fitter(RULES).fit(summaries(vectors[:29], RULES, 2), NOW) is None
    assert Fitter(RULES).fit(summaries(np.repeat(vectors[:1], 50, axis=0), RULES), NOW) is None
    assert Fitter(RULES).fit(summaries(vectors[:30], RULES, 2), NOW) is not None


def test_two_kinds_of_identical_customers_are_two_segments() -> None:
    vectors = np.repeat(bank_case(100, seed=2)[0][:2], [40, 20], axis=0)
    model = fitted(vectors)
    assert [card.size for card in model.segments] == [40, 20]


def test_a_pinned_k_is_honoured_and_unpinned_again() -> None:
    vectors, _ = bank_case(300, seed=2)
    free = fitted(vectors)
    pinned = fitted(vectors, SegmentRules(k=5), previous=free)
    again = fitted(vectors, previous=pinned)
    assert (len(free.segments), len(pinned.segments), len(again.segments)) == (3, 5, 3)
    assert pinned.version == 2
    assert "K went from 3 to 5" in pinned.reason
    assert again.next_id >= pinned.next_id > free.next_id
    used = set(free.segment_ids) | set(pinned.segment_ids)
    fresh = set(again.segment_ids) - set(pinned.segment_ids)
    assert not fresh & used


def test_other_features_begin_anew_and_no_id_comes_back() -> None:
    vectors, _ = bank_case(300, seed=2)
    first = fitted(vectors)
    rules = SegmentRules(features=("app_launches", "account_messages", "news_views"))
    model = Fitter(rules, first).fit(summaries(vectors[:, [1, 2, 7]], rules), NOW)
    assert model is not None
    assert model.version == 2
    assert not set(model.segment_ids) & set(first.segment_ids)
    assert model.next_id == first.next_id + len(model.segments)
    assert "the features changed" in model.reason
    # The old summaries of partitions that do not know the new policy yet do not count.
    assert Fitter(rules, first).fit(summaries(vectors, RULES), NOW) is None


def test_a_restart_goes_on_with_the_same_ids() -> None:
    vectors, _ = bank_case(300, seed=2)
    model = fitted(vectors)
    stored = SegmentModel.model_validate_json(model.model_dump_json())
    fitter = Fitter(RULES, stored)
    assert fitter.fit(summaries(vectors, RULES), NOW + SECOND) is None
    moved = vectors * np.where(np.arange(8) == 3, 1.0, 1.1)
    later = fitter.fit(summaries(moved, RULES), NOW + 2 * SECOND)
    assert later is not None
    assert (later.version, later.segment_ids) == (2, model.segment_ids)
    assert "standard deviations in" in later.reason


def test_ids_and_names_stay_while_customers_migrate() -> None:
    vectors, kinds = bank_case(600, seed=8)
    fitter = Fitter(RULES)
    fitter.fit(summaries(vectors, RULES), NOW)
    quality = vectors[kinds == 2]
    lurkers = np.flatnonzero(kinds == 1)
    for step in range(12):
        moving = lurkers[step * 20 : (step + 1) * 20]
        vectors[moving] = quality[np.arange(20) % len(quality)]
        fitter.fit(summaries(vectors, RULES), NOW + (step + 1) * 20 * SECOND)
        assert fitter.model is not None
        cards = fitter.model.segments
        assert [(card.segment_id, card.name) for card in cards] == [
            ("s1", "lurkers"),
            ("s2", "quality"),
            ("s3", "notification-only"),
        ]
    assert fitter.model is not None
    assert fitter.model.version > 2
    assert sse_of(fitter.model, vectors) <= 1.01 * batch_sse(fitter.model, vectors, 3)


def test_a_new_kind_of_customer_becomes_a_segment_by_a_scan() -> None:
    vectors, kinds = bank_case(600, seed=8)
    fitter = Fitter(RULES)
    two = summaries(vectors[kinds != 0], RULES)
    first = fitter.fit(two, NOW)
    assert first is not None
    assert len(first.segments) == 2
    sent = summaries(np.concatenate((vectors, vectors[kinds == 0] * 1.01)), RULES)
    for second in range(1, 35):
        fitter.fit(sent, NOW + second * SECOND)
    assert fitter.model is not None
    assert first.segment_ids == ("s1", "s2")
    assert fitter.model.segment_ids == ("s1", "s2", "s3")
    assert fitter.model.segments[2].name == "notification-only"
    assert fitter.model.scanned_at >= NOW + 30 * SECOND


def test_scans_keep_their_distance_unless_customers_become_half_as_many_again() -> None:
    vectors, _ = bank_case(900, seed=8)
    fitter = Fitter(RULES)
    scans = {}
    for second in range(60):
        many = summaries(vectors[: 40 + second * 14], RULES)
        fitter.fit(many, NOW + second * SECOND)
        assert fitter.model is not None
        scans[fitter.model.scanned_at] = fitter.model.scanned_customers
    times = sorted(scans)
    for one, after in pairwise(times):
        assert after - one >= 30 * SECOND or scans[after] >= 1.5 * scans[one]
    assert 6 <= len(times) <= 9, "seven times half as many again, and what time asked for"


def test_a_segment_that_everybody_left_goes_at_the_next_scan() -> None:
    vectors, kinds = bank_case(600, seed=8)
    fitter = Fitter(RULES)
    fitter.fit(summaries(vectors, RULES), NOW)
    sent = summaries(vectors[kinds != 0], RULES)
    early = fitter.fit(sent, NOW + SECOND)
    assert early is None or early.segment_ids == ("s1", "s2", "s3")
    for second in range(2, 35):
        fitter.fit(sent, NOW + second * SECOND)
    assert fitter.model is not None
    assert fitter.model.segment_ids == ("s1", "s2")
    assert "s3" in fitter.model.reason
    assert "gone" in fitter.model.reason


def test_weights_bend_the_segments() -> None:
    rng = np.random.default_rng(1)
    names = ("app_launches", "news_views")
    vectors = np.stack(
        (rng.choice([5.0, 60.0], 200), rng.choice([5.0, 60.0], 200)), axis=1
    ) * rng.uniform(0.9, 1.1, (200, 2))
    for number, name in enumerate(names):
        rules = SegmentRules(features=names, weights={name: 25.0}, k=2, strategies=())
        model = fitted(vectors, rules)
        sides = labels_of(model, vectors)
        assert len(set(sides[vectors[:, number] > 20].tolist())) == 1
        assert len(set(sides[vectors[:, 1 - number] > 20].tolist())) == 2


def test_cards_count_and_share_everybody() -> None:
    vectors, _ = bank_case(970, seed=4, bots=30)
    model = fitted(vectors, SegmentRules(k=3), partitions=4)
    assert model.quarantined == 30
    assert sum(card.size for card in model.segments) == 970
    assert sum(card.share for card in model.segments) == pytest.approx(0.97)


@settings(max_examples=15, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            *[st.integers(0, 3) | st.sampled_from([1e3, 1e9])] * 3,
            st.sampled_from([0.0, 0.5, 1.0]),
            *[st.integers(0, 2)] * 4,
        ),
        min_size=30,
        max_size=60,
    ),
    partitions=st.integers(1, 3),
)
def test_whatever_the_customers_do_the_model_is_sound(
    rows: list[tuple[float, ...]], partitions: int
) -> None:
    vectors = np.array(rows, dtype=np.float64)
    model = Fitter(RULES).fit(summaries(vectors, RULES, partitions), NOW)
    if len(np.unique(vectors, axis=0)) < 2:
        assert model is None
        return
    assert model is not None
    assert SegmentModel.model_validate_json(model.model_dump_json()) == model
    assert sum(card.size for card in model.segments) + model.quarantined == len(rows)
    assert model.quarantined <= 0.1 * len(rows)
    assert len({card.name for card in model.segments}) == len(model.segments) >= 2
