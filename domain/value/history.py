"""What the models of purchases know of customers: (x, t_x, T, mean spend), in weeks.

x repeat purchases, the last t_x weeks and "now" T weeks after the first one. Purchases of one UTC
day are one, as in the CDNOW literature; t_x is a whole number of days.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.customer.parts import Ledger
from domain.kernel.units import MS_PER_DAY

Floats = NDArray[np.float64]


class History(NamedTuple):
    """``repeats`` purchases after the first, the last ``recency`` weeks behind it.

    ``mean_spend`` is that of the repeat purchases, ``None`` without one or where it does not
    matter. T (``age``) is handed in beside it: it moves with the clock.
    """

    repeats: int
    recency: float
    mean_spend: float | None = None


class Histories(NamedTuple):
    """Customers as arrays (n,): x, t_x and T, and mean spend, NaN where x is 0."""

    repeats: Floats
    recency: Floats
    age: Floats
    mean_spend: Floats


def purchase_history(ledger: Ledger, first_value: float | None = None) -> History:
    """The history of who bought; with a mean spend where the value of the first day is given.

    The mean spend is net of refunds; without margins it is not below 0.

    >>> ledger = Ledger(purchases=4, purchase_days=3, value=90.0, first_day=20_000)
    >>> ledger.times = [(20_000 + day) * MS_PER_DAY for day in (0, 7, 28, 28)]
    >>> purchase_history(ledger, 40.0)
    History(repeats=2, recency=4.0, mean_spend=25.0)
    """
    repeats = ledger.purchase_days - 1
    mean = None
    if first_value is not None and repeats:
        mean = (ledger.value - first_value) / repeats
        if mean < 0.0 and not ledger.has_margin:
            mean = 0.0  # more was given back than was bought after the first day
    return History(repeats, (ledger.times[-1] // MS_PER_DAY - ledger.first_day) / 7, mean)


def age_weeks(ledger: Ledger, clock: int) -> float:
    """T: weeks from the start of the first day with a purchase to ``clock`` (ms)."""
    return (clock / MS_PER_DAY - ledger.first_day) / 7
