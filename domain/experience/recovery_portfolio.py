"""Poor first impressions of many customers, and what it costs to repair them.

What repair usually costs is what the policy pays on the first day past a promise, by each
customer's tier; a poor first impression costs so much more (25 to 50 % by the domain reference).
"""

from __future__ import annotations

from collections import Counter

import msgspec

from domain.complaints.compensation import amount
from domain.kernel.scales import TIERS
from domain.policy import Policy
from schemas.figures import CustomerFigures


class FirstImpressions(msgspec.Struct, frozen=True):
    """Customers with a purchase, those with a poor first impression, and amounts in base currency.

    ``cost_low`` and ``cost_high`` are the usual cost with the policy's least and most on top.
    """

    currency: str
    customers: int
    poor: int
    share: float | None
    usual_cost: float
    more_low: float
    more_high: float
    cost_low: float
    cost_high: float


def count_first(customer: CustomerFigures, counts: Counter[str]) -> None:
    """Add one customer."""
    poor = customer.experience.poor_first_impression
    if poor is not None:
        counts["bought"] += 1
        counts[f"poor_first.{customer.tier}"] += poor


def first_impressions(counts: Counter[str], policy: Policy) -> FirstImpressions:
    """The figures of all that were counted.

    >>> found = first_impressions(Counter({"bought": 4, "poor_first.vip": 1}), Policy())
    >>> found.share, found.usual_cost, found.cost_low, found.cost_high
    (0.25, 250.0, 312.5, 375.0)
    """
    rules, pays = policy.experience.recovery, policy.complaints.compensation
    poor = [counts[f"poor_first.{tier}"] for tier in TIERS]
    usual = sum(many * amount(tier, 0, 0.0, pays).due for tier, many in enumerate(poor))
    bought = counts["bought"]
    return FirstImpressions(
        currency=policy.currency.base,
        customers=bought,
        poor=sum(poor),
        share=sum(poor) / bought if bought else None,
        usual_cost=usual,
        more_low=rules.repair_costs_more_low,
        more_high=rules.repair_costs_more_high,
        cost_low=usual * (1 + rules.repair_costs_more_low),
        cost_high=usual * (1 + rules.repair_costs_more_high),
    )
