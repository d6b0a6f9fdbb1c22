"""Who holds the deposits: concentration of balances apart from that of value, and growth by tier.

Somebody may hold much and buy little, so both are told. Balances are whole hundredths, customers
are sorted by them alone: any partitioning gives the same tables. Growth is that of the number of
customers in each tier over 365 days, told by the tier transitions at hand: who had one within the
time was in the tier that the first of them left, and who had no event before it was not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from domain.customer.adding_up import AddsUp, share_of
from domain.kernel.scales import TIERS
from domain.kernel.units import MS_PER_DAY
from domain.policy import Policy
from domain.value.concentration import TopRow, tops
from domain.value.row import HUNDREDTHS, hundredths
from schemas.fields import Tier, milliseconds
from schemas.figures import CustomerFigures

GROWTH_DAYS: Final = 365
DIMENSION: Final = "tier"


class TierRow(msgspec.Struct, frozen=True):
    """A tier: its customers, their balances and share of all, and the customers of a year ago.

    ``growth`` is ``None`` where there were none then.
    """

    name: Tier
    customers: int
    balance: float
    balance_share: float | None
    before: int
    growth: float | None


class DepositReport(msgspec.Struct, frozen=True, kw_only=True):
    """Balances of the customers of whom one is known; ``published`` are shares of customers and
    of assets, as they were published.
    """

    currency: str
    known: int
    total: float
    concentration: tuple[TopRow, ...]
    published: tuple[float, float]
    tiers: tuple[TierRow, ...]


class Deposits(AddsUp):
    """Adds up customers and their tier transitions, each in any order.

    >>> from schemas.figures.published import example
    >>> found = Deposits.of([example()], Policy()).report(0)
    >>> found.known, found.concentration[0].value_share
    (1, 1.0)
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._balances: list[int] = []
        self._sums: Counter[str] = Counter()
        # by customer: the tier, and the first event (ms)
        self._now: dict[str, tuple[Tier, int]] = {}
        # by customer: when each transition was, and which tier it left
        self._left: dict[str, list[tuple[int, Tier]]] = {}

    def add(self, customer: CustomerFigures) -> None:
        """Add one exported customer."""
        if customer.first_event_at is not None:
            self._now[customer.customer_id] = (customer.tier, _at(customer.first_event_at))
        if customer.balance is not None:
            amount = hundredths(customer.balance)
            self._balances.append(amount)
            self._sums[customer.tier] += amount

    def add_transition(self, transition: Mapping[str, Any]) -> None:
        """Add one transition, of whatever dimension."""
        if transition["dimension"] == DIMENSION and transition.get("from_state"):
            moves = self._left.setdefault(transition["customer_id"], [])
            moves.append((_at(transition["occurred_at"]), transition["from_state"]))

    def merge(self, other: Deposits) -> None:
        """Add the customers of another part; no customer may be in both."""
        self._balances += other._balances
        self._sums.update(other._sums)
        self._now |= other._now
        self._left |= other._left

    def report(self, now: int) -> DepositReport:
        """The tables as of ``now`` (ms)."""
        ranked, total = sorted(self._balances, reverse=True), sum(self._balances)
        return DepositReport(
            currency=self._policy.currency.base,
            known=len(ranked),
            total=total / HUNDREDTHS,
            concentration=tops(ranked, self._policy.value.abc.concentration),
            published=self._policy.value.benchmarks.top_balances,
            tiers=self._tiers(now, total),
        )

    def _tiers(self, now: int, total: int) -> tuple[TierRow, ...]:
        after = Counter(tier for tier, _ in self._now.values())
        before = self._before(now - GROWTH_DAYS * MS_PER_DAY)
        return tuple(
            TierRow(
                name=tier,
                customers=after[tier],
                balance=self._sums[tier] / HUNDREDTHS,
                balance_share=share_of(self._sums[tier], total),
                before=before[tier],
                growth=after[tier] / before[tier] - 1.0 if before[tier] else None,
            )
            for tier in TIERS
        )

    def _before(self, then: int) -> Counter[str]:
        """Customers by tier as of ``then`` (ms)."""
        found: Counter[str] = Counter()
        for customer_id, (tier, first) in self._now.items():
            if first <= then:
                later = [move for move in self._left.get(customer_id, ()) if move[0] > then]
                found[min(later)[1] if later else tier] += 1
        return found


def _at(text: str) -> int:
    return milliseconds(datetime.fromisoformat(text))
