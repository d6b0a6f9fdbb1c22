"""How urgent a matter of a customer is: 1 (first) to 5, and which of equals goes first.

5 - tier rank (standard 0, prospect 1, key 2, vip and private 3) - 1 if severe - 1 at a churn risk
of 0.6 or more - 1 at an outrage, clipped. So an urgent matter of a key or VIP customer is first.
"""

from __future__ import annotations

from typing import NamedTuple

from domain.kernel.scales import TIERS, VIP
from domain.policy.relationship import RelationshipRules

FIRST, LAST = 1, 5


class Priority(NamedTuple):
    """1 (first) to 5, and the sum it comes from."""

    priority: int
    reason: str


def priority(
    tier: int,
    rules: RelationshipRules,
    *,
    severe: bool = False,
    churn_risk: float | None = None,
    churn_high: bool = False,
    outrage: bool = False,
) -> Priority:
    """The priority for a customer of ``tier`` (index in TIERS); an unknown risk adds nothing.

    ``severe``: a severity of ``alerts.severe_from`` or more. ``churn_high`` says of a risk that
    is not worked out here that it reached its line when last seen.

    >>> priority(2, RelationshipRules(), severe=True, churn_risk=0.72)
    Priority(priority=1, reason='5 - 2 (tier key) - 1 (severe) - 1 (churn risk 0.72) = 1.')
    >>> priority(4, RelationshipRules(), severe=True, outrage=True).reason
    '5 - 3 (tier private) - 1 (severe) - 1 (outrage) = 0, at least 1.'
    """
    rank = min(tier, VIP)
    steps = [f"{rank} (tier {TIERS[tier]})"]
    if severe:
        steps.append("1 (severe)")
    if churn_risk is not None and churn_risk >= rules.priority.churn_risk:
        steps.append(f"1 (churn risk {churn_risk:.2f})")
    elif churn_risk is None and churn_high:
        steps.append("1 (high churn risk)")
    if outrage:
        steps.append("1 (outrage)")
    result = LAST - rank - (len(steps) - 1)
    clipped = "" if result >= FIRST else f", at least {FIRST}"
    reason = f"{LAST} - {' - '.join(steps)} = {result}{clipped}."
    return Priority(min(LAST, max(FIRST, result)), reason)


def turn(priority_number: int, tier: int, at: int) -> tuple[int, int, int]:
    """A key to sort matters by: priority, then the higher tier, then the oldest (``at``, ms).

    >>> sorted([turn(1, 2, 50), turn(1, 3, 90), turn(1, 3, 10), turn(2, 4, 0)])
    [(1, -3, 10), (1, -3, 90), (1, -2, 50), (2, -4, 0)]
    """
    return priority_number, -tier, at
