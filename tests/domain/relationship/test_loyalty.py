"""The loyalty matrix of Dick and Basu, and the loyalty diamond of Knox."""

from __future__ import annotations

from itertools import product

import pytest

from domain.policy.relationship import LoyaltyRules, RelationshipRules
from domain.relationship.loyalty import loyalty_diamond, loyalty_matrix

RULES = RelationshipRules()


@pytest.mark.parametrize(
    ("frequency", "attitude", "expected"),
    [
        (5, 7.0, "loyal"),
        (4, 7.0, "latent"),
        (5, 6.9, "spurious"),
        (4, 6.9, "none"),
        (0, 10.0, "latent"),
    ],
)
def test_the_matrix_crosses_frequency_above_the_median_with_attitude(
    frequency: float, attitude: float, expected: str
) -> None:
    assert loyalty_matrix(frequency, 4.0, attitude, RULES).value == expected


@pytest.mark.parametrize(
    ("attitude", "brands", "expected"),
    [
        (7.0, 1, "loyal"),
        (7.0, 2, "loyal"),
        (6.9, 2, "habitual"),
        (7.0, 3, "variety_seeker"),
        (6.9, 3, "switcher"),
    ],
)
def test_the_diamond_crosses_attitude_with_brands_used(
    attitude: float, brands: float, expected: str
) -> None:
    assert loyalty_diamond(attitude, brands, RULES).value == expected


def test_a_missing_input_leaves_the_class_unknown_and_is_named() -> None:
    for frequency, median, attitude in product((None, 5.0), (None, 4.0), (None, 8.0)):
        found = loyalty_matrix(frequency, median, attitude, RULES)
        named = zip(
            ("frequency", "median_frequency", "attitude"), (frequency, median, attitude),
            strict=True,
        )  # fmt: skip
        assert found.missing == tuple(name for name, value in named if value is None)
        assert (found.value is None) == bool(found.missing)
    assert loyalty_diamond(None, None, RULES).missing == ("attitude", "brands_used")
    assert loyalty_diamond(8.0, None, RULES).reason == (
        "The place in the loyalty diamond is unknown without brands_used."
    )


def test_an_operator_may_say_how_many_brands_are_few() -> None:
    rules = RelationshipRules(loyalty=LoyaltyRules(few_brands=3))
    assert loyalty_diamond(8.0, 3, rules).value == "loyal"
    assert "9 purchases in 30 days" in loyalty_matrix(9, 4.0, 5.5, rules, 30).reason
