"""Churn of the last 365 days and what was kept, over exported customers, beside what is published.

Yearly churn is the share of those who were customers when the year began and became lost within
it (Reichheld and Sasser, "Zero Defections", 1990, tell of 10-30 % a year, and of 25-85 % more
profit from 5 % more loyalty). Who was lost before is in neither number; who bought for the first
time within the year is told apart. One who was lost before and came back within the year counts as
kept: no more is known of a loss that is over.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, Literal

import msgspec

from domain.customer.adding_up import AddsUp, share_of
from domain.customer.grouping import group_of
from domain.kernel.finding import Finding, unknown
from domain.kernel.wording import Wording
from domain.policy import Policy
from domain.value.row import HUNDREDTHS, hundredths
from schemas.figures import CustomerFigures
from schemas.figures.relationship import TermName

YEAR_DAYS: Final = 365
SILENCE: Final[frozenset[str]] = frozenset(("p_alive", "gap"))
"""Terms of the churn risk by which a customer is called lost: they tell that, but not why."""
Cut = Literal["reason", "owner", "segment"]
CUTS: Final[tuple[Cut, ...]] = ("reason", "owner", "segment")

RATE: Final = Wording(
    "retention.churn",
    "{lost:,} of {customers:,} customers of a year ago were lost within 365 days.",
)


class LostRow(msgspec.Struct, frozen=True):
    """Lost within the year in one group; ``share`` is of its customers of the year."""

    name: str
    lost: int
    customers: int | None
    share: float | None


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """The year's churn, retention and what they are published to be worth.

    ``opening`` were customers when the year began, ``won`` bought first within it; ``closing`` are
    customers now. ``lost_value`` is what those lost within the year had brought in it, in base
    currency. Tables are cut by reason, owner and segment.
    """

    opening: int
    opening_lost: int
    won: int
    won_lost: int
    closing: int
    churn: float | None
    retention: float | None
    reason: str
    lost_value: float
    lost: dict[Cut, tuple[LostRow, ...]]
    expected: tuple[float, float]
    winning_cost: tuple[float, float]
    loyalty_gain: float
    profit_gain: tuple[float, float]


class RetentionPortfolio(AddsUp):
    """Adds up customers; ``report`` gives the figures at any time.

    >>> RetentionPortfolio.of([], Policy()).report().reason
    'The churn of the year is unknown without customers of a year ago.'
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._customers: Counter[bool] = Counter()
        self._lost: Counter[bool] = Counter()
        self._by: dict[Cut, Counter[str]] = {cut: Counter() for cut in CUTS}
        self._of: dict[Cut, Counter[str]] = {cut: Counter() for cut in CUTS}
        self._lost_value = 0

    def add(self, customer: CustomerFigures) -> None:
        """Add one exported customer."""
        value, days = customer.value, customer.relationship.lost_days
        if not value.purchases or (days is not None and days > YEAR_DAYS):
            return
        won = value.purchases == value.purchases_365_days
        self._customers[won] += 1
        self._of["owner"][group_of(customer, "owner")] += 1
        self._of["segment"][group_of(customer, "segment")] += 1
        if days is None:
            return
        self._lost[won] += 1
        self._lost_value += hundredths(value.total_365_days)
        self._by["reason"][why_lost(customer)] += 1
        self._by["owner"][group_of(customer, "owner")] += 1
        self._by["segment"][group_of(customer, "segment")] += 1

    def report(self) -> Retention:
        """The figures of all customers added so far."""
        published = self._policy.relationship.churn
        found = yearly_churn(self._lost[False], self._customers[False])
        return Retention(
            opening=self._customers[False],
            opening_lost=self._lost[False],
            won=self._customers[True],
            won_lost=self._lost[True],
            closing=self._customers.total() - self._lost.total(),
            churn=found.value,
            retention=None if found.value is None else 1.0 - found.value,
            reason=str(found.reason),
            lost_value=self._lost_value / HUNDREDTHS,
            lost={cut: self._rows(cut) for cut in CUTS},
            expected=(published.benchmark_yearly_low, published.benchmark_yearly_high),
            winning_cost=(
                published.benchmark_winning_cost_low, published.benchmark_winning_cost_high
            ),
            loyalty_gain=published.benchmark_loyalty_gain,
            profit_gain=(published.benchmark_profit_low, published.benchmark_profit_high),
        )  # fmt: skip

    def _rows(self, cut: Cut) -> tuple[LostRow, ...]:
        """Most lost first; groups that lost nobody are left out."""
        lost = sorted(self._by[cut].items(), key=lambda pair: (-pair[1], pair[0]))
        of = self._of[cut]
        return tuple(
            LostRow(name, count, of[name] or None, share_of(count, of[name]))
            for name, count in lost
        )


def yearly_churn(lost: int, customers: int) -> Finding[float]:
    """The share of the customers of a year ago who were lost within the year.

    >>> yearly_churn(3, 20)[:2]
    (0.15, '3 of 20 customers of a year ago were lost within 365 days.')
    """
    if not customers:
        return unknown("The churn of the year", ("customers of a year ago",))
    return Finding(lost / customers, RATE(lost=lost, customers=customers))


def why_lost(customer: CustomerFigures) -> TermName:
    """The largest cause to leave beside silence, which every lost customer has; else that."""
    terms: list[TermName] = [name for name in customer.relationship.churn_terms]  # type: ignore[misc]
    known = [name for name in terms if name not in SILENCE]
    return (known or terms or ["p_alive"])[0]
