"""Outrage of one customer, from its complaints and broken promises, and the alert of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain import complaints
from domain.alerts import raise_alert
from domain.cause import Cause
from domain.cycles import WITHDRAWN, Judged
from domain.experience import needs
from domain.experience.needs import Outrage, Violation
from domain.experience.record import promises_of
from domain.parts import Case
from domain.policy import TIERS, VIP, Policy
from domain.state import CASES, Customer

Take = Callable[[Customer, Any, Cause], None]


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
    for each in complaints.judged(customer, policy):
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


def watched(take: Take) -> Take:
    """``take``, and the alert where a VIP is outraged by it."""

    def taken(customer: Customer, event: Any, cause: Cause) -> None:
        before = is_outraged(customer, cause)
        take(customer, event, cause)
        watch(customer, before, cause)

    return taken


def is_outraged(customer: Customer, cause: Cause) -> bool:
    """Whether a VIP is outraged by what was judged so far; ``False`` for lower tiers."""
    core = customer.core
    if core.tier < VIP:
        return False
    clock = max(core.newest, core.judged)
    return outrage(customer, clock, cause.policy, judged=True).outraged


def watch(customer: Customer, before: bool, cause: Cause) -> None:
    """Raise ``vip_outrage`` when outrage has just begun."""
    core = customer.core
    if before or core.tier < VIP:
        return
    found = outrage(customer, max(core.newest, core.judged), cause.policy, judged=True)
    if found.outraged:
        raise_alert(
            customer,
            cause,
            "vip_outrage",
            f"A {TIERS[core.tier]} customer is outraged. {found.reason}",
            tier=core.tier,
            severe=True,
        )


def _since(each: Judged) -> int | None:
    cycles = each.life.cycles
    return cycles[-1].start if cycles else None
