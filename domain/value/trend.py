"""Whether a customer loses value: the value of the newest 90 days beside that of the 90 before."""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.customer.state import Customer
from domain.kernel.finding import Finding, unknown
from domain.kernel.wording import Wording
from domain.value.ledger import sums

_VALUE: Final = "Value of {value:,.2f} within {days} days after {before:,.2f} in the {days} before"
LOSES: Final = Wording("trend.loses", f"{_VALUE}: it falls.")
HOLDS: Final = Wording("trend.holds", f"{_VALUE}: it does not fall.")


class Trend(NamedTuple):
    """Value of the newest days and of as many before, and whether it falls."""

    value: float
    before: float
    losing: Finding[bool]


def trend(customer: Customer, today: int, days: int) -> Trend:
    """The trend as of a UTC day (days since 1970), over windows of so many days."""
    value = sums(customer, today - days + 1, today).value
    before = sums(customer, today - 2 * days + 1, today - days).value
    return Trend(value, before, losing(value, before, days))


def losing(value: float, before: float, days: int) -> Finding[bool]:
    """Whether the value falls.

    >>> losing(60.0, 100.0, 90)[:2]
    (True, 'Value of 60.00 within 90 days after 100.00 in the 90 before: it falls.')
    >>> losing(0.0, 0.0, 90).reason
    'Whether value is lost is unknown without value in twice the days.'
    """
    if not value and not before:
        return unknown("Whether value is lost", ("value in twice the days",))
    told = LOSES if value < before else HOLDS
    return Finding(value < before, told(value=value, before=before, days=days))
