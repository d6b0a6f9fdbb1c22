"""Since when a customer is lost: a time that follows from the purchases, not from what was told."""

from __future__ import annotations

from domain.customer.parts import Ledger
from domain.policy import Policy
from domain.relationship.customer_state import Facts
from domain.relationship.returns import fades, falls_at
from domain.value.history import purchase_history


def lost_since(ledger: Ledger, facts: Facts, policy: Policy) -> int | None:
    """When (ms) the gap or the probability of being alive passed its line, whichever was first.

    ``None`` where neither has by ``facts.now``. The transition is told at the midnight behind it.
    """
    times = [falls_at(ledger, purchase_history(ledger), fades(policy).lost)]
    if facts.last_purchase is not None and facts.lapse_point is not None:
        lapse_points = policy.relationship.states.lost_lapse_points
        times.append(facts.last_purchase + round(lapse_points * facts.lapse_point))
    since = min(times)
    return since if since <= facts.now else None
