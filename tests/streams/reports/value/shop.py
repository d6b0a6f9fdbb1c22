"""Histories for tests: the CDNOW extract of the repository, and shops that follow the models."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from domain.value.history import Floats, Histories
from streams.reports.value.history import Purchase, Purchases

EXTRACT = Path(__file__).resolve().parents[3] / "data" / "cdnow" / "histories.csv"


class Extract(NamedTuple):
    """Rows of customers alike: what is known of one, how many they are, what all bought later."""

    alike: Histories
    customers: Floats
    later: Floats

    @property
    def everyone(self) -> Histories:
        """A row for each customer."""
        times = self.customers.astype(int)
        x, recency, age, mean = (np.repeat(each, times) for each in self.alike)
        return Histories(x, recency, age, mean)


def cdnow() -> Extract:
    """The 1-in-10 sample until 30 September 1997."""
    columns = np.loadtxt(EXTRACT, delimiter=",", skiprows=1, unpack=True)
    x, last_day, end_day, cents, customers, later = columns
    mean = np.divide(cents / 100, x, out=np.full_like(x, np.nan), where=x > 0)
    return Extract(Histories(x, last_day / 7, end_day / 7, mean), customers, later)


def shop(
    seed: int, customers: int, *, days: int = 546, r: float = 0.8, alpha: float = 6.0,
    a: float = 0.9, b: float = 2.5, p: float = 6.0, q: float = 4.0, v: float = 50.0,
) -> Purchases:  # fmt: skip
    """Customers who come in the first 80 days and buy as BG/NBD and Gamma-Gamma have it."""
    random = np.random.default_rng(seed)
    found = Purchases()
    for number in range(customers):
        rate, leave = random.gamma(r, 1 / alpha), random.beta(a, b)
        scale = random.gamma(q, 1 / v)
        at = random.uniform(0, 80)
        while at < days:
            day = 20_000 + int(at)
            found.add(Purchase(f"c-{number:05d}", day, round(random.gamma(p, 1 / scale), 2)))
            at += random.exponential(7 / rate)
            # who leaves does so after a repeat purchase: the first one is only the start
            if at >= days or random.random() < leave:
                if at < days:
                    day = 20_000 + int(at)
                    amount = round(random.gamma(p, 1 / scale), 2)
                    found.add(Purchase(f"c-{number:05d}", day, amount))
                break
    return found
