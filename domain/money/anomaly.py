"""Unusual amounts: far from what the customer usually moves in the same direction.

ln(amount) is compared with the median of the newest 100 in that direction, in units of
1.4826 x MAD, which is the standard deviation where amounts are log-normal (Hampel, "The
influence curve and its role in robust estimation", 1974); the unit is at least 0.1.
"""

from __future__ import annotations

from math import exp, log
from statistics import median
from typing import Final, NamedTuple

from domain.customer.cause import Cause
from domain.customer.state import AMOUNTS, Customer
from domain.kernel.wording import Wording
from domain.policy.alerts import Alerts

KEPT = 100
NORMAL = 1.4826
UNUSUAL: Final = Wording(
    "amount.unusual",
    "A {direction} of {amount:,.2f} {currency} is {deviations:.1f} deviations from the usual"
    " {usual:,.2f} {currency} of {known} {direction}s; {line:g} is the line.",
)


class Unusual(NamedTuple):
    """How far an amount is from the usual one, which is ``usual`` in base currency."""

    deviations: float
    usual: float


def unusual(amount: float, before: list[float], rules: Alerts) -> Unusual | None:
    """Whether ``amount`` stands out from ``before``, the logarithms of earlier ones.

    >>> from math import log
    >>> found = unusual(2_000.0, [log(100.0)] * 20, Alerts())
    >>> round(found.deviations, 1), round(found.usual)
    (30.0, 100)
    >>> unusual(2_000.0, [log(100.0)] * 19, Alerts()) is None
    True
    """
    if len(before) < rules.anomaly_from:
        return None
    middle = median(before)
    away = abs(log(amount) - middle)
    if away / rules.anomaly_floor <= rules.anomaly_deviations:
        return None  # however close the others lie, as most of the time
    unit = max(NORMAL * median([abs(each - middle) for each in before]), rules.anomaly_floor)
    deviations = away / unit
    if deviations <= rules.anomaly_deviations:
        return None
    return Unusual(deviations, exp(middle))


def watch_amount(customer: Customer, amount: float, direction: str, cause: Cause) -> None:
    """Raise ``account_anomaly`` where an amount (base currency) stands out, and remember it."""
    customer.touch(AMOUNTS)
    kept: list[float] = getattr(customer.amounts, direction)
    found = unusual(amount, kept, cause.policy.alerts)
    kept.append(log(amount))
    del kept[:-KEPT]
    if found is None:
        return
    base = cause.policy.currency.base
    cause.want(
        "account_anomaly",
        UNUSUAL(
            direction=direction,
            amount=amount,
            currency=base,
            deviations=found.deviations,
            usual=found.usual,
            known=len(kept) - 1,
            line=cause.policy.alerts.anomaly_deviations,
        ),
        tier=customer.core.tier,
        figures={"amount": amount, "usual": found.usual, "deviations": found.deviations},
    )


def join(customer: Customer, other: Customer, _: Cause) -> None:
    """Let another id's amounts be of this one, as if they had come first."""
    customer.touch(AMOUNTS)
    mine, theirs = customer.amounts, other.amounts
    mine.credit = [*theirs.credit, *mine.credit][-KEPT:]
    mine.debit = [*theirs.debit, *mine.debit][-KEPT:]
