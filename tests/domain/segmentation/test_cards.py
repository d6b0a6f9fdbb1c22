"""Cards: figures in real units, names that say what is so and stay while it is so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.policy.segments import (
    BANK_FEATURES,
    BANK_STRATEGIES,
    OTHER_STRATEGY,
    GenericRules,
    SegmentRules,
)
from domain.segmentation.cards import Profile, give_names, make_cards, profiles
from domain.segmentation.features import FeatureSet
from domain.segmentation.population import merge
from tests.domain.segmentation.population_vectors import bank_case, seen, summaries

RULES = SegmentRules()
NO_STRATEGIES = SegmentRules(strategies=())


def profile(
    segment_id: str, size: int = 10, values: dict[str, float] | None = None, **deviations: float
) -> Profile:
    """A segment with these deviations, and 0 in every other feature."""
    return Profile(
        segment_id,
        size,
        dict.fromkeys(BANK_FEATURES, 1.0) | {"push_share": 0.2} | (values or {}),
        dict.fromkeys(BANK_FEATURES, 0.5),
        dict.fromkeys(BANK_FEATURES, 0.0) | deviations,
    )


QUALITY = profile("s1", functions_visited=1.0, news_views=0.8)
LURKERS = profile("s2", 80, {"push_share": 0.64}, push_share=0.6, functions_visited=-0.3)
MESSAGES = profile("s3", account_messages=3.0, functions_visited=-0.6)


def named(*found: Profile, previous: dict[str, str] | None = None) -> dict[str, str]:
    return give_names(found, previous or {}, RULES)


def test_segments_of_the_bank_case_have_their_names_and_strategies() -> None:
    cards = make_cards([QUALITY, LURKERS, MESSAGES], 100, 1, RULES, ())
    texts = {strategy.name: strategy.text for strategy in BANK_STRATEGIES}
    assert [card.name for card in cards] == ["quality", "lurkers", "notification-only"]
    assert [card.strategy for card in cards] == [texts[card.name] for card in cards]


def test_the_first_strategy_that_fits_counts() -> None:
    both = profile("s1", values={"push_share": 0.7}, account_messages=1.5)
    assert named(both) == {"s1": "notification-only"}


def test_without_a_strategy_the_two_most_telling_features_make_the_name() -> None:
    odd = profile("s1", news_views=1.4, app_launches=-0.9, tab_switches=0.4)
    cards = make_cards([odd], 100, 1, RULES, ())
    assert cards[0].name == "high news views, low app launches"
    assert cards[0].strategy == OTHER_STRATEGY
    assert [each.feature for each in cards[0].telling] == [
        "news_views",
        "app_launches",
        "tab_switches",
    ]


def test_a_pinned_name_wins_and_nobody_else_takes_it() -> None:
    rules = SegmentRules(names={"s1": "lurkers", "s9": "nobody"})
    names = give_names([QUALITY, LURKERS], {"s1": "quality", "s2": "lurkers"}, rules)
    assert names["s1"] == "lurkers"
    assert names["s2"] == "lurkers, high push share"
    card = make_cards([QUALITY], 10, 1, rules, ())[0]
    assert card.strategy == BANK_STRATEGIES[2].text


def test_two_of_a_kind_are_told_apart_and_the_larger_has_the_plain_name() -> None:
    small = replace(LURKERS, segment_id="s5", size=7)
    assert named(small, LURKERS) == {"s2": "lurkers", "s5": "lurkers, high push share"}


def test_those_that_nothing_tells_apart_have_their_id_in_the_name() -> None:
    same = [profile(f"s{number}", 10 - number) for number in range(1, 4)]
    names = give_names(same, {}, NO_STRATEGIES)
    assert names == {"s1": "average", "s2": "average (s2)", "s3": "average (s3)"}


def test_a_name_stays_at_the_edge_of_its_condition_and_goes_beyond() -> None:
    before = {"s1": "quality"}
    edge = profile("s1", functions_visited=0.45, news_views=1.0)
    beyond = profile("s1", functions_visited=0.2, news_views=1.0)
    assert named(edge) != before
    assert named(edge, previous=before) == before
    assert named(beyond, previous=before) == {"s1": "high news views"}


def test_a_name_of_features_stays_while_they_are_telling() -> None:
    before = {"s1": "high news views, low app launches"}
    others_tell_more = profile("s1", tab_switches=-2.0, news_views=0.3, app_launches=-0.2)
    turned = profile("s1", tab_switches=-2.0, news_views=-0.3, app_launches=-0.2)
    assert named(others_tell_more, previous=before) == before
    assert named(turned, previous=before) == {"s1": "low tab switches, low news views"}


def test_a_strategy_that_comes_to_fit_renames_what_had_none() -> None:
    assert named(QUALITY, previous={"s1": "high functions visited, high news views"}) == {
        "s1": "quality"
    }


def test_a_name_from_a_strategy_that_is_gone_is_given_up() -> None:
    names = give_names([QUALITY], {"s1": "quality"}, NO_STRATEGIES)
    assert names == {"s1": "high functions visited, high news views"}


def test_a_name_with_its_own_id_stays() -> None:
    first = give_names([profile("s1", 9), profile("s2", 8)], {}, NO_STRATEGIES)
    again = give_names([profile("s1", 8), profile("s2", 9)], first, NO_STRATEGIES)
    assert again == first


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(*[st.sampled_from([-1.2, -0.3, 0.0, 0.3, 1.2])] * len(BANK_FEATURES)),
        min_size=2,
        max_size=10,
    ),
    pins=st.dictionaries(
        st.sampled_from(["s1", "s2", "s3"]),
        st.sampled_from(["quality", "lurkers", "low behaviours (s2)"]),
        max_size=1,
    ),
)
def test_no_two_cards_have_the_same_name(
    rows: list[tuple[float, ...]], pins: dict[str, str]
) -> None:
    found = [
        profile(f"s{number}", 5, None, **dict(zip(BANK_FEATURES, row, strict=True)))
        for number, row in enumerate(rows, 1)
    ]
    rules = SegmentRules(names=pins)
    first = give_names(found, {}, rules)
    again = give_names(found[::-1], first, rules)
    for names in (first, again):
        assert len(set(names.values())) == len(rows)
        assert all(0 < len(name) <= 64 for name in names.values())
        assert all(names[pin] == name for pin, name in pins.items() if pin in names)
    assert again == first


def test_long_names_of_features_are_cut_to_a_label() -> None:
    long = tuple(f"{letter * 50}" for letter in "ab")
    rules = GenericRules(features=long)
    found = [
        Profile(f"s{number}", 5, dict.fromkeys(long, 1.0), dict.fromkeys(long, 1.0), deviations)
        for number, deviations in enumerate([dict.fromkeys(long, 2.0)] * 2, 1)
    ]
    names = give_names(found, {}, rules)
    assert len(set(names.values())) == 2
    assert all(len(name) <= 64 for name in names.values())


def test_figures_are_those_of_the_customers() -> None:
    vectors, kinds = bank_case(300, seed=4)
    features = FeatureSet.of(RULES)
    population = merge(summaries(vectors, RULES, capacity=4_000), features, RULES.sample)
    assert population is not None
    everyone = np.ones(len(population.counts), dtype=bool)
    scaler = population.scaler(everyone, features.weights)
    transformed = seen(vectors, RULES)
    centres = np.array([transformed[kinds == kind].mean(axis=0) for kind in range(3)])
    # One customer to a micro-cluster: which one it is shows in its vector.
    same = np.abs(population.means[:, None, :] - transformed[None, :, :]).max(axis=2) < 1e-9
    labels = kinds[same.argmax(axis=1)]
    ids = ["s1", "s2", "s3"]
    found = profiles(population, labels, centres, ids, features=features, scaler=scaler)
    cards = make_cards(found, 300, 5, RULES, ())
    for kind, card in enumerate(cards):
        own = vectors[kinds == kind]
        assert card.size == len(own)
        assert card.share == pytest.approx(len(own) / 300)
        assert card.since_version == 5
        assert list(card.centroid) == list(BANK_FEATURES)
        assert list(card.centroid.values()) == pytest.approx(own.mean(axis=0).tolist(), rel=1e-5)
        assert list(card.spread.values()) == pytest.approx(
            own.std(axis=0).tolist(), rel=1e-3, abs=1e-3
        )
        deviations = (centres[kind] - transformed.mean(axis=0)) / transformed.std(axis=0)
        for each in card.telling:
            expected = deviations[BANK_FEATURES.index(each.feature)]
            assert each.deviations == pytest.approx(expected, rel=1e-6)
        sizes = [abs(each.deviations) for each in card.telling]
        assert sizes == sorted(sizes, reverse=True)


def test_a_card_says_since_when_its_segment_is_there() -> None:
    first = make_cards([QUALITY], 100, 3, RULES, ())
    second = make_cards([QUALITY, LURKERS], 100, 8, RULES, first)
    assert [card.since_version for card in second] == [3, 8]
