"""Care over many customers: what was done, what was said of it, by class and by owner."""

from __future__ import annotations

from typing import Final

import msgspec

from domain.customer.adding_up import AddsUp, share_of
from domain.customer.grouping import Grouped
from domain.policy import Policy
from schemas.figures import CustomerFigures

CUTS: Final = ("abc", "tier", "owner")
"""Groups that care is reviewed by."""


class CareRow(msgspec.Struct, frozen=True):
    """Care for some customers.

    ``done_share`` is of the tasks that ended (done, declined or expired), ``feedback_share`` of
    those done whose feedback is due or given; ``satisfaction`` is the mean feedback, 1-5, and
    ``spent`` in base currency.
    """

    name: str
    customers: int
    open: int
    done: int
    declined: int
    expired: int
    done_share: float | None
    feedback: int
    feedback_share: float | None
    satisfaction: float | None
    spent: float


class CareReport(msgspec.Struct, frozen=True):
    """Care for all customers who had any, and by class, tier and owner."""

    everybody: CareRow
    by: dict[str, list[CareRow]]
    currency: str


class _Sums:
    """Care of some customers, added up."""

    def __init__(self) -> None:
        self.customers = self.open = self.done = self.declined = self.expired = 0
        self.feedback = self.awaited = 0
        self.scores = self.spent = 0.0

    def add(self, customer: CustomerFigures) -> None:
        """Take one exported customer."""
        care = customer.care
        self.customers += 1
        self.open += care.proposed + care.approved
        self.done += care.done
        self.declined += care.declined
        self.expired += care.expired
        self.feedback += care.feedback
        self.awaited += care.feedback_awaited
        self.scores += (care.satisfaction or 0.0) * care.feedback
        self.spent += care.spent

    def row(self, name: str) -> CareRow:
        """The sums under a name."""
        return CareRow(
            name=name,
            customers=self.customers,
            open=self.open,
            done=self.done,
            declined=self.declined,
            expired=self.expired,
            done_share=share_of(self.done, self.done + self.declined + self.expired),
            feedback=self.feedback,
            feedback_share=share_of(self.feedback, self.done - self.awaited),
            satisfaction=share_of(self.scores, self.feedback),
            spent=self.spent,
        )


class CarePortfolio(AddsUp):
    """Adds up the care of customers; who never had any is left out."""

    def __init__(self, policy: Policy) -> None:
        self._currency = policy.currency.base
        self._all = _Sums()
        self._by = [Grouped(cut, _Sums) for cut in CUTS]

    def add(self, customer: CustomerFigures) -> None:
        """Add one exported customer."""
        care = customer.care
        if care.proposed or care.approved or care.done or care.declined or care.expired:
            self._all.add(customer)
            for grouped in self._by:
                grouped.add(customer)

    def report(self) -> CareReport:
        """The tables of all that was added."""
        return CareReport(
            self._all.row("all"),
            {each.group: [sums.row(name) for name, _, sums in each.parts()] for each in self._by},
            self._currency,
        )
