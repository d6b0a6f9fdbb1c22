"""The relationship stage: basic, cooperative, interdependent."""

from __future__ import annotations

from itertools import product

from domain.policy.relationship import RelationshipRules
from domain.relationship.stages import stage

RULES = RelationshipRules()


def test_the_stage_is_as_the_reference_says_for_every_combination() -> None:
    for products, channels, share, loyal in product(
        (0, 1, 2, 3), (0, 1, 2, 3), (None, 0.0, 0.49, 0.5, 1.0), (False, True)
    ):
        found = stage(products, channels, share, loyal, RULES)
        together = max(products, channels) >= 2
        if not together:
            assert found.value == "basic"
        elif loyal and share is None:
            assert (found.value, found.missing) == (None, ("wallet_share",))
        else:
            bound = loyal and share is not None and share >= 0.5
            assert found.value == ("interdependent" if bound else "cooperative")
        assert found.reason


def test_the_reason_has_the_numbers() -> None:
    assert stage(1, 1, None, True, RULES).reason == (
        "1 product and 1 channel; cooperation is from 2 products or 2 channels on."
    )
    assert stage(2, 3, 0.499, True, RULES).reason == (
        "2 products and 3 channels, loyal, wallet share 0.49, below 0.5."
    )
    assert stage(2, 3, None, True, RULES).reason == (
        "2 products and 3 channels, loyal:"
        " cooperative at least, the rest is unknown without wallet_share."
    )
