"""Outrage of one customer, from its complaints and broken promises."""

from __future__ import annotations

from domain.complaints.judged import judged as known_cases
from domain.customer.lived import WITHDRAWN, Judged
from domain.customer.parts import Case
from domain.customer.state import CASES, Customer
from domain.experience import needs
from domain.experience.needs import Outrage, Violation
from domain.experience.record import promises_of
from domain.policy import Policy


def outrage(customer: Customer, clock: int, policy: Policy, *, judged: bool = False) -> Outrage:
    """Whether the customer is outraged as of ``clock`` (ms), by which needs, and why.

    A promise counts as broken when due by ``clock``; with ``judged``, once its timer judged it.
    """
    broken = promises_of(customer, None if judged else clock).broken_at
    return needs.outrage(violations(customer, clock, policy), broken, clock, policy.experience)


def violations(customer: Customer, clock: int, policy: Policy) -> list[Violation]:
    """The needs that complaints violate at ``clock``: open ones, and those begun within 30 days.

    A complaint that was withdrawn violates none.
    """
    if not customer.has(CASES):
        return []
    found: list[Violation] = []
    for each in known_cases(customer, policy):
        since = _since(each)
        category = category_of(each.case)
        need = needs.need_of(category, policy.experience)
        if need is None or since is None or each.life.status == WITHDRAWN:
            continue
        if each.life.open or since > clock - policy.experience.violation_ms:
            found.append(Violation(since, each.case.complaint_id, category, need))
    return found


def category_of(case: Case) -> str:
    """The category a complaint was opened with; "" where that has not come."""
    return next((step.category for step in case.steps if step.category), "")


def _since(each: Judged) -> int | None:
    cycles = each.life.cycles
    return cycles[-1].start if cycles else None
