"""Priority 1 to 5: tier, severity, churn risk and outrage."""

from __future__ import annotations

from itertools import product

from domain.alerts.priority import priority, turn
from domain.kernel.scales import TIERS
from domain.policy.relationship import RelationshipRules

RULES = RelationshipRules()
RANKS = {"standard": 0, "prospect": 1, "key": 2, "vip": 3, "private": 3}


def test_every_combination_is_the_clipped_sum_of_the_reference() -> None:
    for (tier, name), severe, risk, outrage in product(
        enumerate(TIERS), (False, True), (None, 0.0, 0.59, 0.6, 1.0), (False, True)
    ):
        found = priority(tier, RULES, severe=severe, churn_risk=risk, outrage=outrage)
        total = 5 - RANKS[name] - severe - ((risk or 0) >= 0.6) - outrage
        assert found.priority == sorted((1, total, 5))[1]
        assert f"= {total}" in found.reason
        assert name in found.reason


def test_an_urgent_matter_of_a_key_or_vip_customer_goes_before_any_standard_one() -> None:
    worst = priority(0, RULES, severe=True, churn_risk=1.0, outrage=True).priority
    severe = [priority(tier, RULES, severe=True).priority for tier in (2, 3, 4)]
    assert (worst, severe) == (2, [2, 1, 1])
    matters = [turn(worst, 0, 1), turn(severe[0], 2, 9), turn(severe[1], 3, 9)]
    assert sorted(matters) == matters[::-1]


def test_of_equals_the_higher_tier_and_then_the_older_matter_goes_first() -> None:
    assert turn(2, 3, 500) < turn(2, 2, 100)
    assert turn(2, 3, 100) < turn(2, 3, 500)
