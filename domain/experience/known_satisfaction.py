"""The satisfaction of a customer as it is known: settled moments, and those that may still change.

A promise counts as broken when due by a clock (ms); without one, when it was judged.
"""

from __future__ import annotations

from domain.complaints.judged import open_moments
from domain.customer.parts import Moment
from domain.customer.state import CASES, MOOD, Customer
from domain.experience import promises
from domain.policy import Policy
from domain.satisfaction import level as formula
from domain.satisfaction.level import Levels


def level(customer: Customer, policy: Policy, clock: int | None = None) -> float | None:
    """Satisfaction 0-10, or ``None`` before the first moment."""
    if not customer.core.other_parts & (MOOD | CASES):
        return None
    return formula.level(customer, policy, unsettled(customer, policy, clock))


def level_before(customer: Customer, policy: Policy, day: int) -> float | None:
    """Satisfaction as of the beginning of a UTC day (since 1970) at most 31 days back."""
    return formula.level_before(customer, policy, day, unsettled(customer, policy, None))


def levels(customer: Customer, policy: Policy, clock: int) -> Levels:
    """Satisfaction by factor, channel and stage as of ``clock`` (ms)."""
    return formula.levels(customer, policy, unsettled(customer, policy, clock))


def unsettled(customer: Customer, policy: Policy, clock: int | None) -> list[Moment]:
    """Moments that may still change: pending ones, complaints, broken promises (see `level`)."""
    found: list[Moment] = []
    parts = customer.core.other_parts
    if parts & MOOD:
        mood = customer.mood
        if mood.pending:
            found += formula.pending(customer, policy)
        if mood.promises:
            found += promises.open_moments(customer, policy, clock)
    if parts & CASES and customer.cases.cases:
        found += open_moments(customer, policy)
    return found
