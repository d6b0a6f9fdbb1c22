"""Health of many customers: grades by tier, and whose inspections are overdue.

Counts alone, so that the answer is one whatever the order and whatever is merged.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from domain.customer.adding_up import AddsUp
from domain.kernel.scales import TIERS
from domain.policy import Policy
from schemas.figures import CustomerFigures
from schemas.figures.health import Grade

NOBODY = "nobody"
GRADES: tuple[Grade, ...] = ("good", "watch", "poor")


class GradeRow(msgspec.Struct, frozen=True):
    """A tier: how many of its customers have each grade."""

    tier: str
    good: int
    watch: int
    poor: int


class InspectionRow(msgspec.Struct, frozen=True):
    """An owner: customers under a plan of inspections, and how many of these are overdue."""

    owner: str
    planned: int
    overdue: int


class HealthReport(msgspec.Struct, frozen=True):
    """Grades by tier, and inspections by owner, the most overdue first."""

    tiers: list[GradeRow]
    owners: list[InspectionRow]


class HealthPortfolio(AddsUp):
    """What customers' health records add up to.

    >>> from schemas.figures.published import example
    >>> HealthPortfolio.of([example()], Policy()).report().tiers
    [GradeRow(tier='vip', good=0, watch=1, poor=0)]
    """

    def __init__(self, _: Policy) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._planned: Counter[str] = Counter()
        self._overdue: Counter[str] = Counter()

    def add(self, customer: CustomerFigures) -> None:
        """Take one exported customer."""
        health, owner = customer.health, customer.owner_id or NOBODY
        self._counts[customer.tier, health.grade] += 1
        if health.inspection_due_at is not None:
            self._planned[owner] += 1
            self._overdue[owner] += health.inspection_overdue

    def merge(self, other: HealthPortfolio) -> None:
        """Take the customers of another portfolio."""
        self._counts.update(other._counts)
        self._planned.update(other._planned)
        self._overdue.update(other._overdue)

    def report(self) -> HealthReport:
        """The tables of all that was counted."""
        known = {tier for tier, _ in self._counts}
        tiers = [
            GradeRow(tier, *(self._counts[tier, grade] for grade in GRADES))
            for tier in TIERS
            if tier in known
        ]
        owners = [
            InspectionRow(owner, planned, self._overdue[owner])
            for owner, planned in self._planned.items()
        ]
        owners.sort(key=lambda row: (-row.overdue, -row.planned, row.owner))
        return HealthReport(tiers, owners)
