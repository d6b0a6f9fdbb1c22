"""The tier a customer is known to have: announced when it moves, timed when it will fall."""

from __future__ import annotations

from domain import complaints, handover
from domain.alerts import raise_alert
from domain.cause import Cause
from domain.known_tiers import tier_history
from domain.policy import TIERS, VIP
from domain.state import CASES, Customer
from domain.tiers import TierHistory
from domain.transitions import Move, announce


def update_tier(customer: Customer, cause: Cause) -> None:
    """Work the tier out anew after a balance, a pin or a due time; announce a change.

    Sets the timer of the next fall, and of complaints whose promises a rise shortens.
    """
    core = customer.core
    history = tier_history(customer, cause.policy)
    clock = max(core.newest, core.judged)
    before, tier = core.tier, history.tier_at(clock)
    core.tier_due = history.next_fall(clock)
    if tier != before:
        core.tier = tier
        core.churn_high &= tier >= VIP  # whose risk is no longer watched has it not high
        cause.ctx.aggregates.move(before, tier, core.complaints_open, core.complaints_overdue)
        _announce(customer, before, tier, history, cause)
    # also where only the tier of some time ago is another: an owner may have changed then
    handover.look(customer, cause)
    if customer.has(CASES):
        complaints.refresh(customer, cause)
    customer.reschedule()


def fall_due(customer: Customer, cause: Cause) -> None:
    """The grace of a tier is over at ``cause.at``."""
    update_tier(customer, cause)


def _announce(
    customer: Customer, before: int, tier: int, history: TierHistory, cause: Cause
) -> None:
    reason = _reason(before, tier, history, cause)
    announce(customer, cause, Move("tier", TIERS[before], TIERS[tier], reason))
    if before < VIP <= tier:
        raise_alert(customer, cause, "vip_new", reason, tier=tier)


def _reason(before: int, tier: int, history: TierHistory, cause: Cause) -> str:
    """Why the tier moved, with the line that was crossed."""
    floors = (0.0, *cause.policy.tier_floors)
    base = cause.policy.currency.base
    if history.pins and history.pins[-1][2] == tier:
        return f"The tier is pinned to {TIERS[tier]}."
    if tier > before:
        return (
            f"The balance reached the {TIERS[tier]} line of {floors[tier]:,.0f} {base};"
            f" the tier was {TIERS[before]}."
        )
    days = cause.policy.tiers.grace_days
    return (
        f"The balance stayed below the {TIERS[before]} line of {floors[before]:,.0f} {base}"
        f" for {days:g} days; the tier is now {TIERS[tier]}."
    )
