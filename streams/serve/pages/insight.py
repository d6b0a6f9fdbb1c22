"""What a customer's page tells beside the public figures, from the state as it was committed."""

from __future__ import annotations

from typing import NamedTuple

from domain.customer.state import Customer
from domain.experience import known_satisfaction
from domain.kernel.scales import TIERS
from domain.kernel.units import MS_PER_DAY
from domain.policy import Policy
from domain.tiers.known import tier_history
from schemas.fields import Tier

DAYS_BACK = 30
"""So many days satisfaction is known of: the state keeps its sums by day."""


class Insight(NamedTuple):
    """``falls_at`` (ms) and ``falls_to`` are there while a lower balance is borne with.

    ``levels`` is satisfaction (0-10) at the beginning of each UTC day (ms) and at last as of now,
    ascending; days before the first moment are left out.
    """

    falls_at: int | None
    falls_to: Tier | None
    levels: list[tuple[int, float]]

    def month_ago(self) -> float | None:
        """Satisfaction at the oldest of these days, where that is a month ago."""
        if len(self.levels) <= DAYS_BACK:
            return None
        return self.levels[0][1]


def insight(customer: Customer, policy: Policy, now: int) -> Insight:
    """Of a customer as of ``now`` (ms).

    >>> from domain.policy import Policy
    >>> insight(Customer.new("c-1"), Policy(), 0)
    Insight(falls_at=None, falls_to=None, levels=[])
    """
    history = tier_history(customer, policy)
    falls_at = history.next_fall(now) or None
    falls_to = TIERS[history.tier_at(falls_at)] if falls_at is not None else None
    return Insight(falls_at, falls_to, _levels(customer, policy, now))


def _levels(customer: Customer, policy: Policy, now: int) -> list[tuple[int, float]]:
    present = known_satisfaction.level(customer, policy, now)
    if present is None:
        return []
    today = now // MS_PER_DAY
    found = []
    for day in range(today - DAYS_BACK, today + 1):
        level = known_satisfaction.level_before(customer, policy, day)
        if level is not None:
            found.append((day * MS_PER_DAY, level))
    return [*found, (now, present)]
