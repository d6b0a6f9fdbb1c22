"""A customer's complaints as judged by the steps and tiers that are known now.

Apart from the rules that raise alerts of complaints, so that alerts may ask for it too.
"""

from __future__ import annotations

from domain.complaints.cycles import is_overdue, judge, reopened_after
from domain.customer.lived import Judged
from domain.customer.parts import Moment
from domain.customer.state import CASES, Customer
from domain.policy import Policy
from domain.tiers.known import tier_history


def judged(customer: Customer, policy: Policy) -> list[Judged]:
    """All kept complaints, judged by steps and tiers as they are known now.

    Kept on the customer until a step comes or the tiers move.
    """
    if customer.judged is None:
        cases = customer.cases.cases if customer.has(CASES) else []
        history = tier_history(customer, policy)
        customer.judged = [judge(case, history, policy) for case in cases]
    return customer.judged


def counts(customer: Customer, clock: int, policy: Policy) -> tuple[int, int]:
    """How many complaints are open, and how many of those wait past a promise, at ``clock``."""
    waiting = overdue = 0
    for each in judged(customer, policy):
        waiting += each.life.open
        overdue += is_overdue(each, clock)
    return waiting, overdue


def open_moments(customer: Customer, policy: Policy) -> list[Moment]:
    """The moments of all kept complaints; they are in no sum yet."""
    return [moment for each in judged(customer, policy) for moment in each.moments]


def reopened_soonest(customer: Customer, policy: Policy) -> int | None:
    """The shortest time (ms) after which a complaint was reopened, ever; ``None``: none was."""
    if not customer.has(CASES):
        return None
    found = [reopened_after(each.life) for each in judged(customer, policy)]
    known = [after for after in found if after is not None]
    before = customer.cases.reopened_after
    return min([*known, before] if before >= 0 else known, default=None)


def worst_severity(customer: Customer, policy: Policy) -> float | None:
    """The worst severity of the open complaints; 0 without any, ``None`` where none is known."""
    if not customer.has(CASES):
        return 0.0
    waiting = [each.life.severity for each in judged(customer, policy) if each.life.open]
    if not waiting:
        return 0.0
    return float(max(waiting)) or None
