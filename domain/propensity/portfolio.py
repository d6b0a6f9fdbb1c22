"""What the mailings to many customers add up to, and how probable further answers are."""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.kernel.units import MICRO, micro
from schemas.figures import CustomerFigures
from schemas.propensity import BINS

MOST_LIKELY: Final = 20
"""So many customers are named, those most likely to answer."""


class Likely(NamedTuple):
    """A customer who is likely to answer a mailing, and why."""

    customer_id: str
    probability: float
    reason: str


class MailingReport(NamedTuple):
    """Over all customers: mailings, answers, and customers by tenths of the probability."""

    customers: int
    sent: int
    answered: int
    waiting: int
    known: int
    expected: float
    by_tenth: list[int]
    likely: list[Likely]


class MailingPortfolio:
    """Adds customers up, one by one."""

    def __init__(self) -> None:
        self._customers = self._sent = self._answered = self._waiting = 0
        self._expected = 0
        self._by_tenth = [0] * BINS
        self._likely: list[Likely] = []

    def add(self, customer: CustomerFigures) -> None:
        """Take one exported customer; one of an older version has no such figures."""
        found = customer.mailings
        if found is None or not found.sent:
            return
        self._customers += 1
        self._sent += found.sent
        self._answered += found.answered
        self._waiting += found.waiting
        if found.probability is None:
            return
        self._expected += micro(found.probability)
        self._by_tenth[min(int(found.probability * BINS), BINS - 1)] += 1
        one = Likely(customer.customer_id, found.probability, found.probability_reason)
        self._likely.append(one)
        if len(self._likely) > 2 * MOST_LIKELY:
            self._likely = self._most_likely()

    def report(self) -> MailingReport:
        """Everything taken so far; who is most likely comes first."""
        return MailingReport(
            self._customers, self._sent, self._answered, self._waiting, sum(self._by_tenth),
            self._expected / MICRO, self._by_tenth, self._most_likely(),
        )  # fmt: skip

    def _most_likely(self) -> list[Likely]:
        ordered = sorted(self._likely, key=lambda one: (-one.probability, one.customer_id))
        return ordered[:MOST_LIKELY]
