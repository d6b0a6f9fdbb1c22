"""When a relationship began: on the day that the profile gives as ``first_seen``, where it does.

A customer who was served for years before the first event came in is no new one. Events seen
before that day show that the relationship is older than the profile says: the earlier counts.
"""

from __future__ import annotations

from datetime import date

from domain.customer.profile import text
from domain.customer.state import Customer
from domain.kernel.days import number_of
from domain.kernel.units import MS_PER_DAY
from domain.policy.relationship import RelationshipRules


def began_at(customer: Customer) -> int:
    """The beginning (ms): midnight UTC of ``first_seen``, or the first event if that is earlier."""
    first, seen = customer.core.first, text(customer, "first_seen")
    return first if seen is None else min(first, midnight(seen))


def midnight(day: str) -> int:
    """The beginning of a day in ISO 8601, in ms of UTC.

    >>> midnight("1970-01-02"), midnight("1969-12-31")
    (86400000, -86400000)
    """
    return number_of(date.fromisoformat(day)) * MS_PER_DAY


def is_explored(customer: Customer, clock: int, rules: RelationshipRules) -> bool:
    """Whether at ``clock`` (ms) the relationship is older than its exploration.

    The profile is opened only for those whose events alone do not tell.
    """
    if clock - customer.core.first >= rules.exploration_ms:
        return True
    return clock - began_at(customer) >= rules.exploration_ms
