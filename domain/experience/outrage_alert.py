"""The alert of a VIP's outrage, when it begins: by an event, or by a promise that fell due."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from domain.complaints.judged import worst_severity
from domain.customer.cause import Cause
from domain.customer.state import Customer
from domain.experience.outrage import outrage
from domain.kernel.scales import TIERS, VIP
from domain.kernel.wording import Wording

Take = Callable[[Customer, Any, Cause], None]

OUTRAGED: Final = Wording("outrage.outraged", "A {tier} customer is outraged. {why:said}")


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
        severity = worst_severity(customer, cause.policy) or 0.0
        cause.want(
            "vip_outrage",
            OUTRAGED(tier=TIERS[core.tier], why=found.reason),
            tier=core.tier,
            severe=severity >= cause.policy.alerts.severe_from,
        )
