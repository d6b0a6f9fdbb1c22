"""The tier a customer is known to have: announced when it moves, timed when it will fall."""

from __future__ import annotations

from typing import Final

from domain.customer.cause import Cause
from domain.customer.state import FILE, Customer
from domain.customer.transitions import Move, announce
from domain.kernel import order
from domain.kernel.scales import TIER_INDEX, TIERS, VIP
from domain.kernel.wording import Wording
from domain.tiers.history import NO_PIN, TierHistory
from domain.tiers.known import tier_history
from schemas.told import Told

MAX_PINS = 8

PINNED: Final = Wording("tier.pinned", "The tier is pinned to {tier}.")
RISEN: Final = Wording(
    "tier.risen",
    "The balance reached the {tier} line of {line:,.0f} {currency}; the tier was {before}.",
)
FALLEN: Final = Wording(
    "tier.fallen",
    "The balance stayed below the {before} line of {line:,.0f} {currency} for {days:g} days;"
    " the tier is now {tier}.",
)


def take_pin(customer: Customer, tier: str | None, cause: Cause) -> None:
    """Keep a pin to a tier, or that it was taken off (``None``), by (time, event id)."""
    pin = NO_PIN if tier is None else TIER_INDEX[tier]
    order.insert(customer.file.pins, (cause.at, cause.mark, pin))
    del customer.file.pins[:-MAX_PINS]
    customer.touch(FILE)
    update_tier(customer, cause)


def join(customer: Customer, other: Customer, _: Cause) -> None:
    """Let another id's pins be of this one."""
    pins = sorted({*customer.file.pins, *other.file.pins}, key=order.place)
    customer.file.pins = pins[-MAX_PINS:]
    customer.touch(FILE)


def update_tier(customer: Customer, cause: Cause) -> None:
    """Work the tier out anew after a balance, a pin or a due time; announce a change.

    Sets the timer of the next fall. What follows from the tiers (handover, promises of
    complaints) is looked at by the dispatch, which is told by ``tiers_moved``.
    """
    core = customer.core
    history = tier_history(customer, cause.policy)
    clock = max(core.newest, core.judged)
    before, tier = core.tier, history.tier_at(clock)
    core.tier_due = history.next_fall(clock)
    if tier != before:
        core.tier = tier
        core.churn_high &= tier >= VIP  # whose risk is no longer watched has it not high
        _announce(customer, before, tier, history, cause)
    # also where only the tier of some time ago is another: an owner may have changed then
    cause.tiers_moved = True
    customer.reschedule()


def _announce(
    customer: Customer, before: int, tier: int, history: TierHistory, cause: Cause
) -> None:
    reason = _reason(before, tier, history, cause)
    announce(customer, cause, Move("tier", TIERS[before], TIERS[tier], reason))
    if before < VIP <= tier:
        cause.want("vip_new", reason, tier=tier)


def _reason(before: int, tier: int, history: TierHistory, cause: Cause) -> Told:
    """Why the tier moved, with the line that was crossed."""
    floors = (0.0, *cause.policy.tier_floors)
    base = cause.policy.currency.base
    if history.pins and history.pins[-1][2] == tier:
        return PINNED(tier=TIERS[tier])
    names = {"tier": TIERS[tier], "before": TIERS[before]}
    if tier > before:
        return RISEN(line=floors[tier], currency=base, **names)
    days = cause.policy.tiers.grace_days
    return FALLEN(line=floors[before], currency=base, days=days, **names)
