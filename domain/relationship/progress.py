"""Lifecycle phase and relationship stage as they are known: announced when they move.

Both are worked out at the looks of the customer state, from what is kept and not from what was
said before. A phase that moves because old purchases leave its windows does so at a UTC midnight,
which is worked out when something was bought.
"""

from __future__ import annotations

from typing import Final, Literal

from domain.customer.answers import score
from domain.customer.cause import Cause
from domain.customer.state import LEDGER, Customer
from domain.customer.transitions import Move, announce
from domain.kernel.finding import Finding
from domain.kernel.units import MS_PER_DAY
from domain.policy import Policy
from domain.relationship.began import began_at, is_explored
from domain.relationship.lifecycle import PHASE_INDEX, PHASES, lifecycle, turn
from domain.relationship.stages import stage, stage_of
from domain.value.ledger import sums, value_days
from schemas.figures.relationship import LifecyclePhase, RelationshipStage

STAGE_INDEX: Final[dict[RelationshipStage | Literal["unknown"], int]] = {
    "basic": 0, "cooperative": 1, "interdependent": 2, "unknown": 3,
}  # fmt: skip
"""The number of each stage in a customer's ledger; new ones are appended."""
KNOWN_STAGES: Final = tuple(STAGE_INDEX)
"""A stage that cannot be told, for want of the wallet share, is announced as ``unknown``."""


def look(customer: Customer, clock: int, cause: Cause, *, is_loyal: bool) -> None:
    """Announce a phase or stage that moved; bring the next look forward where one may."""
    core = customer.core
    if not customer.has(LEDGER) or not customer.ledger.purchases:
        return
    ledger = customer.ledger
    if _phase_may_move(customer, clock, cause):
        before = ledger.phase, ledger.phase_due
        _look_at_phase(customer, clock, cause)
        if (ledger.phase, ledger.phase_due) != before:
            customer.touch(LEDGER)
    _look_at_stage(customer, is_loyal, cause)
    if ledger.phase_due and not 0 < core.relation_due <= ledger.phase_due:
        core.relation_due = ledger.phase_due


def _phase_may_move(customer: Customer, clock: int, cause: Cause) -> bool:
    """Whether something was bought or given back, old value leaves, or exploration ended.

    So it may where a profile says anew since when the customer is known.
    """
    ledger, policy = customer.ledger, cause.policy
    if cause.bought or cause.refunded or 0 < ledger.phase_due <= clock // MS_PER_DAY:
        return True
    if cause.event_type == "profile":
        return True
    return PHASES[ledger.phase] == "exploration" and _by_value(customer, clock, policy)


def _look_at_phase(customer: Customer, clock: int, cause: Cause) -> None:
    ledger = customer.ledger
    if PHASES[ledger.phase] == "exploration" and not _by_value(customer, clock, cause.policy):
        ledger.phase_due = next_turn(customer, clock, cause.policy)
        return  # still explored: no sentence is needed
    found = lifecycle_phase(customer, clock, cause.policy)
    before, after = PHASES[ledger.phase], found.value or PHASES[0]
    # a formation that has just gained value ends no sooner than it would have, unless it was
    # bought on an earlier day: that leaves the newest window, and makes up the one before, sooner
    in_order = cause.bought and cause.at // MS_PER_DAY == ledger.times[-1] // MS_PER_DAY
    goes_on = in_order and before == after == "formation"
    goes_on = goes_on and ledger.phase_due > clock // MS_PER_DAY
    if not goes_on or ledger.has_margin or ledger.refunds:
        ledger.phase_due = next_turn(customer, clock, cause.policy)
    if after != before:
        ledger.phase = PHASE_INDEX[after]
        announce(customer, cause, Move("lifecycle_phase", before, after, found.reason))


def _look_at_stage(customer: Customer, is_loyal: bool, cause: Cause) -> None:
    ledger, limits = customer.ledger, cause.policy.relationship.stages
    alone = len(ledger.products) < limits.products
    if not ledger.stage and alone and ledger.channels.bit_count() < limits.channels:
        return  # basic, as most are: no sentence is needed
    products, channels = len(ledger.products), ledger.channels.bit_count()
    share, rules = score(customer, "wallet_share"), cause.policy.relationship
    before = KNOWN_STAGES[ledger.stage]
    after = stage_of(products, channels, share, is_loyal, rules) or "unknown"
    if after != before:
        customer.touch(LEDGER)
        ledger.stage = STAGE_INDEX[after]
        reason = relationship_stage(customer, cause.policy, is_loyal=is_loyal).reason
        announce(customer, cause, Move("relationship_stage", before, after, reason))


def lifecycle_phase(customer: Customer, clock: int, policy: Policy) -> Finding[LifecyclePhase]:
    """The phase as of ``clock`` (ms), and why."""
    rules, today = policy.relationship, clock // MS_PER_DAY
    purchases = customer.ledger.purchases if customer.has(LEDGER) else 0
    value = before = 0.0
    if _by_value(customer, clock, policy):
        days = round(rules.lifecycle.value_days)
        value = sums(customer, today - days + 1, today).value
        before = sums(customer, today - 2 * days + 1, today - days).value
    began = began_at(customer)
    return lifecycle(began, purchases, value, before, now=clock, rules=rules)


def relationship_stage(
    customer: Customer, policy: Policy, *, is_loyal: bool
) -> Finding[RelationshipStage]:
    """The stage of a customer whose state is ``loyal`` or not, and why."""
    ledger = customer.ledger if customer.has(LEDGER) else None
    products = len(ledger.products) if ledger else 0
    channels = ledger.channels.bit_count() if ledger else 0
    share = score(customer, "wallet_share")
    return stage(products, channels, share, is_loyal, policy.relationship)


def next_turn(customer: Customer, clock: int, policy: Policy) -> int:
    """The first UTC day at whose midnight the phase is another without an event; 0: never."""
    rules, today = policy.relationship, clock // MS_PER_DAY
    if customer.ledger.purchases < rules.lifecycle.exploration_purchases:
        return 0
    if not _by_value(customer, clock, policy):
        return -(-(began_at(customer) + rules.exploration_ms) // MS_PER_DAY)
    length = round(rules.lifecycle.value_days)
    return turn(value_days(customer, today - 2 * length + 1, today), today, rules)


def _by_value(customer: Customer, clock: int, policy: Policy) -> bool:
    """Whether the phase is told by the value: the customer is explored no more."""
    rules = policy.relationship
    return (
        customer.has(LEDGER)
        and customer.ledger.purchases >= rules.lifecycle.exploration_purchases
        and is_explored(customer, clock, rules)
    )
