"""A customer's complaints as judged by the steps and tiers that are known now.

Apart from the rules that raise alerts of complaints, so that alerts may ask for it too.
"""

from __future__ import annotations

from domain.cycles import Judged, judge
from domain.known_tiers import tier_history
from domain.policy import Policy
from domain.state import CASES, Customer


def judged(customer: Customer, policy: Policy) -> list[Judged]:
    """All kept complaints, judged by steps and tiers as they are known now.

    Kept on the customer until a step comes or the tiers move.
    """
    if customer.judged is None:
        cases = customer.cases.cases if customer.has(CASES) else []
        history = tier_history(customer, policy)
        customer.judged = [judge(case, history, policy) for case in cases]
    return customer.judged


def worst_severity(customer: Customer, policy: Policy) -> float | None:
    """The worst severity of the open complaints; 0 without any, ``None`` where none is known."""
    if not customer.has(CASES):
        return 0.0
    waiting = [each.life.severity for each in judged(customer, policy) if each.life.open]
    if not waiting:
        return 0.0
    return float(max(waiting)) or None
