"""The worked example of the electronics chain, met exactly, and tables without some answers."""

from __future__ import annotations

import pytest

from domain.experience.gaps import GapTable, Ratings, gap_table
from domain.policy.experience import ExperienceRules
from schemas.fields import Factor

RULES = ExperienceRules()
CHAIN: dict[Factor, Ratings] = {
    "price": Ratings(experience=7, expectation=7),
    "brand": Ratings(experience=7, expectation=7),
    "service": Ratings(experience=6),
    "product": Ratings(experience=6, expectation=7),
    "convenience": Ratings(experience=5, expectation=7, importance=9),
    "relationship": Ratings(experience=4),
}


@pytest.fixture
def chain() -> GapTable:
    """The table of the electronics chain."""
    return gap_table(CHAIN, RULES)


def test_the_gaps_of_the_electronics_chain(chain: GapTable) -> None:
    gaps = {name: row.gap for name, row in chain.factors.items()}
    assert gaps == {
        "price": 0, "brand": 0, "service": None, "product": -1, "convenience": -2,
        "relationship": None,
    }  # fmt: skip


def test_its_key_experience_is_convenience_with_a_weighted_gap_of_minus_18(chain: GapTable) -> None:
    assert chain.key == "convenience"
    assert chain.factors["convenience"].weighted_gap == -18
    others = [row.weighted_gap for name, row in chain.factors.items() if name != "convenience"]
    assert others == [None] * 5


def test_its_ideals_and_the_gaps_to_them(chain: GapTable) -> None:
    assert {name: row.ideal for name, row in chain.factors.items()} == {
        "price": 7, "brand": 7, "service": 6, "product": 6, "convenience": 10, "relationship": 4,
    }  # fmt: skip
    assert {name: row.gap_to_ideal for name, row in chain.factors.items()} == {
        "price": 0, "brand": 0, "service": 0, "product": 0, "convenience": -5, "relationship": 0,
    }  # fmt: skip


def test_a_given_ideal_replaces_both_defaults() -> None:
    told: dict[Factor, Ratings] = CHAIN | {
        "convenience": Ratings(5, 7, 9, ideal=8),
        "brand": Ratings(experience=7, ideal=9),
    }
    table = gap_table(told, RULES)
    assert (table.factors["convenience"].gap_to_ideal, table.factors["brand"].gap_to_ideal) == (
        -3,
        -2,
    )


def test_without_importance_there_is_no_key_experience_and_it_says_so() -> None:
    table = gap_table({"price": Ratings(5, 7)}, RULES)
    assert (table.key, table.missing) == (None, ("importance",))
    assert table.factors["price"].ideal == 5


def test_without_any_rating_the_table_is_empty() -> None:
    table = gap_table({"price": Ratings(), "brand": Ratings()}, RULES)
    assert (table.factors, table.key) == ({}, None)
    assert table.missing == ("experience", "expectation", "importance")


def test_of_factors_that_weigh_alike_the_first_in_order_is_the_key() -> None:
    names: tuple[Factor, ...] = ("price", "service", "brand")
    told = dict.fromkeys(names, Ratings(4, 6, 5))
    assert gap_table(told, RULES).key == "service"


def test_the_ideal_of_the_key_factor_is_the_operators() -> None:
    lower = ExperienceRules.model_validate({"gaps": {"ideal_of_key": 8}})
    assert gap_table(CHAIN, lower).factors["convenience"].gap_to_ideal == -3
