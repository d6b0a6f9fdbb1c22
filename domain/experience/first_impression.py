"""The first impression: poor where a moment within days of the first purchase was.

Whether it is, is kept, and of moments that were poor the newest time: a purchase that comes late
may still turn out to be the first, and whatever poor moment is known then lies within the time
after it. A broken promise may still turn out to be kept until it is settled, so it is looked at on
the way out until then.
"""

from __future__ import annotations

from domain.customer.parts import Promise
from domain.customer.state import JOURNEY, MOOD, Customer
from domain.experience.record import journey_of
from domain.kernel.order import is_newer
from domain.policy import Policy

POOR, APOLOGISED = 1, 2
"""Bits of what is kept; APOLOGISED: by a task of its own, beside those of waits and promises."""


def note(customer: Customer, at: int, event_id: str, *, owed: bool, policy: Policy) -> bool:
    """Keep a poor moment; whether it is the first that owes an apology for the first impression.

    Not ``owed`` is one that has its apology by another rule.
    """
    customer.touch(JOURNEY)
    journey = customer.journey
    if not owed:
        journey.poor_otherwise = max(journey.poor_otherwise, at)
    elif is_newer(at, event_id, journey.poor):
        journey.poor = (at, event_id)
    if not is_first(customer, at, policy):
        return False
    return _keep(customer, POOR | APOLOGISED if owed else POOR)


def look(customer: Customer, policy: Policy) -> tuple[int, str] | None:
    """The poor moment that an apology is owed for now that another purchase is the first."""
    if not customer.has(JOURNEY):
        return None
    journey = customer.journey
    if is_first(customer, journey.poor_otherwise, policy):
        _keep(customer, POOR)
    if is_first(customer, journey.poor[0], policy) and _keep(customer, POOR | APOLOGISED):
        return journey.poor
    return None


def settle(customer: Customer, promise: Promise, policy: Policy) -> None:
    """Keep that a promise was broken for good."""
    if is_first(customer, promise.due, policy):
        _keep(customer, POOR)


def join(customer: Customer, other: Customer) -> None:
    """Let another id's poor moments be of this one."""
    customer.touch(JOURNEY)
    mine, theirs = customer.journey, other.journey
    if is_newer(*theirs.poor, mine.poor):
        mine.poor = theirs.poor
    mine.poor_otherwise = max(mine.poor_otherwise, theirs.poor_otherwise)
    mine.first_impression |= theirs.first_impression


def is_first(customer: Customer, at: int, policy: Policy) -> bool:
    """Whether a time (ms; 0: there is none) lies within days of the first purchase."""
    first = customer.core.first_purchase
    length = policy.experience.recovery.first_purchase_ms
    return bool(at) and first is not None and first <= at <= first + length


def was_poor(customer: Customer, clock: int, policy: Policy) -> bool | None:
    """Whether the first impression was poor, as of ``clock`` (ms); ``None`` without a purchase."""
    if customer.core.first_purchase is None:
        return None
    if journey_of(customer).first_impression & POOR:
        return True
    promises = customer.mood.promises if customer.has(MOOD) else ()
    return any(
        is_first(customer, promise.due, policy)
        for promise in promises
        if promise.due and not promise.done_at and (promise.judged or promise.due <= clock)
    )


def _keep(customer: Customer, found: int) -> bool:
    """Keep what was found; whether an apology is owed for it that was not made yet."""
    journey = customer.journey
    new = found & ~journey.first_impression
    if new:
        customer.touch(JOURNEY)
        journey.first_impression |= new
    return bool(new & APOLOGISED)
